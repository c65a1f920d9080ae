// @ts-check
// What the reader keeps of the image: key images and marks. A click goes to the slice, the cross takes it away.

import { h } from "../dom.js";
import { placeName } from "../viewer/volume.js";
import { problemLine, setProblem } from "./problem.js";

export class Kept {
  fields = ["marks", "key_slices"];

  constructor(form, content, hooks) {
    this.names = new Map(form.questions.map(({ id, label }) => [id, label]));
    this.findings = Boolean(form.findings?.length); // whose marks stand with them
    this.content = content;
    this.hooks = hooks;
    this.list = h("ul", { class: "kept" });
    this.lines = { marks: problemLine(), key_slices: problemLine() };
    this.element = h(
      "section",
      { class: "part" },
      h("h2", {}, "Key images and marks"),
      this.list,
      Object.values(this.lines),
    );
  }

  refresh({ marks, key_slices: keys }) {
    const items = [
      ...keys.map((slice) =>
        this.#item({ slice }, "Key image", (value) => {
          value.key_slices = value.key_slices.filter((one) => one !== slice);
        }),
      ),
      ...marks
        .filter(({ finding }) => !this.findings || !finding)
        .map((mark) =>
          this.#item(mark, this.#name(mark), (value) => {
            value.marks = value.marks.filter(({ id }) => id !== mark.id);
          }),
        ),
    ];
    this.list.replaceChildren(...(items.length ? items : [h("li", { class: "faint" }, "None yet")]));
  }

  problem(name, sentence) {
    setProblem(this.lines[name], sentence);
  }

  #name({ kind, question }) {
    const what = { point: "Point", box: "Box", length: "Length", ellipse: "Ellipse", sphere: "Sphere" }[kind];
    return question && this.names.has(question) ? `${what}: ${this.names.get(question)}` : what;
  }

  #item(place, name, alter) {
    return h(
      "li",
      {},
      h(
        "button",
        { class: "link", type: "button", tabindex: "-1", onclick: () => this.hooks.goTo(place) },
        `${name}, ${placeName(place)}`,
      ),
      h(
        "button",
        {
          class: "quiet",
          type: "button",
          tabindex: "-1",
          "aria-label": `Remove ${name} on ${placeName(place)}`,
          onclick: () => this.content.change("kept", alter),
        },
        "×",
      ),
    );
  }
}
