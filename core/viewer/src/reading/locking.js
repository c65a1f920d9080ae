// @ts-check
// From the answers to the lock: what is missing, the summary, the lock itself, and what may come in between.

import { Trouble } from "./api.js";
import { contradiction, missing, summary } from "./content.js";

const STEADY_MS = 200; // a bouncing Enter key must not lock

export class Locking {
  #steady = false; // the summary has stood long enough for a press that means it
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** @param {import("./reading.js").Reading} reading */
  constructor(reading) {
    this.reading = reading;
  }

  enter() {
    if (this.reading.state === "reading") this.#review();
    else if (this.reading.state === "summary" && this.#steady) this.#lock();
  }

  #review() {
    const { form } = this.reading.form;
    if (!form || !this.reading.case?.seen) return this.reading.page.problem("The image has not appeared yet.");
    const fields = missing(this.reading.content.value, form);
    const rest = this.reading.form.problems(fields);
    if (Object.keys(fields).length)
      return this.reading.page.problem(rest[0] ?? "Something is still missing; see above.");
    this.reading.page.problem("");
    this.reading.become("summary");
    const doubt = contradiction(this.reading.content.value, form);
    if (doubt) this.reading.telemetry.set("contradiction_asked", 1);
    const line = [`${summary(this.reading.content.value, form)}.`, doubt, "Enter locks, Esc goes back."]
      .filter(Boolean)
      .join(" ");
    this.reading.page.stage("summary", line);
    this.#steady = false;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#steady = true;
      this.reading.page.steady();
    }, STEADY_MS);
    return undefined;
  }

  async #lock() {
    const { form } = this.reading.form;
    const token = this.reading.case?.read.token;
    if (!form || !token) return;
    this.reading.become("locking");
    this.reading.page.element.focus({ preventScroll: true });
    this.reading.page.stage("locking", this.reading.page.summary.textContent ?? "");
    if (contradiction(this.reading.content.value, form)) this.reading.telemetry.set("contradiction_kept", 1);
    await this.reading.telemetry.settle();
    await this.reading.drafts.settle();
    if (this.reading.state !== "locking") return;
    const content = this.reading.content.snapshot();
    try {
      const send = () =>
        this.reading.api.lock(token, { revision: this.reading.drafts.revision, tab: this.reading.tab, content });
      const answer = await this.reading.persist(send, () =>
        this.reading.page.problem("No connection; the lock is sent again by itself."),
      );
      if (!answer || this.reading.state !== "locking") return;
      performance.mark("parallax-locked");
      this.reading.close();
      this.reading.cover.show("blank", ["Locked"]);
      await this.reading.next(answer.next);
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      this.#not(trouble);
    }
  }

  /** Out of the summary, on with reading. */
  back() {
    this.reading.become("reading");
    this.reading.page.stage("reading");
  }

  /** @param {Trouble} trouble */
  #not(trouble) {
    if (trouble.kind === "stale" && trouble.draft) {
      this.reading.drafts.rebase(trouble.draft.revision);
      this.reading.adopt(trouble.draft, trouble.message);
    } else if (trouble.kind === "invalid") {
      this.back();
      const rest = this.reading.form.problems(trouble.fields);
      this.reading.page.problem(rest[0] ?? "Something is still missing; see above.");
    } else if (trouble.kind === "conflict") {
      this.back();
      this.reading.page.problem(trouble.message);
    } else this.reading.refused(trouble);
  }
}
