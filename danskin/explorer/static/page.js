// The page: four views as tabs, the address that restores them, and the notice when the server is gone.

import { onBusy, onReachable, request } from "./api.js";
import { h, put, say } from "./dom.js";
import { decode, encode } from "./state.js";
import { BatchesView } from "./views/batches/view.js";
import { GradientsView } from "./views/gradients/view.js";
import { LandscapeView } from "./views/landscape/view.js";
import { ObjectiveView } from "./views/objective/view.js";

const VIEWS = {
  gradients: GradientsView,
  landscape: LandscapeView,
  objective: ObjectiveView,
  batches: BatchesView,
};
const NAMES = Object.keys(VIEWS);

const tabs = Object.fromEntries(NAMES.map((name) => [name, document.getElementById(`tab-${name}`)]));
const panels = Object.fromEntries(NAMES.map((name) => [name, document.getElementById(`view-${name}`)]));
const gone = document.getElementById("gone");
const notice = document.getElementById("notice");
const views = {};
let current = null;
let written = null;
let meta = null; // what the server can do: presets, limits; null until it has answered

onReachable((now) => {
  gone.hidden = now;
  say(
    gone,
    now
      ? ""
      : "The server does not answer. What you see is its last answer; start “danskin explore” again on the same port, and the page goes on by itself.",
  );
});

const main = document.querySelector("main");
onBusy((busy) => main.setAttribute("aria-busy", String(busy)));

function tell(text) {
  put(
    notice,
    text,
    text ? h("button", { type: "button", class: "small", onclick: () => tell("") }, "dismiss") : null,
  );
  notice.hidden = !text;
}

/** Write the current view's state into the address, without a new entry in the history. */
let timer = null;
const CALM = 300; // ms; and never while something is dragged, for it makes the browser ask for the icon
function changed(name) {
  if (name !== current) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (name !== current) return;
    if (document.querySelector(".dragged")) {
      changed(name);
      return;
    }
    written = encode(name, views[name].getState());
    history.replaceState(null, "", written);
  }, CALM);
}

function link(name) {
  return new URL(encode(name, views[name].getState()), document.baseURI).href;
}

function select(name) {
  for (const other of NAMES) {
    const active = other === name;
    tabs[other].setAttribute("aria-selected", String(active));
    tabs[other].tabIndex = active ? 0 : -1;
    panels[other].hidden = !active;
  }
}

/** Show a view; `state` from a link, or null for where it was. */
function show(name, state = null) {
  select(name);
  const before = current;
  current = name;
  const isNew = !views[name];
  if (isNew) {
    const handOver = {
      meta,
      changed: () => changed(name),
      link: () => link(name),
      open: show,
    };
    views[name] = new VIEWS[name](handOver);
    panels[name].append(views[name].element);
  }
  if (state) {
    try {
      views[name].setState(state);
    } catch (error) {
      tell(
        `The link could not be read: ${error.message}. The view shows ${isNew ? "its first example" : "what it showed before"}.`,
      );
      if (isNew) views[name].start();
    }
  } else if (isNew) {
    views[name].start();
  }
  if (before !== name || state) changed(name);
}

function follow() {
  if (location.hash === written) return;
  let found = null;
  tell("");
  try {
    found = decode(location.hash, NAMES);
  } catch (error) {
    tell(`The link could not be read: ${error.message}.`);
  }
  show(found?.view ?? current ?? NAMES[0], found?.state);
}

let chosen = null; // a tab chosen before the server's first answer: no key press is lost

function choose(name) {
  if (meta) show(name);
  else select((chosen = name));
}

function listenToTabs() {
  for (const [i, name] of NAMES.entries()) {
    tabs[name].addEventListener("click", () => choose(name));
    tabs[name].addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: NAMES.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = NAMES[(to + NAMES.length) % NAMES.length];
      choose(next);
      tabs[next].focus();
    });
  }
}

async function start() {
  listenToTabs();
  while (meta === null) {
    try {
      meta = await request("api/meta");
    } catch (error) {
      gone.hidden = false;
      say(gone, `The page cannot start: ${error.message} Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
  gone.hidden = true;
  window.addEventListener("hashchange", follow);
  follow();
  if (chosen) show(chosen);
}

start();
