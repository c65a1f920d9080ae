// @ts-check
// The findings of a study that asks for several: for each its level, its rating, and its marks with a rating each.
// A letter goes through the levels of its finding; nothing is preset.

import { h } from "../dom.js";
import { placeName } from "../viewer/volume.js";
import { problemLine, setProblem } from "./problem.js";
import { Track } from "./track.js";

export class Findings {
  constructor(form, content, hooks) {
    this.content = content;
    this.hooks = hooks;
    const named = new Map(form.classes.map((one) => [one.code, one]));
    this.rows = new Map(form.findings.map((asked) => [asked.code, this.#row(asked, named.get(asked.code))]));
    const rows = [...this.rows.values()];
    this.fields = rows.flatMap(({ code }) => [`findings.${code}`, `ratings.${code}`]);
    this.active = form.findings[0].code;
    const all = h(
      "button",
      { class: "choice small rest-absent", type: "button", onclick: () => this.#restAbsent() },
      "All others absent",
    );
    this.element = h(
      "section",
      { class: "part findings", "aria-label": "Findings" },
      h("h2", {}, "Findings", h("span", { class: "faint" }, " a letter chooses; ratings 0 excluded, 100 certain")),
      rows.map(({ element }) => element),
      all,
    );
    this.activate(this.active);
  }

  /** The next level of a finding: the first press of a letter says present. */
  next(code) {
    const { asked } = this.rows.get(code);
    const order = [...asked.levels.slice(1), asked.levels[0]].map((level) => level.code);
    this.#choose(code, order[(order.indexOf(this.content.value.findings[code]) + 1) % order.length]);
  }

  activate(code) {
    if (!this.rows.has(code)) return;
    this.active = code;
    for (const [other, { element }] of this.rows) element.classList.toggle("active", other === code);
    this.rows.get(code).element.scrollIntoView({ block: "nearest" });
  }

  rate(value) {
    if (this.rows.get(this.active).track) this.#rate(this.active, value);
  }

  focus() {
    const next = [...this.rows.values()].find((row) => row.track && this.content.value.ratings[row.code] === undefined);
    if (!next) return false;
    this.activate(next.code);
    next.track.element.focus();
    return true;
  }

  missing() {
    return [...this.rows.values()].some((row) => row.track && this.content.value.ratings[row.code] === undefined);
  }

  refresh({ findings, ratings, marks }) {
    for (const [code, row] of this.rows) {
      for (const button of row.buttons) {
        const chosen = button.dataset.code === findings[code];
        button.setAttribute("aria-checked", String(chosen));
        button.classList.toggle("chosen", chosen);
      }
      row.track?.show(ratings[code]);
      if (row.value) row.value.textContent = ratings[code] === undefined ? "–" : String(ratings[code]);
      if (row.list)
        this.#list(
          row,
          marks.filter(({ finding }) => finding === code),
        );
    }
  }

  problem(name, sentence) {
    const row = this.rows.get(name.slice(name.indexOf(".") + 1));
    row.said[name.startsWith("ratings.") ? "rating" : "level"] = sentence;
    setProblem(row.line, [row.said.level, row.said.rating].filter(Boolean).join(" "));
  }

  #row(asked, { code, label, letter, colour }) {
    const buttons = asked.levels.map((level) =>
      h(
        "button",
        {
          class: "choice small",
          type: "button",
          role: "radio",
          "data-code": level.code,
          "aria-checked": "false",
          onclick: () => this.#choose(code, this.content.value.findings[code] === level.code ? null : level.code),
        },
        level.label,
      ),
    );
    const track = asked.rated
      ? new Track({ label: `Rating of ${label}`, colour, onset: (value) => this.#rate(code, value) })
      : null;
    const value = track && h("output", { class: "value" });
    const list = asked.mark && h("ul", { class: "kept marked" });
    const line = problemLine();
    const element = h(
      "div",
      { class: "rating finding", "data-finding": code, onpointerdown: () => this.activate(code) },
      h("div", { class: "rating-head" }, h("span", { class: "name" }, label, " ", h("kbd", {}, letter)), value),
      h("div", { class: "choices levels", role: "radiogroup", "aria-label": label }, buttons),
      track?.element,
      asked.mark &&
        h(
          "button",
          { class: "quiet add-mark", type: "button", onclick: () => this.hooks.mark(null, asked.mark, code) },
          `+ Mark (${asked.mark})`,
        ),
      list,
      line,
    );
    track?.element.addEventListener("focus", () => this.activate(code));
    return { code, asked, label, element, buttons, track, value, list, line, items: new Map(), said: {} };
  }

  /** One line a mark: a click goes there, a track rates it, the cross takes it away. A line stays while it is dragged. */
  #list(row, marks) {
    for (const [id, item] of row.items) {
      if (!marks.some((mark) => mark.id === id)) {
        item.element.remove();
        row.items.delete(id);
      }
    }
    for (const [at, mark] of marks.entries()) {
      const item = row.items.get(mark.id) ?? this.#item(row, mark.id);
      item.go.textContent = `${at + 1}. ${placeName(mark)}`;
      item.place = mark;
      item.track.show(mark.rating);
      item.value.textContent = mark.rating === null || mark.rating === undefined ? "–" : String(mark.rating);
      row.list.append(item.element);
    }
  }

  #item(row, id) {
    const item = { place: /** @type {any} */ (null) };
    const go = h("button", { class: "link", type: "button", onclick: () => this.hooks.goTo(item.place) });
    const track = new Track({
      label: `Rating of this mark of ${row.label}`,
      onset: (value) => this.#rateMark(id, value),
    });
    const value = h("output", { class: "value" });
    const remove = h(
      "button",
      {
        class: "quiet",
        type: "button",
        "aria-label": `Remove this mark of ${row.label}`,
        onclick: () =>
          this.content.change("kept", (all) => {
            all.marks = all.marks.filter((mark) => mark.id !== id);
          }),
      },
      "×",
    );
    const element = h("li", { class: "mark-line", "data-mark": id }, go, track.element, value, remove);
    Object.assign(item, { element, go, track, value });
    row.items.set(id, item);
    return /** @type {any} */ (item);
  }

  #choose(code, level) {
    this.activate(code);
    this.content.change(`finding ${code}`, (value) => {
      if (level === null) delete value.findings[code];
      else value.findings[code] = level;
    });
  }

  #restAbsent() {
    this.content.change("findings", (value) => {
      for (const { code, asked } of this.rows.values()) value.findings[code] ??= asked.levels[0].code;
    });
  }

