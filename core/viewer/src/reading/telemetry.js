// @ts-check
// Events of a read, numbered and sent until answered, with cumulative counters. A lost, late or repeated post changes nothing.

import { Patience, Trouble } from "./api.js";

/** @typedef {import("../contract.js").Event} ReadEvent */

export class Telemetry {
  #patience = new Patience();
  /** @type {ReadEvent[]} */
  #unsent = [];
  #n = 0;
  #seq = 0;
  /** @type {Promise<void> | null} */
  #posting = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #beat;
  /** @type {{ [name: string]: any }} */
  #counters = {};
  #started = 0;
  #holds = false; // this tab has shown an image, or said that it takes over: before, the server takes it for a stranger

  /** @type {string | null} */
  token = null;

  /**
   * @param {Pick<import("./api.js").Api, "events" | "beacon">} api
   * @param {string} tab
   * @param {{ clock(clock: import("../contract.js").Clock): void, takenOver(trouble: Trouble): void }} hooks
   */
  constructor(api, tab, hooks) {
    this.api = api;
    this.tab = tab;
    this.hooks = hooks;
  }

  /**
   * @param {string} token
   * @param {number} heartbeatS
   */
  open(token, heartbeatS) {
    this.close();
    this.token = token;
    this.#counters = { screen: screenText() };
    this.#started = performance.now();
    this.#holds = false;
    this.#beat = setInterval(() => this.#holds && this.mark("heartbeat"), heartbeatS * 1000);
  }

  /** Forget the read; what the server has not got by now belongs to a lock that holds anyway. */
  close() {
    clearInterval(this.#beat);
    this.#unsent = [];
    this.token = null;
  }

  /** @param {ReadEvent["kind"]} kind */
  mark(kind) {
    if (!this.token) return;
    this.#unsent.push({ n: this.#n, kind, t: Math.round(performance.now() - this.#started) });
    this.#n += 1;
    this.#holds ||= kind === "painted" || kind === "take_over";
    if (this.#holds) this.#post();
  }

  /** @param {string} name */
  count(name, by = 1) {
    this.#counters[name] = (this.#counters[name] || 0) + by;
  }

  /**
   * @param {string} name
   * @param {number | string} value
   */
  set(name, value) {
    this.#counters[name] = value;
  }

  /** Wait (not for ever) until the server has every event. */
  async settle(limitMs = 3000) {
    this.#counters.raw_client_ms = Math.round(performance.now() - this.#started);
    if (!this.#posting) this.#post();
    if (limitMs === Infinity) await this.#posting;
    else await Promise.race([this.#posting, new Promise((resolve) => setTimeout(resolve, limitMs))]);
  }

  /** The page is going away. */
  leave() {
    if (!this.token) return;
    this.#unsent.push({ n: this.#n, kind: "leave", t: Math.round(performance.now() - this.#started) });
    this.#n += 1;
    this.api.beacon(this.token, this.#body(this.#unsent));
  }

  wake() {
    this.#patience.wake();
  }

  /** @param {ReadEvent[]} events */
  #body(events) {
    this.#seq += 1;
    return { tab: this.tab, seq: this.#seq, counters: { ...this.#counters }, events };
  }

  #post() {
    this.#posting ??= this.#send().finally(() => {
      this.#posting = null;
    });
  }

  async #send() {
    const token = this.token;
    await null; // events of one moment travel together
    while (token && token === this.token) {
      const batch = this.#unsent.slice(0, 400);
      try {
        const answer = await this.api.events(token, this.#body(batch));
        if (token !== this.token) return;
        this.#patience.reset();
        this.#sent(batch);
        if (answer.clock) this.hooks.clock(answer.clock);
      } catch (trouble) {
        if (token !== this.token) return;
        if (!(trouble instanceof Trouble)) throw trouble;
        if (trouble.passing) {
          await this.#patience.wait();
          continue;
        }
        this.#sent(batch); // refused for good: sending it again would be refused again
        if (trouble.kind === "taken_over") this.hooks.takenOver(trouble);
      }
      if (this.#unsent.length === 0) return;
    }
  }

  /** @param {ReadEvent[]} batch */
  #sent(batch) {
    const last = batch.length ? batch[batch.length - 1].n : -1;
    this.#unsent = this.#unsent.filter((event) => event.n > last);
  }
}

function screenText() {
  return `${window.innerWidth}x${window.innerHeight}@${window.devicePixelRatio} of ${screen.width}x${screen.height}`;
}
