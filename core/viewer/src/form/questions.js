// @ts-check
// The study's own questions, one control a kind. An unanswered one has no value; nothing is preset.
// KINDS has every kind of core/study/questions/registry.py; `draw` makes its control. What marks answer stands among the
// marks of the read, everything else among its answers.

import { h } from "../dom.js";
import { placeName } from "../viewer/volume.js";
import { problemLine, setProblem } from "./problem.js";
import { Track } from "./track.js";

/** @typedef {import("../contract.js").FormInfo["questions"][number]} Question */
/** @typedef {import("../contract.js").Content} ContentValue */
/** @typedef {{ element: HTMLElement, refresh(answer: any, content: ContentValue): void }} Control */
/** @typedef {(asked: any, set: (answer: any) => void, hooks: any) => Control} Draw */

/** @type {Record<Question["kind"], { draw: Draw, byMarks?: boolean, needs?: string }>} a kind left out is an error */
export const KINDS = {
  choice: { draw: one },
  choices: { draw: several },
  grade: { draw: graded },
  number: { draw: number },
  text: { draw: text },
  scale: { draw: scale },
  mark: { draw: mark, byMarks: true, needs: "Set this mark on the image." },
};

/** Whether the content answers a question.
 * @param {Question} asked
 * @param {ContentValue} content */
export function isAnswered(asked, content) {
  if (kindOf(asked).byMarks) return content.marks.some((one) => one.question === asked.id);
  const answer = content.answers[asked.id];
  return !(answer === undefined || answer === null || answer === "" || answer.length === 0);
}

/** What a question still needs, in a sentence.
 * @param {Question} asked */
export function needs(asked) {
  return kindOf(asked).needs ?? "This needs an answer.";
}

/** How many questions have an answer among the answers of a read; marks are counted by themselves.
 * @param {readonly Question[]} questions
 * @param {ContentValue} content */
export function answered(questions, content) {
  return questions.filter((asked) => !kindOf(asked).byMarks && isAnswered(asked, content)).length;
}

/** @param {Question} asked */
function kindOf({ kind }) {
  if (!Object.hasOwn(KINDS, kind)) throw new Error(`this page cannot ask a question of kind ${kind}; reload it`);
  return KINDS[kind];
}

/** The part of the form for a question: {element, fields, refresh(content), problem(name, sentence)}.
 * @param {Question} asked
 * @param {import("../reading/content.js").Content} content
 * @param {{ mark(question: string, tool: import("../types.js").Tool): void }} hooks */
export function question(asked, content, hooks) {
  const line = problemLine();
  const set = (answer) =>
    content.change(`answer ${asked.id}`, (value) => {
      if (answer === null || answer === "" || answer?.length === 0) delete value.answers[asked.id];
      else value.answers[asked.id] = answer;
    });
  const control = kindOf(asked).draw(asked, set, hooks);
  const title = h(
    "h2",
    { id: `q-${asked.id}` },
    asked.label,
    asked.required ? null : h("span", { class: "faint" }, " optional"),
  );
  const element = h(
    "section",
    { class: "part", "data-question": asked.id },
    title,
    asked.help ? h("p", { class: "hint" }, asked.help) : null,
    control.element,
    line,
  );
  return {
    element,
    fields: [`answers.${asked.id}`],
    refresh(value) {
      control.refresh(value.answers[asked.id], value);
    },
    problem(_, sentence) {
      setProblem(line, sentence);
    },
  };
}

function one(asked, set) {
  let chosen;
  const buttons = asked.options.map(({ code, label }) =>
    h(
      "button",
      {
        class: "choice small",
        type: "button",
        role: "radio",
        "data-code": code,
        "aria-checked": "false",
        onclick: () => set(chosen === code ? null : code),
      },
      label,
    ),
  );
  return {
    element: h("div", { class: "choices", role: "radiogroup", "aria-labelledby": `q-${asked.id}` }, buttons),
    refresh(answer) {
      chosen = answer;
      for (const button of buttons) press(button, button.dataset.code === answer);
    },
  };
}

