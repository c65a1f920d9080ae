// @ts-check
// A rating of 0 to 100 for every class: by drag, by Shift+digit for the active class, by arrows. Unset until it is set.

import { h } from "../dom.js";
import { problemLine, setProblem } from "./problem.js";
import { Track } from "./track.js";

export class Ratings {
  constructor(form, content) {
    this.content = content;
    this.codes = form.classes.map(({ code }) => code);
    this.fields = this.codes.map((code) => `ratings.${code}`);
    this.active = this.codes[0];
    this.rows = new Map(form.classes.map((one) => [one.code, this.#row(one)]));
    this.element = h(
      "section",
      { class: "part" },
      h("h2", {}, "How sure, for each class", h("span", { class: "faint" }, " 0 excluded, 100 certain")),
      ...[...this.rows.values()].map(({ element }) => element),
      h(
        "p",
        { class: "hint" },
        h("kbd", {}, "Shift"),
        " + ",
        h("kbd", {}, "1"),
        "…",
        h("kbd", {}, "0"),
        " sets 10…100, with the key left of 1 it is 0; ",
        h("kbd", {}, "Tab"),
        " next class",
      ),
    );
    this.activate(this.active);
  }

  activate(code) {
    if (!this.rows.has(code)) return;
    this.active = code;
    this.keyed = false; // whether the keyboard has just rated the active class
    for (const [other, { element }] of this.rows) element.classList.toggle("active", other === code);
    this.rows.get(code).element.scrollIntoView({ block: "nearest" }); // the row that Shift and a digit rate is in view
  }

  rate(value) {
    this.#set(this.active, value);
    this.keyed = true;
  }

  /** The keyboard goes to the next class without a rating, counted from the active one; where all have one, to the
   * active class, or from a class it has just rated to the one after. */
  focus() {
    const { ratings } = this.content.value;
    const from = this.codes.indexOf(this.active);
    const round = [...this.codes.slice(from), ...this.codes.slice(0, from)];
    const next = this.keyed ? round[1 % round.length] : this.active;
    this.activate(round.find((code) => ratings[code] === undefined) ?? next);
    this.rows.get(this.active).track.element.focus();
    return true;
  }

  missing() {
    const { ratings } = this.content.value;
    return this.codes.some((code) => ratings[code] === undefined);
  }

  refresh({ ratings }) {
    for (const [code, { track, value, line }] of this.rows) {
      const rating = ratings[code];
      track.show(rating);
      value.textContent = rating === undefined ? "–" : String(rating);
      if (rating !== undefined) setProblem(line, "");
    }
  }

  problem(name, sentence) {
    setProblem(this.rows.get(name.slice("ratings.".length)).line, sentence);
  }

  #set(code, rating) {
    this.content.change(`rating ${code}`, (value) => {
      if (rating === null) delete value.ratings[code];
      else value.ratings[code] = rating;
    });
  }

  #row({ code, label, colour }) {
    const track = new Track({ label: `Rating of ${label}`, colour, onset: (rating) => this.#set(code, rating) });
    track.element.addEventListener("focus", () => this.activate(code));
    track.element.addEventListener("pointerdown", () => this.activate(code));
    const value = h("output", { class: "value" });
    const line = problemLine();
    const element = h(
      "div",
      { class: "rating", "data-class": code },
      h("div", { class: "rating-head" }, h("span", { class: "name" }, label), value),
      track.element,
      line,
    );
    return { element, track, value, line };
  }
}
