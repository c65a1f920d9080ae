// @ts-check
// Clinical information of the case: there from the start, or asked for after a first diagnosis. The server decides.

import { h, messageOf, put } from "../dom.js";

/** @typedef {import("../contract.js").ClinicalInfo} ClinicalInfo */

const SEXES = { F: "female", M: "male", O: "other" };

export class Clinical {
  /** @type {string | null} */
  token = null;

  /** @param {{ ask(token: string): Promise<ClinicalInfo>, problem(message: string): void }} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.element = h("section", { class: "part clinical", hidden: true, "aria-label": "Clinical information" });
  }

  close() {
    this.token = null;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /** @param {import("../contract.js").OpenRead} next */
  open(next) {
    this.token = next.read.token;
    if (next.clinical) this.#show(next.clinical);
    else if (next.clinical_waits) this.#offer(next.read.token);
    else this.close();
  }

  /** @param {string} token */
  #offer(token) {
    const button = h("button", { class: "quiet", type: "button", onclick: () => this.#ask(token, button) }, "Show");
    put(
      this.element,
      h("h2", {}, "Clinical information"),
      h("p", { class: "faint" }, "After a first diagnosis on the images alone, which is kept."),
      button,
    );
    this.element.hidden = false;
  }

  /**
   * @param {string} token
   * @param {HTMLButtonElement} button
   */
  async #ask(token, button) {
    button.disabled = true;
    try {
      const info = await this.hooks.ask(token);
      this.hooks.problem("");
      if (this.token === token) this.#show(info);
    } catch (error) {
      this.hooks.problem(messageOf(error));
      button.disabled = false;
    }
  }

  /** @param {ClinicalInfo} info */
  #show(info) {
    const age = info.age === null ? null : info.age >= 89 ? "89 years or older" : `${info.age} years`;
    const person = [age, info.sex && SEXES[info.sex]].filter(Boolean).join(", ");
    const nothing = !person && !info.text && !info.prior;
    put(
      this.element,
      h("h2", {}, "Clinical information"),
      person && h("p", {}, person),
      info.text && h("p", { class: "words" }, info.text),
      info.prior && h("details", {}, h("summary", {}, "Earlier report"), h("p", { class: "words" }, info.prior)),
      nothing && h("p", { class: "faint" }, "None was given for this case."),
    );
    this.element.hidden = false;
  }
}
