// @ts-check
// One sentence over the whole page, with what can be done: between cases, pause, taken over, done, trouble.

import { h } from "../dom.js";
import { layer, tabWithin } from "./modal.js";

export class Cover {
  constructor() {
    this.element = h("div", { class: "cover", role: "alertdialog", "aria-live": "polite", tabindex: "-1" });
    this.element.addEventListener("keydown", (event) => tabWithin(this.element, event));
    this.kind = null;
  }

  /** lines: sentences, the first one large; actions: [[label, run, href?]], the first is what Enter does */
  show(kind, lines, actions = []) {
    this.kind = kind;
    this.actions = actions;
    const [first, ...rest] = lines;
    const buttons = actions.map(([label, run, href]) =>
      href
        ? h("a", { class: "plain", href }, label)
        : h("button", { class: "plain", type: "button", onclick: run }, label),
    );
    this.element.replaceChildren(
      h(
        "div",
        { class: "message" },
        h("p", { class: "large" }, first),
        rest.map((line) => h("p", {}, line)),
        buttons.length ? h("div", { class: "actions" }, buttons) : null,
      ),
    );
    this.element.dataset.kind = kind;
    this.element.hidden = false;
    layer(this.element.parentElement);
    if (buttons.length) this.element.focus({ preventScroll: true });
  }

  hide() {
    this.kind = null;
    this.element.hidden = true;
    layer(this.element.parentElement);
    this.element.replaceChildren();
  }

  get up() {
    return this.kind !== null;
  }

  /** Enter on a cover does its first action. */
  enter() {
    const [action] = this.actions ?? [];
    action?.[1]?.();
  }
}
