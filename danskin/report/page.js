"use strict";
// Nothing here is needed to read the page: it unfolds all evidence at once, for a search or a print.
(() => {
  const all = [...document.querySelectorAll("article details")];
  let before = [];
  addEventListener("beforeprint", () => { before = all.map((d) => d.open); all.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => all.forEach((d, i) => { d.open = before[i]; }));
  const bar = document.querySelector(".bars");
  for (const [label, open] of [["Unfold all evidence", true], ["Fold all", false]]) {
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", () => all.forEach((d) => { d.open = open; }));
    bar.append(button);
  }
})();
