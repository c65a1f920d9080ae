// What the reader has answered so far: plain values, every change announced, undo until the lock.

import { answered, isAnswered, needs } from "../form/questions.js";

const UNDO_STEPS = 200;
const ONE_STEP_MS = 700; // a drag of a rating is one step, not fifty

export function emptyContent() {
  return { diagnosis: null, ratings: {}, answers: {}, marks: [], key_slices: [] };
}

export class Content {
  #past = [];
  #last = { what: "", at: 0 };

  constructor() {
    this.value = emptyContent();
    this.undoable = true;
    this.stands = false; // the diagnosis was chosen and cannot be changed, by protocol
    this.onchange = () => {};
    this.onstanding = () => {};
  }

  /** Take what the server holds; there is nothing to undo before it. */
  adopt({ content, chosen = false }, undoable = true) {
    this.value = { ...emptyContent(), ...structuredClone(content || {}) };
    this.undoable = undoable;
    this.stands = !undoable && chosen && Boolean(this.value.diagnosis);
    this.#past = [];
    this.#last = { what: "", at: 0 };
  }

  /** `what` names the part that changes; quick changes of one rating or answer are one step of undo. */
  change(what, alter) {
    const before = structuredClone(this.value);
    alter(this.value);
    if (this.stands && this.value.diagnosis !== before.diagnosis) {
      this.value = before;
      this.onstanding();
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
    this.onchange(what);
  }

  undo() {
    if (!this.undoable || this.#past.length === 0) return false;
    this.value = this.#past.pop();
    this.#last = { what: "", at: 0 };
    this.onchange("undo");
    return true;
  }

  snapshot() {
    return structuredClone(this.value);
  }
}

/** Sentences for what a lock still needs, by field; the server has the last word. */
export function missing(content, form) {
  const fields = {};
  if (!content.diagnosis) fields.diagnosis = "Choose a diagnosis.";
  if (form.ratings) {
    for (const { code, label } of form.classes) {
      if (content.ratings[code] === undefined) fields[`ratings.${code}`] = `Rate ${label} from 0 to 100.`;
    }
  }
  for (const question of form.questions) {
    if (question.required && !isAnswered(question, content)) fields[`answers.${question.id}`] = needs(question);
  }
  return fields;
}

/** A sentence where another class is rated higher than the diagnosis; "" where they agree or there is nothing to compare. */
export function contradiction({ diagnosis, ratings }, form) {
  const own = ratings[diagnosis];
  if (!form.ratings || own === undefined) return "";
  const higher = form.classes.filter(({ code }) => ratings[code] > own).sort((a, b) => ratings[b.code] - ratings[a.code])[0];
  if (!higher) return "";
  return `Your highest rating is ${higher.label} ${ratings[higher.code]}, your diagnosis ${labelOf(diagnosis, form)} ${own}: is that as you mean it?`;
}

/** One line that says what will be locked. */
export function summary(content, form) {
  const parts = [labelOf(content.diagnosis, form)];
  if (form.ratings) parts.push(form.classes.map(({ code, label }) => `${label} ${content.ratings[code]}`).join(", "));
  const answers = answered(form.questions, content);
  if (answers) parts.push(counted(answers, "answer"));
  if (content.marks.length) parts.push(counted(content.marks.length, "mark"));
  if (content.key_slices.length) parts.push(counted(content.key_slices.length, "key image"));
  return parts.join(" · ");
}

export function labelOf(code, form) {
  if (code === "indeterminate") return "Indeterminate";
  return form.classes.find((one) => one.code === code)?.label ?? "no diagnosis";
}

function counted(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
