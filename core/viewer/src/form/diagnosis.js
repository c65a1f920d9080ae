// @ts-check
// The diagnosis: one button a class, chosen by its letter or a click. Choosing the chosen one again takes it back.

import { h } from "../dom.js";
import { problemLine, setProblem } from "./problem.js";

export class Diagnosis {
  fields = ["diagnosis"];

  constructor(form, content) {
    const choices = form.classes.map(({ code, label, letter, colour }) => ({ code, label, key: letter, colour }));
    if (form.indeterminate) choices.push({ code: "indeterminate", label: "Indeterminate", key: "0", colour: "" });
    this.buttons = choices.map(({ code, label, key, colour }) =>
      h(
        "button",
        {
          class: "choice",
          type: "button",
          role: "radio",
          "data-code": code,
          "aria-checked": "false",
          "aria-keyshortcuts": key,
          onclick: () =>
            content.change("diagnosis", (value) => {
              value.diagnosis = value.diagnosis === code ? null : code;
            }),
        },
        h("span", { class: "swatch", style: colour ? `background:${colour}` : null }),
        h("span", { class: "name" }, label),
        h("kbd", {}, (key || "").toUpperCase()),
      ),
    );
    this.line = problemLine();
    this.element = h(
      "section",
      { class: "part" },
      h("h2", { id: "diagnosis-title" }, "Diagnosis"),
      h("div", { class: "choices", role: "radiogroup", "aria-labelledby": "diagnosis-title" }, this.buttons),
      this.line,
    );
  }

  refresh({ diagnosis }) {
    for (const button of this.buttons) {
      const chosen = button.dataset.code === diagnosis;
      button.setAttribute("aria-checked", String(chosen));
      button.classList.toggle("chosen", chosen);
    }
    if (diagnosis) setProblem(this.line, "");
  }

  problem(_, sentence) {
    setProblem(this.line, sentence);
  }
}
