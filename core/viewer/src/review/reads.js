// @ts-check
// Everybody's read of the case. A click on one shows its ratings, answers, marks and key images; another click hides them.

import { h } from "../dom.js";
import { placeName } from "../viewer/volume.js";

export class Reads {
  /** hooks: goTo({plane, slice}), show(read or null) */
  constructor(hooks) {
    this.hooks = hooks;
    this.list = h("ul", { class: "reads" });
    this.title = h("h2", {}, "Reads");
    this.element = h("section", { class: "part", "aria-label": "Reads" }, this.title, this.list);
  }

  open({ reads, ai, truth }) {
    const right = reads.filter((read) => read.right).length;
    this.title.textContent = reads.length ? `Reads: ${right} of ${reads.length} right` : "Reads";
    const arms = new Set(reads.map(({ arm }) => arm)).size > 1;
    const sessions = new Set(reads.map(({ session }) => session)).size > 1;
    const machine = ai ? [this.#machine(ai, truth)] : [];
    this.list.replaceChildren(
      ...machine,
      ...(reads.length
        ? reads.map((read) => this.#row(read, { arms, sessions }))
        : [h("li", { class: "faint" }, "Nobody has locked a read of this case.")]),
    );
  }

  #row(read, { arms, sessions }) {
    const detail = h("div", { class: "detail", hidden: true }, this.#detail(read));
    const where = [read.group, arms ? read.arm : "", sessions ? `session ${read.session}` : ""]
      .filter(Boolean)
      .join(", ");
    const button = h(
      "button",
      {
        class: "read",
        type: "button",
        "aria-expanded": "false",
        onclick: () => this.#choose(button, detail, read),
      },
      verdict(read.right),
      h("span", { class: "who" }, read.reader, h("span", { class: "faint" }, ` ${where}`)),
      h("span", { class: "said" }, read.label),
      seconds(read.seconds),
    );
    return h("li", {}, button, detail);
  }

  #machine(ai, truth) {
    const right = Boolean(ai.call) && ai.call === truth?.code;
    return h(
      "li",
      { class: "read machine" },
      verdict(right),
      h("span", { class: "who" }, "AI"),
      h("span", { class: "said" }, ai.call_label ?? "no call"),
      seconds(ai.seconds),
    );
  }

  #choose(button, detail, read) {
    const open = detail.hidden;
    for (const other of this.list.querySelectorAll(".detail")) other.toggleAttribute("hidden", true);
    for (const other of this.list.querySelectorAll(".read")) other.setAttribute("aria-expanded", "false");
    detail.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    this.hooks.show(open ? read : null);
  }

  #detail(read) {
    const ratings = Object.entries(read.ratings)
      .map(([label, value]) => `${label} ${value}`)
      .join(", ");
    const places = [
      ...read.key_slices.map((slice) => [{ slice }, "key image"]),
      ...read.marks.map((mark) => [mark, mark.kind]),
    ];
    return [
      h("p", {}, ratings ? `Ratings: ${ratings}` : "No ratings were given."),
      ...read.answers.map(([question, answer]) => h("p", {}, h("span", { class: "faint" }, `${question} `), answer)),
      places.length
        ? h(
            "div",
            { class: "deciding" },
            places.map(([place, what]) =>
              h(
                "button",
                { class: "chip", type: "button", onclick: () => this.hooks.goTo(place) },
                `${what}, ${placeName(place)}`,
              ),
            ),
          )
        : h("p", { class: "faint" }, "No marks and no key images."),
    ];
  }
}

function verdict(right) {
  return h(
    "span",
    { class: right ? "verdict right" : "verdict wrong-read", role: "img", "aria-label": right ? "right" : "wrong" },
    right ? "✓" : "✗",
  );
}

function seconds(value) {
  return h("span", { class: "faint value" }, value === null ? "" : `${Math.round(value)} s`);
}
