// @ts-check
// A 0-100 track without a default: nothing is marked on it until the person sets it.

import { h } from "../dom.js";

const ARROWS = { ArrowRight: 1, ArrowLeft: -1 };

export class Track {
  /** onset(value 0-100, or null to take it back) */
  constructor({ label, colour = "", onset, low = "", high = "" }) {
    this.value = undefined;
    this.onset = onset;
    this.mark = h("span", { class: "track-mark", hidden: true });
    this.bar = h("span", { class: "track-bar", style: colour ? `background:${colour}` : "" });
    this.element = h(
      "div",
      {
        class: "track",
        role: "slider",
        tabindex: "0",
        "aria-label": label,
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuetext": "not set",
        title: [low, high].filter(Boolean).join(" to "),
      },
      this.bar,
      this.mark,
    );
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.#from(event);
    });
    this.element.addEventListener(
      "pointermove",
      (event) => this.element.hasPointerCapture(event.pointerId) && this.#from(event),
    );
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(value) {
    this.value = value;
    const set = value !== undefined && value !== null;
    this.mark.hidden = !set;
    this.bar.style.width = set ? `${value}%` : "0";
    if (set) {
      this.mark.style.left = `${value}%`;
      this.element.setAttribute("aria-valuenow", value);
    } else this.element.removeAttribute("aria-valuenow");
    this.element.setAttribute("aria-valuetext", set ? String(value) : "not set");
  }

  #from(event) {
    const { left, width } = this.element.getBoundingClientRect();
    this.onset(Math.round(Math.min(100, Math.max(0, ((event.clientX - left) / width) * 100))));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) {
      const by = ARROWS[event.key] * (event.shiftKey ? 10 : 1);
      this.onset(this.value === undefined || this.value === null ? 50 : Math.min(100, Math.max(0, this.value + by)));
    } else if (event.key === "Delete" || event.key === "Backspace") this.onset(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