function several(asked, set) {
  let chosen = [];
  const buttons = asked.options.map(({ code, label }) =>
    h(
      "button",
      {
        class: "choice small",
        type: "button",
        role: "checkbox",
        "data-code": code,
        "aria-checked": "false",
        onclick: () => {
          const all = new Set(chosen);
          if (!all.delete(code)) all.add(code);
          set(asked.options.map((option) => option.code).filter((item) => all.has(item)));
        },
      },
      label,
    ),
  );
  return {
    element: h("div", { class: "choices", role: "group", "aria-labelledby": `q-${asked.id}` }, buttons),
    refresh(answer) {
      chosen = answer ?? [];
      for (const button of buttons) press(button, chosen.includes(button.dataset.code));
    },
  };
}

/** @type {{ [key: string]: number }} */
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** Levels in their order, each with its rank; the arrow keys go to the next lower and higher one. */
function graded(asked, set) {
  const ranked = asked.options.map(({ code, label }, at) => ({
    code,
    label: label.includes(at + 1) ? label : `${at + 1} ${label}`,
  }));
  const { element, refresh } = one({ ...asked, options: ranked }, set);
  const buttons = /** @type {HTMLElement[]} */ ([...element.children]);
  element.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = buttons[buttons.indexOf(/** @type {HTMLElement} */ (event.target)) + step];
    if (!next) return;
    next.focus();
    set(next.dataset.code);
  });
  return { element, refresh };
}

function number(asked, set) {
  const input = h("input", {
    type: "text",
    inputmode: "decimal",
    "aria-labelledby": `q-${asked.id}`,
    autocomplete: "off",
    oninput: () => {
      const typed = input.value.trim().replace(",", ".").replace("−", "-");
      const value = Number(typed);
      input.classList.toggle("wrong", typed !== "" && !Number.isFinite(value));
      set(typed === "" || !Number.isFinite(value) ? null : value);
    },
  });
  const range = [asked.min, asked.max].every((end) => end !== null && end !== undefined)
    ? `${asked.min} to ${asked.max}`
    : "";
  return {
    element: h(
      "div",
      { class: "line" },
      input,
      h("span", { class: "faint" }, [asked.unit, range].filter(Boolean).join(", ")),
    ),
    refresh(answer) {
      if (isFocused(input)) return;
      input.value = answer === undefined ? "" : String(answer);
      input.classList.remove("wrong");
    },
  };
}

function text(asked, set) {
  const input = h("textarea", {
    rows: "2",
    maxlength: asked.max_length ?? 4000,
    "aria-labelledby": `q-${asked.id}`,
    oninput: () => set(input.value),
  });
  return {
    element: input,
    refresh(answer) {
      if (!isFocused(input)) input.value = answer ?? "";
    },
  };
}

function scale(asked, set) {
  const [low, high] = asked.anchors ?? ["0", "100"];
  const value = h("output", { class: "value" });
  const track = new Track({ label: asked.label, low, high, onset: set });
  return {
    element: h(
      "div",
      { class: "rating" },
      h("div", { class: "rating-head" }, h("span", { class: "faint" }, "0–100"), value),
      track.element,
      h("div", { class: "anchors" }, h("span", {}, low), h("span", {}, high)),
    ),
    refresh(answer) {
      track.show(answer);
      value.textContent = answer === undefined ? "–" : String(answer);
    },
  };
}

const TOOL = { point: "point", box: "box", length: "length" };

function mark(asked, _, hooks) {
  const count = h("span", { class: "faint" });
  const kind = asked.mark ?? "point";
  const button = h(
    "button",
    { class: "choice small", type: "button", onclick: () => hooks.mark(asked.id, TOOL[kind]) },
    `Set a ${kind}`,
  );
  return {
    element: h("div", { class: "line" }, button, count),
    refresh(_answer, { marks }) {
      const mine = marks.filter((one) => one.question === asked.id);
      count.textContent = mine.length ? `set on ${mine.map(placeName).join(", ")}` : "not set";
    },
  };
}

function press(button, on) {
  button.setAttribute("aria-checked", String(on));
  button.classList.toggle("chosen", on);
}

function isFocused(input) {
  return input.getRootNode().activeElement === input;
}
