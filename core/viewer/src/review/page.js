// @ts-check
// The review as it stands in a results page: image beside a panel, no cover, no form. Only elements.

import { h, show } from "../dom.js";

export class Page {
  constructor() {
    this.title = h("span", { class: "place" });
    this.loading = h("div", { class: "loading", role: "status", hidden: true });
    this.image = h("main", { class: "image" });
    this.panel = h("div", { class: "scroll" });
    this.element = h(
      "div",
      { class: "parallax review", tabindex: "-1", role: "application", "aria-label": "Case review" },
      h(
        "header",
        { class: "top" },
        this.title,
        h("span", { class: "space" }),
        h(
          "span",
          { class: "faint hint-keys" },
          "Wheel or ↑ ↓: slices · left drag: window · right drag: zoom · M: overlay",
        ),
      ),
      this.image,
      h("aside", { class: "panel", "aria-label": "Truth, AI and reads" }, this.panel),
    );
    this.frame = h("div", { class: "review-frame" }, this.element); // its width decides where the panel goes
  }

  assemble({ toolbar, stage }) {
    this.image.append(toolbar, stage, this.loading);
  }

  /** @param {import("../contract.js").Review} found */
  heading({ case: number, practice, tags }) {
    this.title.textContent = [`Case ${number}`, practice ? "practice" : "", ...tags].filter(Boolean).join(" · ");
  }

  /**
   * @param {string | null} sentence
   * @param {[string, () => void]} [action]
   */
  load(sentence, action) {
    show(this.loading, Boolean(sentence));
    this.loading.replaceChildren(
      sentence ?? "",
      ...(action ? [h("button", { class: "quiet", type: "button", onclick: action[1] }, action[0])] : []),
    );
  }
}
