// A view's state in the address: #VIEW?STATE, the state as percent-encoded JSON. What does not read
// as such is ignored, and the page says so. The view checks the shape; the server checks the rest.

const LONGEST = 8192;

/** The address's fragment for a view's state. */
export function encode(view, state) {
  return `#${view}?${encodeURIComponent(JSON.stringify(state))}`;
}

/**
 * Read a fragment: null where there is none, else {view, state}, with state null where only the view
 * is named. Throws an Error that says what is wrong.
 */
export function decode(fragment, views) {
  const text = fragment.replace(/^#/, "");
  if (text === "") return null;
  if (text.length > LONGEST) throw new Error("it is too long");
  const mark = text.indexOf("?");
  const view = mark < 0 ? text : text.slice(0, mark);
  if (!views.includes(view)) throw new Error("it names no view of this page");
  if (mark < 0) return { view, state: null };
  let state;
  try {
    state = JSON.parse(decodeURIComponent(text.slice(mark + 1)));
  } catch {
    throw new Error("it is cut off or garbled");
  }
  object(state, "its state");
  return { view, state };
}

// --- what the views ask of what a link holds; each returns it or throws ---

/** An object with named entries. */
export function object(x, name) {
  if (typeof x === "object" && x !== null && !Array.isArray(x)) return x;
  throw new Error(`${name} is not an object`);
}

/** A number, or text that the server will read as one. */
export function coordinate(x, name) {
  if (typeof x === "number" && Number.isFinite(x)) return x;
  if (typeof x === "string" && x.length <= 80) return x;
  throw new Error(`${name} is not a number`);
}

/** A list of `least` to `most` entries, each read by `read(entry, name)`. */
export function list(x, name, least, most, read) {
  if (!Array.isArray(x) || x.length < least || x.length > most) {
    throw new Error(`${name} has not ${least === most ? least : `${least} to ${most}`} entries`);
  }
  return x.map((entry, i) => read(entry, `${name}[${i}]`));
}

/** A point of the plane. */
export function pair(x, name) {
  return list(x, name, 2, 2, coordinate);
}

/** A text of bounded length. */
export function text(x, name, most = 2000) {
  if (typeof x === "string" && x.length <= most) return x;
  throw new Error(`${name} is not a text of at most ${most} characters`);
}
