// What every view can hand over: its link, its picture, and the Python that reproduces it.

import { freshId, h, say } from "./dom.js";
import { download, exportPng, exportSvg } from "./figure.js";

export class Toolbar {
  /** `link()` the address; `picture()` {figures, caption}; `python()` the text, or "" for none yet. */
  constructor(name, { link, picture, python }) {
    const id = freshId("python");
    this.said = h("span", { class: "said", role: "status" });
    this.code = h("code", {});
    this.panel = h(
      "section",
      { class: "python", id, hidden: true, "aria-label": "Python that reproduces this view" },
      h("pre", { tabindex: 0 }, this.code),
      h(
        "p",
        {},
        this.#button("Copy", () => this.#copy(this.code.textContent, "The Python is copied.")),
        this.#button("Download", () =>
          download(this.code.textContent, `danskin_${name}.py`, "text/x-python"),
        ),
      ),
    );
    this.show = this.#button("Python", () => this.toggle());
    this.show.setAttribute("aria-expanded", "false");
    this.show.setAttribute("aria-controls", id);
    this.python = python;
    this.picture = picture;
    this.element = h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "Take away" },
      this.#button("Copy link", () => this.#copy(link(), "The link is copied: it restores this view.")),
      this.#button("SVG", () =>
        this.#picture(async (...what) =>
          download(exportSvg(...what).text, `danskin-${name}.svg`, "image/svg+xml"),
        ),
      ),
      this.#button("PNG", () =>
        this.#picture(async (...what) =>
          download(await exportPng(...what), `danskin-${name}.png`, "image/png"),
        ),
      ),
      this.show,
      this.said,
    );
  }

  #button(text, act) {
    return h("button", { type: "button", onclick: act }, text);
  }

  async #picture(hand) {
    const { figures, caption } = this.picture();
    if (!figures.length) {
      this.tell("There is no picture yet.");
      return;
    }
    try {
      await hand(figures, caption);
    } catch (error) {
      this.tell(`The picture could not be made: ${error.message}`);
    }
  }

  toggle(open = this.panel.hidden) {
    this.panel.hidden = !open;
    this.show.setAttribute("aria-expanded", String(open));
    this.refresh();
  }

  /** Renew the Python that is shown. */
  refresh() {
    if (!this.panel.hidden) say(this.code, this.python() || "# nothing to reproduce yet");
  }

  tell(text) {
    say(this.said, text);
    clearTimeout(this.forget);
    this.forget = setTimeout(() => say(this.said, ""), 6000);
  }

  async #copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.tell(done);
    } catch {
      const area = h("textarea", { class: "unseen" });
      area.value = text;
      document.body.append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      this.tell(copied ? done : "The browser allows no copying; the address bar holds the link.");
    }
  }
}