  #rate(code, rating) {
    this.content.change(`rating ${code}`, (value) => {
      if (rating === null) delete value.ratings[code];
      else value.ratings[code] = rating;
    });
  }

  #rateMark(id, rating) {
    this.content.change(`rating ${id}`, (value) => {
      value.marks = value.marks.map((mark) => (mark.id === id ? { ...mark, rating } : mark));
    });
  }
}

/** Sentences for what the findings still need before the lock, by field; the server has the last word.
 * @param {import("../contract.js").Content} content
 * @param {import("../contract.js").FormInfo} form */
export function missingFindings(content, form) {
  /** @type {{ [field: string]: string }} */
  const fields = {};
  const labels = new Map(form.classes.map(({ code, label }) => [code, label]));
  for (const { code, levels, rated, mark } of form.findings) {
    const label = labels.get(code);
    const level = levels.find((one) => one.code === content.findings[code]);
    const mine = content.marks.filter(({ finding }) => finding === code);
    if (!level) fields[`findings.${code}`] = `Say for ${label} ${levels.map((one) => one.label).join(" or ")}.`;
    else if (mark && form.forced && mine.length !== 1)
      fields[`findings.${code}`] = `Set one mark where ${label} is most likely.`;
    else if (mark && level.present && !mine.length) fields[`findings.${code}`] = `Mark where ${label} is.`;
    else if (mine.some(({ rating }) => rating === null || rating === undefined))
      fields[`findings.${code}`] = `Rate every mark of ${label} from 0 to 100.`;
    if (rated && content.ratings[code] === undefined) fields[`ratings.${code}`] = `Rate ${label} from 0 to 100.`;
  }
  return fields;
}

/** What the findings will be locked as, in a line.
 * @param {import("../contract.js").Content} content
 * @param {import("../contract.js").FormInfo} form */
export function saidFindings(content, form) {
  const labels = new Map(form.classes.map(({ code, label }) => [code, label]));
  const there = form.findings
    .map(({ code, levels }) => ({ code, levels, level: levels.find((one) => one.code === content.findings[code]) }))
    .filter(({ level }) => level?.present)
    .map(({ code, levels, level }) => (levels.length > 2 ? `${labels.get(code)} ${level?.label}` : labels.get(code)));
  return there.join(", ") || "None of the findings";
}
