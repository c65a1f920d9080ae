// @ts-check
// What the reader has answered so far: plain values, every change announced, undo until the lock.

import { missingFindings, saidFindings } from "../form/findings.js";
import { answered, isAnswered, needs } from "../form/questions.js";

/** @typedef {import("../contract.js").Content} ContentValue */
/** @typedef {import("../contract.js").FormInfo} FormInfo */

const UNDO_STEPS = 200;
const ONE_STEP_MS = 700; // a drag of a rating is one step, not fifty

/** @returns {ContentValue} */
export function emptyContent() {
  return { diagnosis: null, ratings: {}, findings: {}, answers: {}, marks: [], key_slices: [] };
}

export class Content {
  /** @type {ContentValue[]} */
  #past = [];
  #last = { what: "", at: 0 };

  /** @param {{ changed(what: string): void, standing(): void }} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.value = emptyContent();
    this.undoable = true;
    this.stands = false; // the diagnosis was chosen and cannot be changed, by protocol
  }

  /** Take what the server holds; there is nothing to undo before it.
   * @param {{ content: Partial<ContentValue>, chosen?: boolean }} draft
   * @param {boolean} undoable */
  adopt({ content, chosen = false }, undoable = true) {
    this.value = { ...emptyContent(), ...structuredClone(content || {}) };
    this.undoable = undoable;
    this.stands = !undoable && chosen && Boolean(this.value.diagnosis);
    this.#past = [];
    this.#last = { what: "", at: 0 };
  }

  /** `what` names the part that changes; quick changes of one rating or answer are one step of undo.
   * @param {string} what
   * @param {(value: ContentValue) => void} alter */
  change(what, alter) {
    const before = structuredClone(this.value);
    alter(this.value);
    if (this.stands && this.value.diagnosis !== before.diagnosis) {
      this.value = before;
      this.hooks.standing();
      return;
    }
    if (what === "diagnosis" && !this.undoable) this.stands = Boolean(this.value.diagnosis);
    if (JSON.stringify(before) === JSON.stringify(this.value)) return;
    const now = performance.now();
    const goesOn = /^(rating|answer) /.test(what) && what === this.#last.what && now - this.#last.at < ONE_STEP_MS;
    if (!goesOn) {
      this.#past.push(before);
      if (this.#past.length > UNDO_STEPS) this.#past.shift();
    }
    this.#last = { what, at: now };
    this.hooks.changed(what);
  }

  undo() {
    const before = this.undoable ? this.#past.pop() : undefined;
    if (!before) return false;
    this.value = before;
    this.#last = { what: "", at: 0 };
    this.hooks.changed("undo");
    return true;
  }

  snapshot() {
    return structuredClone(this.value);
  }
}

/** Sentences for what a lock still needs, by field; the server has the last word.
 * @param {ContentValue} content
 * @param {FormInfo} form */
export function missing(content, form) {
  /** @type {{ [field: string]: string }} */
  const fields = {};
  if (form.findings?.length) Object.assign(fields, missingFindings(content, form));
  else if (!content.diagnosis) fields.diagnosis = "Choose a diagnosis.";
  if (form.ratings && !form.findings?.length) {
    for (const { code, label } of form.classes) {
      if (content.ratings[code] === undefined) fields[`ratings.${code}`] = `Rate ${label} from 0 to 100.`;
    }
  }
  for (const question of form.questions) {
    if (question.required && !isAnswered(question, content)) fields[`answers.${question.id}`] = needs(question);
  }
  return fields;
}

/** A sentence where another class is rated higher than the diagnosis; "" where they agree or there is nothing to compare.
 * @param {Pick<ContentValue, "diagnosis" | "ratings">} content
 * @param {Pick<FormInfo, "ratings" | "classes">} form */
export function contradiction({ diagnosis, ratings }, form) {
  const own = diagnosis === null ? undefined : ratings[diagnosis];
  if (!form.ratings || own === undefined) return "";
  const higher = form.classes
    .filter(({ code }) => ratings[code] > own)
    .sort((a, b) => ratings[b.code] - ratings[a.code])[0];
  if (!higher) return "";
  return `Your highest rating is ${higher.label} ${ratings[higher.code]}, your diagnosis ${labelOf(diagnosis, form)} ${own}: is that as you mean it?`;
}

/** One line that says what will be locked.
 * @param {ContentValue} content
 * @param {FormInfo} form */
export function summary(content, form) {
  const parts = [form.findings?.length ? saidFindings(content, form) : labelOf(content.diagnosis, form)];
  if (form.ratings && !form.findings?.length)
    parts.push(form.classes.map(({ code, label }) => `${label} ${content.ratings[code]}`).join(", "));
  const answers = answered(form.questions, content);
  if (answers) parts.push(counted(answers, "answer"));
  if (content.marks.length) parts.push(counted(content.marks.length, "mark"));
  if (content.key_slices.length) parts.push(counted(content.key_slices.length, "key image"));
  return parts.join(" · ");
}

/**
 * @param {string | null} code
 * @param {Pick<FormInfo, "classes">} form
 */
export function labelOf(code, form) {
  if (code === "indeterminate") return "Indeterminate";
  return form.classes.find((one) => one.code === code)?.label ?? "no diagnosis";
}

/**
 * @param {number} n
 * @param {string} word
 */
function counted(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
