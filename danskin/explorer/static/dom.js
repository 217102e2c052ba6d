// Elements of the page. Text only ever enters as text nodes: nothing typed, and nothing the server
// sends, is read as markup. (The page's Content-Security-Policy would refuse inline code besides.)

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element: h("p", {class: "hint", onclick: f}, "text", child). */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element, in the same way. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Replace an element's children, if they differ from what is there. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** Set an element's text, without touching the page where it is the same. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make an element's children like the new ones, keeping what stays the same: an answer that changes a
 * few numbers touches a few texts. (Listeners are not carried over: for what is only read.)
 */
export function update(element, ...children) {
  const wanted = children.flat().filter((child) => child !== null && child !== undefined);
  const there = [...element.childNodes];
  if (there.length !== wanted.length) {
    element.replaceChildren(...wanted);
    return;
  }
  wanted.forEach((child, i) => morph(there[i], child));
}

function morph(old, wanted) {
  if (typeof wanted === "string" || wanted.nodeType === Node.TEXT_NODE) {
    const text = typeof wanted === "string" ? wanted : wanted.data;
    if (old.nodeType !== Node.TEXT_NODE) old.replaceWith(text);
    else if (old.data !== text) old.data = text;
    return;
  }
  if (old.nodeName !== wanted.nodeName) {
    old.replaceWith(wanted);
    return;
  }
  for (const name of old.getAttributeNames()) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const name of wanted.getAttributeNames()) {
    const value = wanted.getAttribute(name);
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  update(old, ...wanted.childNodes);
}

let counter = 0;

/** An id that no other element has. */
export function freshId(stem) {
  counter += 1;
  return `${stem}-${counter}`;
}

const waiting = new WeakMap();

/** Tell a live region something once things are calm: a drag must not flood a screen reader. */
export function announce(region, text, calm = 500) {
  clearTimeout(waiting.get(region));
  waiting.set(
    region,
    setTimeout(() => say(region, text), calm),
  );
}
