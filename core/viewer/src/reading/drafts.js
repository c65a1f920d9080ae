// @ts-check
// Saves every change: one request at a time, each sent again until the server has answered it.

import { Patience, Trouble } from "./api.js";

const QUIET_MS = 300;

export class Drafts {
  #patience = new Patience();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {import("../contract.js").DraftEdit | null} */
  #sending = null; // the payload on its way; sent again unchanged until answered, or the server would call it stale
  #changed = false;
  /** @type {((value?: unknown) => void)[]} */
  #idle = [];
  #run = 0;

  /** @type {() => void} lets drafts be sent: this tab holds the case */
  release = () => {};
  /** @type {string | null} */
  token = null;
  revision = 0;
  #ready = Promise.resolve();

  /**
   * @param {Pick<import("./api.js").Api, "draft">} api
   * @param {string} tab
   * @param {() => import("../contract.js").Content} snapshot
   * @param {{
   *   state(kind: "saved" | "saving" | "retrying" | "refused"): void,
   *   adopt(draft: import("../contract.js").Draft, message: string): void,
   *   takenOver(trouble: Trouble): void,
   *   invalid(fields: { [field: string]: string }): void,
   * }} hooks
   */
  constructor(api, tab, snapshot, hooks) {
    this.api = api;
    this.tab = tab;
    this.snapshot = snapshot;
    this.hooks = hooks;
  }

  /**
   * @param {string} token
   * @param {number} revision
   */
  open(token, revision) {
    this.close();
    this.token = token;
    this.revision = revision;
    this.#ready = new Promise((resolve) => {
      this.release = resolve; // nothing is sent before this tab holds the case
    });
    this.hooks.state("saved");
  }

  /** Go on from the server's revision, whose answers were taken over.
   * @param {number} revision */
  rebase(revision) {
    this.revision = revision;
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
    const { token } = this;
    const run = this.#run;
    while (run === this.#run && (this.#changed || this.#sending)) {
      if (!this.#sending) {
        this.#changed = false;
        this.#sending = { revision: this.revision, tab: this.tab, content: this.snapshot() };
      }
      try {
        await this.#ready;
        if (run !== this.#run) return;
        const answer = await this.api.draft(token, this.#sending);
        if (run !== this.#run) return;
        this.revision = answer.revision;
        this.#answered(this.#changed ? "saving" : "saved");
      } catch (trouble) {
        if (run !== this.#run) return;
        if (!(trouble instanceof Trouble)) throw trouble;
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

  /** @param {Trouble} trouble */
  #refused(trouble) {
    this.#answered(trouble.kind === "stale" ? "saved" : "refused");
    if (trouble.kind === "stale" && trouble.draft) {
      this.#changed = false;
      this.rebase(trouble.draft.revision);
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
