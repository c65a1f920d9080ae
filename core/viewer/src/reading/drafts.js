// Saves every change: one request at a time, each sent again until the server has answered it.

import { Patience } from "./api.js";

const QUIET_MS = 300;

export class Drafts {
  #patience = new Patience();
  #timer = 0;
  #sending = null; // the payload on its way; sent again unchanged until answered, or the server would call it stale
  #changed = false;
  #idle = [];
  #run = 0;

  /** hooks: state("saved" | "saving" | "retrying" | "refused"), adopt(draft), takenOver(message), invalid(fields) */
  constructor(api, tab, snapshot, hooks) {
    Object.assign(this, { api, tab, snapshot, hooks, token: null, revision: 0, ready: null });
  }

  open(token, revision) {
    this.close();
    this.token = token;
    this.revision = revision;
    this.ready = new Promise((resolve) => (this.release = resolve)); // nothing is sent before this tab holds the case
    this.hooks.state("saved");
  }

  close() {
    clearTimeout(this.#timer);
    this.#run += 1;
    this.#sending = null;
    this.#changed = false;
    this.token = null;
    this.#settled();
  }

  changed() {
    if (!this.token) return;
    this.#changed = true;
    this.hooks.state("saving");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pump(), QUIET_MS);
  }

  /** Send what is unsent and wait until everything is answered. */
  settle() {
    if (!this.#changed && !this.#sending) return Promise.resolve();
    clearTimeout(this.#timer);
    const done = new Promise((resolve) => this.#idle.push(resolve));
    this.#pump();
    return done;
  }

  wake() {
    this.#patience.wake();
  }

  get unsaved() {
    return this.#changed || this.#sending !== null;
  }

  async #pump() {
    if (this.#sending || !this.token) return;
    const run = this.#run;
    while (run === this.#run && (this.#changed || this.#sending)) {
      if (!this.#sending) {
        this.#changed = false;
        this.#sending = { revision: this.revision, tab: this.tab, content: this.snapshot() };
      }
      try {
        await this.ready;
        if (run !== this.#run) return;
        const answer = await this.api.draft(this.token, this.#sending);
        if (run !== this.#run) return;
        this.revision = answer.revision;
        this.#answered(this.#changed ? "saving" : "saved");
      } catch (trouble) {
        if (run !== this.#run) return;
        if (trouble.passing) {
          this.hooks.state("retrying");
          await this.#patience.wait();
        } else {
          this.#refused(trouble);
        }
      }
    }
    if (run === this.#run) this.#settled();
  }

  #answered(state) {
    this.#sending = null;
    this.#patience.reset();
    this.hooks.state(state);
  }

  #refused(trouble) {
    this.#answered(trouble.kind === "stale" ? "saved" : "refused");
    if (trouble.kind === "stale") {
      this.#changed = false;
      this.revision = trouble.draft.revision;
      this.hooks.adopt(trouble.draft, trouble.message);
    } else if (trouble.kind === "invalid") {
      this.hooks.invalid(trouble.fields);
    } else {
      this.#changed = false;
      this.hooks.takenOver(trouble);
    }
  }

  #settled() {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
