// Keys: what each does, and giving an action another key.

import { h } from "../dom.js";
import { ACTIONS, keyLabel, keyName } from "../reading/keys.js";
import { layer, tabWithin } from "./modal.js";

export class Help {
  /** hooks: save(bindings) -> promise; letters() -> letters the study's classes use; closed() */
  constructor(keys, hooks) {
    this.keys = keys;
    this.hooks = hooks;
    this.waiting = null;
    this.note = h("p", { class: "hint", role: "status" });
    this.body = h("div", { class: "key-groups" });
    this.element = h("div", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": "keys-title", hidden: true },
      h("div", { class: "sheet" },
        h("header", {}, h("h1", { id: "keys-title" }, "Keys"),
          h("button", { class: "quiet", type: "button", onclick: () => this.#reset() }, "All as delivered"),
          h("button", { class: "plain", type: "button", onclick: () => this.close() }, "Close")),
        this.note, this.body));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    this.element.hidden = false;
    layer(this.element.parentElement);
    this.#draw("Choose a key to change it. Letters of the diagnoses always choose the diagnosis.");
    this.element.querySelector("button.plain").focus();
  }

  close() {
    this.waiting = null;
    this.element.hidden = true;
    layer(this.element.parentElement);
    this.hooks.closed();
  }

  #draw(sentence = "") {
    this.note.textContent = sentence;
    const groups = new Map();
    for (const [action, [group, label]] of Object.entries(ACTIONS)) {
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(this.#row(action, label));
    }
    this.body.replaceChildren(
      ...[...groups].map(([group, rows]) => h("section", {}, h("h2", {}, group), rows)),
      h("section", {}, h("h2", {}, "Mouse"),
        ...[["Wheel", "slices"], ["Left drag", "window"], ["Right drag", "zoom"], ["Middle or Shift drag", "pan"], ["Double click", "fit"]]
          .map(([what, does]) => h("div", { class: "key-row" }, h("span", {}, does), h("kbd", {}, what)))),
      h("section", {}, h("h2", {}, "Form"),
        ...[["a class's letter", "diagnosis"], ["Shift 1…9, 0", "rating 10…90, 100"], ["Shift `", "rating 0"], ["Tab", "next class"], ["← →", "rating ∓ 1"]]
          .map(([what, does]) => h("div", { class: "key-row" }, h("span", {}, does), h("kbd", {}, what)))),
    );
  }

  #row(action, label) {
    const taken = this.hooks.letters();
    const names = this.keys.of(action);
    const shadowed = names.filter((name) => taken.includes(name));
    const button = h("button", {
      class: "key-name", type: "button", "data-action": action, "aria-label": `${label}: ${names.join(" or ") || "no key"}; change`,
      onclick: () => {
        this.waiting = action;
        this.#draw(`Press the new key for “${label}”, or Esc.`);
        this.element.querySelector(`button[data-action="${action}"]`).focus();
      },
    }, this.waiting === action ? "press…" : names.length ? names.map((name) => h("kbd", {}, keyLabel(name))) : "none");
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
    else if (this.hooks.letters().includes(name)) this.#stop(`${keyLabel(name)} chooses a diagnosis in this study; take another key.`);
    else if (name === "Tab" || name.startsWith("shift+")) this.#stop("This key moves between fields; take another one.");
    else this.#save(this.keys.with(action, name));
  }

  #stop(sentence) {
    this.waiting = null;
    this.#draw(sentence);
    this.element.querySelector("button.plain").focus();
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
      this.note.textContent = `Kept for this page only: ${trouble.message}`;
    }
  }
}
