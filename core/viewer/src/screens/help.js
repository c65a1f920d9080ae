// @ts-check
// Keys: what each does, and giving an action another key.

import { h, messageOf } from "../dom.js";
import { ACTIONS, FORM, keyLabel, keyName, MOUSE, NAMES } from "../reading/keys.js";
import { layer, tabWithin } from "./modal.js";

export class Help {
  /**
   * @param {import("../reading/keys.js").Keys} keys
   * @param {{ save(own: import("../reading/keys.js").Bindings): Promise<unknown>, letters(): string[], closed(): void }} hooks
   *   letters: those the study's classes use
   */
  constructor(keys, hooks) {
    this.keys = keys;
    this.hooks = hooks;
    /** @type {import("../reading/keys.js").ActionName | null} the action that waits for its new key */
    this.waiting = null;
    this.note = h("p", { class: "hint", role: "status" });
    this.body = h("div", { class: "key-groups" });
    this.element = h(
      "div",
      { class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": "keys-title", hidden: true },
      h(
        "div",
        { class: "sheet" },
        h(
          "header",
          {},
          h("h1", { id: "keys-title" }, "Keys"),
          h("button", { class: "quiet", type: "button", onclick: () => this.#reset() }, "All as delivered"),
          h("button", { class: "plain", type: "button", onclick: () => this.close() }, "Close"),
        ),
        this.note,
        this.body,
      ),
    );
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    this.element.hidden = false;
    layer(this.element.parentElement);
    this.#draw("Choose a key to change it. Letters of the diagnoses always choose the diagnosis.");
    this.#focus("button.plain");
  }

  close() {
    this.waiting = null;
    this.element.hidden = true;
    layer(this.element.parentElement);
    this.hooks.closed();
  }

  /** @param {string} which */
  #focus(which) {
    /** @type {HTMLElement | null} */ (this.element.querySelector(which))?.focus();
  }

  #draw(sentence = "") {
    this.note.textContent = sentence;
    const groups = new Map();
    for (const action of NAMES) {
      const { group, label } = ACTIONS[action];
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(this.#row(action, label));
    }
    this.body.replaceChildren(
      ...[...groups].map(([group, rows]) => h("section", {}, h("h2", {}, group), rows)),
      h(
        "section",
        {},
        h("h2", {}, "Mouse"),
        ...MOUSE.map(([what, does]) => h("div", { class: "key-row" }, h("span", {}, does), h("kbd", {}, what))),
      ),
      h(
        "section",
        {},
        h("h2", {}, "Form"),
        ...FORM.map(([what, does]) => h("div", { class: "key-row" }, h("span", {}, does), h("kbd", {}, what))),
      ),
    );
  }

  #row(action, label) {
    const taken = this.hooks.letters();
    const names = this.keys.of(action);
    const shadowed = names.filter((name) => taken.includes(name));
    const button = h(
      "button",
      {
        class: "key-name",
        type: "button",
        "data-action": action,
        "aria-label": `${label}: ${names.join(" or ") || "no key"}; change`,
        onclick: () => {
          this.waiting = action;
          this.#draw(`Press the new key for “${label}”, or Esc.`);
          this.#focus(`button[data-action="${action}"]`);
        },
      },
      this.waiting === action ? "press…" : names.length ? names.map((name) => h("kbd", {}, keyLabel(name))) : "none",
    );
    const own = action in this.keys.own ? h("span", { class: "faint" }, " yours") : null;
    const warning = shadowed.length ? h("span", { class: "warn" }, " a diagnosis here") : null;
    return h("div", { class: "key-row" }, h("span", {}, label, own, warning), button);
  }

  #key(event) {
    event.stopPropagation();
    if (this.waiting === null) {
      if (tabWithin(this.element, event)) return;
      if (event.key === "Escape" || event.key === "?") this.close();
      return;
    }
    if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) return;
    event.preventDefault();
    const action = this.waiting;
    const name = keyName(event);
    if (name === "Escape") this.#stop("");
    else if (this.hooks.letters().includes(name))
      this.#stop(`${keyLabel(name)} chooses a diagnosis in this study; take another key.`);
    else if (name === "Tab" || name.startsWith("shift+"))
      this.#stop("This key moves between fields; take another one.");
    else this.#save(this.keys.with(action, name));
  }

  #stop(sentence) {
    this.waiting = null;
    this.#draw(sentence);
    this.#focus("button.plain");
  }

  #reset() {
    this.#save({});
  }

  async #save(own) {
    this.keys.set(own);
    this.#stop("Saving…");
    try {
      await this.hooks.save(own);
      this.note.textContent = "Saved; these keys are yours on every machine.";
    } catch (trouble) {
      this.note.textContent = `Kept for this page only: ${messageOf(trouble)}`;
    }
  }
}
