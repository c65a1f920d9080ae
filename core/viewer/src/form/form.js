// @ts-check
// The panel beside the image: diagnosis, ratings, questions, marks, key images. Shows a Content and changes only that.

import { h } from "../dom.js";
import { Diagnosis } from "./diagnosis.js";
import { Findings } from "./findings.js";
import { Kept } from "./kept.js";
import { question } from "./questions.js";
import { Ratings } from "./ratings.js";

export class Form {
  /** hooks: mark(question, tool), goTo({plane, slice}), back() to return the keyboard to the image */
  constructor(content, hooks) {
    this.content = content;
    this.hooks = hooks;
    this.element = h("div", { class: "form" });
    this.parts = [];
  }

  open(form) {
    this.form = form;
    const several = Boolean(form.findings?.length);
    this.findings = several ? new Findings(form, this.content, this.hooks) : null;
    this.diagnosis = several ? null : new Diagnosis(form, this.content);
    this.ratings = this.findings ?? (form.ratings ? new Ratings(form, this.content) : null);
    this.kept = new Kept(form, this.content, this.hooks);
    const questions = form.questions.map((one) => question(one, this.content, this.hooks));
    this.parts = [this.diagnosis, this.ratings, ...questions, this.kept].filter(Boolean); // findings rate themselves
    this.element.replaceChildren(...this.parts.map((part) => part.element));
    this.problems({});
    this.refresh();
  }

  close() {
    this.parts = [];
    this.element.replaceChildren();
  }

  refresh() {
    for (const part of this.parts) part.refresh(this.content.value);
  }

  /** Show sentences beside the fields they are about; returns those that belong to no field. */
  problems(fields) {
    const left = { ...fields };
    for (const part of this.parts) {
      for (const name of part.fields ?? []) {
        part.problem(name, fields[name] ?? "");
        delete left[name];
      }
    }
    const first = this.element.querySelector(".problem:not([hidden])");
    first?.scrollIntoView({ block: "nearest" });
    return Object.values(left);
  }

  /** A letter of the keyboard; true when it is a diagnosis. */
  letter(key) {
    const found = this.form?.classes.find(({ letter }) => letter && letter.toLowerCase() === key);
    if (found && this.findings) this.findings.next(found.code);
    else if (found) this.choose(found.code);
    return Boolean(found);
  }

  choose(code) {
    this.content.change("diagnosis", (value) => {
      value.diagnosis = code;
    });
    if (this.content.value.diagnosis === code) this.ratings?.activate(code);
  }

  rate(value) {
    this.ratings?.rate(value);
  }

  /** Tab from a class's rating goes to a class still without one; after the last, on to the next field as always. */
  mustRateAfter(target) {
    return Boolean(target.closest?.("[data-class], .finding > .track")) && (this.ratings?.missing() ?? false);
  }

  focusRatings() {
    return this.ratings?.focus() ?? false;
  }
}
