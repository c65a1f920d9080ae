// @ts-check
// One read on the screen: its pixels, its clock, its AI output if revealed.

import { messageOf } from "../dom.js";
import { layOver } from "../viewer/overlays.js";
import { firstSlice } from "../viewer/volume.js";

const TICK_MS = 1000;

export class Case {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #tick;
  #heard = 0;
  #closed = false;

  /**
   * @param {import("./reading.js").Reading} reading
   * @param {import("../contract.js").OpenRead} next
   */
  constructor(reading, next) {
    this.openedAt = performance.now();
    this.reading = reading;
    this.next = next;
    this.read = next.read;
    this.ai = next.ai;
    this.clock = next.clock;
    this.seen = false;
    this.loaded = false;
  }

  /** @param {{ takeOver: boolean }} how */
  open({ takeOver }) {
    const { reading, next } = this;
    const { content, form, drafts, telemetry, attention, page, viewer } = reading;
    reading.become("arriving");
    const first = firstSlice(next.volume, next.viewer.open_at);
    const { volume, stream } = reading.stock.take(next.volume, first, {
      arrived: (z) => this.#arrived(z),
      coarse: () => {
        performance.mark("parallax-coarse");
        if (!this.#closed) viewer.coarseArrived();
      },
      trouble: (sentence, seconds) => this.#trouble(sentence, seconds),
      expired: () => reading.expiredSignIn(),
      done: () => this.#loaded(),
    });
    this.volume = volume;
    this.stream = stream;
    content.adopt(next.draft, next.form.undo);
    form.open(next.form);
    page.heading(next);
    page.stage("reading");
    page.problem("");
    telemetry.open(this.read.token, next.clock.heartbeat_s);
    if (takeOver) telemetry.mark("take_over");
    drafts.open(this.read.token, next.draft.revision);
    attention.open(next.clock.idle_after_s);
    this.setClock(next.clock);
    this.#tick = setInterval(() => this.#showTime(), TICK_MS);
    if (this.ai) reading.aiPanel.open(this.ai, next.form.classes);
    reading.clinical.open(next);
    viewer.setMarks(content.value.marks);
    viewer.open(volume, {
      first,
      title: `Case ${this.read.case}`,
      wanted: (z) => stream.aim(z),
      window: next.viewer.window,
    });
    viewer.setMarks(content.value.marks);
    viewer.setKeys(content.value.key_slices);
    if (this.ai) viewer.setDeciding(this.ai.deciding_slices ?? []);
    this.#progress();
    reading.buttons();
    if (next.clock.paused) reading.paused();
    else this.resume();
  }

  /** On the screen and usable from now on. */
  resume() {
    this.reading.become("reading");
    this.reading.cover.hide();
    this.reading.page.element.focus({ preventScroll: true });
  }

  /** Every painted image; the first one starts the clock once it can be seen.
   * @param {boolean} isFirst */
  painted(isFirst) {
    const { reading } = this;
    reading.aiPanel.draw(reading.viewer.at.axial);
    reading.buttons();
    if (!isFirst) return;
    requestAnimationFrame(() => performance.mark("parallax-first-image"));
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (this.#closed) return;
        reading.telemetry.set("first_slice_ms", Math.round(performance.now() - this.openedAt));
        reading.telemetry.mark("painted");
        reading.telemetry.settle(Infinity).then(() => this.#closed || reading.drafts.release());
        this.seen = true;
        if (this.volume.complete) this.#loaded();
      }),
    );
  }

  /** @param {import("../contract.js").Clock} clock */
  setClock(clock) {
    this.clock = { ...this.clock, ...clock };
    this.#heard = performance.now();
    this.#showTime();
  }

  close() {
    this.#closed = true;
    clearInterval(this.#tick);
  }

  #showTime() {
    if (!this.next.form.clock_visible) return;
    const { reading, clock } = this;
    const runs = clock.started && reading.open_ && !reading.attention.idle && !document.hidden;
    const since = runs ? (performance.now() - this.#heard) / 1000 : 0;
    reading.page.time(clock.active_s + since);
  }

  /** @param {number} z */
  #arrived(z) {
    if (this.#closed) return;
    this.reading.viewer.arrived(z);
    if (this.volume.count % 8 === 0) this.#progress();
  }

  #progress() {
    const { count, shape, complete } = this.volume;
    this.reading.page.load(complete ? null : `Loading ${count} / ${shape[0]} slices`);
  }

  /**
   * @param {string} sentence
   * @param {number | null} seconds
   */
  #trouble(sentence, seconds) {
    if (this.#closed) return;
    const { count, shape } = this.volume;
    const again = seconds === null ? "" : ` Trying again in ${seconds < 1 ? "a moment" : `${seconds} s`}.`;
    this.reading.page.load(`${count} / ${shape[0]} slices are here. ${sentence}${again}`, [
      "Try now",
      () => this.reading.wake(),
    ]);
  }

  #loaded() {
    if (this.#closed || !this.seen || this.loaded) return;
    this.loaded = true;
    performance.mark("parallax-loaded");
    this.#progress();
    this.reading.telemetry.set("all_slices_ms", Math.round(performance.now() - this.openedAt));
    this.reading.telemetry.mark("loaded");
    const { next } = this.next;
    if (next) this.reading.stock.ahead(next.volume, firstSlice(next.volume, this.next.viewer.open_at));
    if (this.ai) this.#overlays(this.ai);
  }

  /** @param {import("../contract.js").AiOutput} ai */
  async #overlays(ai) {
    const { viewer } = this.reading;
    try {
      await layOver(viewer.overlay, this.reading.base, ai, () => !this.#closed);
    } catch (error) {
      if (!this.#closed)
        this.reading.page.say(`The AI's overlay could not be loaded (${messageOf(error)}).`, [
          "Try again",
          () => {
            this.reading.page.say(null);
            this.#overlays(ai);
          },
        ]);
    }
  }
}
