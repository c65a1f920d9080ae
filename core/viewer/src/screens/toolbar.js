// @ts-check
// Buttons over the image, one an action; each says its key. The keyboard does all of it too.

import { h, svg } from "../dom.js";
import { ACTIONS, keyLabel } from "../reading/keys.js";

/** @type {{ [action: string]: string }} */
const ICONS = {
  window: "M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13",
  length: "M2 11.5 11.5 2 14 4.5 4.5 14zM5 8.5l1.5 1.5M7.5 6 9 7.5M10 3.5 11.5 5",
  ellipse: "M8 3.5c3.6 0 6.5 2 6.5 4.5s-2.9 4.5-6.5 4.5S1.5 10.5 1.5 8 4.4 3.500 8 3.500z",
  point: "M8 1.500v4M8 10.500v4M1.500 8h4M10.500 8h4",
  box: "M2.500 4h11v8h-11z",
  invert: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12M10 4v8M12 6v4",
  reset: "M3 8a5 5 0 1 0 1.600-3.700M4.500 1.500v3h3",
  cine: "M4.500 2.500v11l9-5.500z",
  overlay: "M8 2 14.500 5.500 8 9 1.500 5.500zM1.500 8.500 8 12l6.500-3.500M1.500 11 8 14.500 14.500 11",
  key: "M8 1.500 14.500 8 8 14.500 1.500 8z",
};

/** @type {[string, import("../reading/keys.js").ActionName[], { [action: string]: string }][]} */
const GROUPS = [
  ["Window", ["lung", "soft", "bone"], { lung: "Lung", soft: "Soft", bone: "Bone" }],
  ["Plane", ["axial", "coronal", "sagittal"], { axial: "Ax", coronal: "Cor", sagittal: "Sag" }],
  ["Tool", ["window", "length", "ellipse", "point", "box"], {}],
  ["View", ["invert", "reset", "cine", "key", "overlay"], {}],
];

export class Toolbar {
  /** @param {(action: import("../reading/keys.js").ActionName) => void} run */
  constructor(run) {
    /** @type {Map<import("../reading/keys.js").ActionName, HTMLButtonElement>} */
    this.buttons = new Map();
    this.element = h(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Viewer" },
      GROUPS.map(([title, actions, words]) =>
        h(
          "div",
          { class: "group", role: "group", "aria-label": title },
          actions.map((action) => this.#button(action, words[action], run)),
        ),
      ),
    );
  }

  /** pressed: the actions that are on; hidden: those that do not exist here. */
  show({ pressed, absent, keys }) {
    const state = JSON.stringify([[...pressed], [...absent], keys.own]);
    if (state === this.state) return;
    this.state = state;
    for (const [action, button] of this.buttons) {
      const on = pressed.has(action);
      button.setAttribute("aria-pressed", String(on));
      button.classList.toggle("on", on);
      button.hidden = absent.has(action);
      const { label } = ACTIONS[action];
      const names = keys.of(action).map(keyLabel).join(", ");
      button.title = names ? `${label} (${names})` : label;
    }
  }

  #button(action, word, run) {
    const face = word ?? svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[action] }));
    const button = h(
      "button",
      {
        class: `tool ${word ? "" : "icon"}`,
        type: "button",
        tabindex: "-1",
        "data-action": action,
        "aria-label": ACTIONS[action].label,
        onclick: () => run(action),
      },
      face,
    );
    this.buttons.set(action, button);
    return button;
  }
}
