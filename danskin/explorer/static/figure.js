// A picture with its title and legend, and how one or several of them leave the page: as one SVG that
// needs no style sheet (what the browser computed is written into it), or as a PNG.

import { h, put, s } from "./dom.js";
import { marker } from "./plane.js";

const COPIED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "opacity",
  "stroke-linejoin",
  "stroke-linecap",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "paint-order",
];

/** A picture: {element, setTitle, setLegend, ...} around an SVG. */
export class Figure {
  constructor(svg, title, { tools = null } = {}) {
    this.svg = svg;
    this.heading = h("span", {}, title);
    this.legend = h("ul", { class: "legend" });
    this.note = h("p", { class: "note", hidden: true });
    this.items = [];
    this.element = h("figure", {}, h("figcaption", {}, this.heading, tools), svg, this.note, this.legend);
  }

  setTitle(text) {
    if (this.heading.textContent !== text) this.heading.textContent = text;
  }

  /** A remark under the picture ("lower bounds: phi was sampled"), or none. */
  setNote(text) {
    this.note.textContent = text ?? "";
    this.note.hidden = !text;
  }

  /** Legend entries: {kind, look, text}; see `swatch` for the looks. */
  setLegend(items) {
    const same = JSON.stringify(items) === JSON.stringify(this.items);
    if (same && this.legend.childElementCount) return;
    this.items = items;
    put(
      this.legend,
      items.map((item) =>
        h(
          "li",
          {},
          s("svg", { viewBox: "0 0 30 16", class: "plane swatch", "aria-hidden": "true" }, swatch(item)),
          h("span", {}, item.text),
        ),
      ),
    );
  }
}

/** What a legend entry shows: a line, a shape, an area, or a line with a shape. */
function swatch({ kind, look }) {
  const [how, shape] = look.split(" ");
  const parts = [];
  const attributes = { class: `${how} ${kind}` };
  if (how === "area") parts.push(s("rect", { ...attributes, x: 3, y: 2, width: 24, height: 12 }));
  if (how === "line" || how === "ray") parts.push(s("line", { ...attributes, x1: 1, x2: 29, y1: 8, y2: 8 }));
  if (how === "arrow") {
    parts.push(
      s(
        "g",
        attributes,
        s("line", { x1: 1, y1: 8, x2: 20, y2: 8 }),
        s("polygon", { class: "head", points: "29,8 18,3.5 18,12.5" }),
      ),
    );
  }
  if (shape) parts.push(marker(shape, 15, 8, { class: `mark ${kind}` }, 5));
  return s("g", {}, parts);
}

// --- export ---

/** Write into a copy what the style sheet says of the original. */
function inlined(node) {
  const copy = node.cloneNode(false);
  if (node.nodeType !== Node.ELEMENT_NODE) return copy;
  if (node.dataset?.noexport !== undefined) return null;
  const style = getComputedStyle(node);
  if (style.display === "none") return null;
  for (const name of COPIED) {
    const value = style.getPropertyValue(name);
    if (value) copy.setAttribute(name, value);
  }
  for (const name of [...copy.getAttributeNames()]) {
    if (/^(class|tabindex|role|aria-|data-)/.test(name)) copy.removeAttribute(name);
  }
  for (const child of node.childNodes) {
    const inner = inlined(child);
    if (inner) copy.append(inner);
  }
  return copy;
}

const GAP = 16;
const LINE = 19;

/** One SVG of several figures side by side, with titles, legends and a caption, as text. */
export function exportSvg(figures, caption) {
  const style = getComputedStyle(document.body);
  const [ink, paper, font] = [style.color, style.backgroundColor, style.fontFamily];
  const parts = [];
  let x = GAP;
  let tallest = 0;
  for (const figure of figures) {
    const [, , width, height] = figure.svg.getAttribute("viewBox").split(" ").map(Number);
    const write = (px, py, text, more = {}) =>
      s("text", { x: px, y: py, fill: ink, "font-family": font, "font-size": 13, ...more }, text);
    parts.push(
      write(x + 8, GAP + 14, figure.heading.textContent, { "font-weight": "bold", "font-size": 15 }),
    );
    const picture = inlined(figure.svg);
    for (const [name, value] of Object.entries({ x, y: GAP + 26, width, height }))
      picture.setAttribute(name, value);
    parts.push(picture);
    let y = GAP + 26 + height + 8;
    const remark = figure.note.hidden ? [] : lines(figure.note.textContent, Math.floor(width / 6.6));
    for (const line of remark) {
      y += LINE;
      parts.push(write(x + 8, y, line, { "font-style": "italic" }));
    }
    for (const item of figure.legend.children) {
      const look = inlined(item.querySelector("svg"));
      for (const [name, value] of Object.entries({ x: x + 8, y: y + 3, width: 30, height: 16 }))
        look.setAttribute(name, value);
      y += LINE;
      parts.push(look, write(x + 46, y - 3, item.querySelector("span").textContent));
    }
    tallest = Math.max(tallest, y);
    x += width + GAP;
  }
  let bottom = tallest + GAP;
  for (const line of lines(caption, Math.floor((x - 2 * GAP) / 7))) {
    bottom += LINE;
    parts.push(s("text", { x: GAP + 8, y: bottom, fill: ink, "font-family": font, "font-size": 14 }, line));
  }
  const size = { width: x, height: bottom + GAP };
  const whole = s(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${size.width} ${size.height}`, ...size },
    s("rect", { ...size, fill: paper }),
    parts,
  );
  return { text: new XMLSerializer().serializeToString(whole), ...size };
}

/** Break a text into lines of at most `most` characters, between words. */
function lines(text, most) {
  const found = [""];
  for (const word of text.split(/\s+/)) {
    const last = found[found.length - 1];
    if (last && last.length + word.length + 1 > most) found.push(word);
    else found[found.length - 1] = last ? `${last} ${word}` : word;
  }
  return found.filter(Boolean);
}

/** The same as PNG at twice the size. */
export async function exportPng(figures, caption) {
  const drawn = exportSvg(figures, caption);
  const url = URL.createObjectURL(new Blob([drawn.text], { type: "image/svg+xml" }));
  try {
    const image = new Image(drawn.width, drawn.height);
    image.src = url;
    await image.decode();
    const canvas = h("canvas", { width: 2 * drawn.width, height: 2 * drawn.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("the browser draws no PNG"))),
        "image/png",
      );
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Hand a file to the reader. */
export function download(content, name, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
