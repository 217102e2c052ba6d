// How numbers look: significant digits, a true minus sign, no "-0". Presentation only.

/** A number as text, e.g. "−0.3125". What is not a finite number is shown as it came. */
export function number(x, digits = 4) {
  if (typeof x !== "number") return x === null || x === undefined ? "–" : String(x);
  if (!Number.isFinite(x)) return String(x).replace("-", "−");
  const rounded = Number(x.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size === 0) return "0";
  const text = size >= 1e5 || size < 1e-4 ? rounded.toExponential().replace("e+", "e") : String(rounded);
  return text.replaceAll("-", "−");
}

/** The same with its sign always shown: "+0.5". */
export function signed(x, digits = 4) {
  const text = number(x, digits);
  return typeof x === "number" && x > 0 ? `+${text}` : text;
}

/** A point as text: "(1, −0.5)". */
export function point(p, digits = 4) {
  return `(${p.map((x) => number(x, digits)).join(", ")})`;
}

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** An index as a subscript: 12 to "₁₂". */
export function sub(index) {
  return [...String(index)].map((digit) => SUBSCRIPTS[Number(digit)] ?? digit).join("");
}

/** A number as it stands in a text field: plain ASCII, so that it can be typed on. */
export function plain(x) {
  return typeof x === "number" ? String(Number(x.toPrecision(12))) : String(x);
}
