// @ts-check
// The course of reading: open, read, review, lock, next. Holds the parts together; each knows nothing of the others.

import { Patience, Trouble } from "./api.js";
import { Case } from "./case.js";
import { commands } from "./commands.js";
import { Locking } from "./locking.js";
import { Parts } from "./parts.js";

/** @typedef {import("./api.js").Next} Next */
/** @typedef {"opening" | "arriving" | "reading" | "summary" | "locking" | "paused" | "refused" | "done"} State */

export class Reading {
  #patience = new Patience();
  #ended = false;

  /** @type {Case | null} */
  case = null;
  /** @type {State} */
  state = "opening";

  /** @param {{ studyId: number, base: string, home?: string, rendering?: import("../types.js").Rendering }} options */
  constructor({ studyId, base, home, rendering }) {
    this.rendering = rendering;
    this.home = home ?? "Back to the work list";
    this.studyId = studyId;
    this.base = base;
    this.tab = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.slice(0, 40);
    this.expired = false; // the sign-in
    const parts = new Parts(this);
    this.api = parts.api;
    this.content = parts.content;
    this.keys = parts.keys;
    this.stock = parts.stock;
    this.cover = parts.cover;
    this.page = parts.page;
    this.form = parts.form;
    this.viewer = parts.viewer;
    this.aiPanel = parts.aiPanel;
    this.clinical = parts.clinical;
    this.help = parts.help;
    this.drafts = parts.drafts;
    this.telemetry = parts.telemetry;
    this.toolbar = parts.toolbar;
    this.attention = parts.attention;
    this.locking = new Locking(this);
    this.commands = commands(this);
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
  }

  /** A case is on the screen and may be worked on. */
  get open_() {
    return this.state === "reading" || this.state === "summary";
  }

  mounted() {
    const asked = this.api.next(this.studyId); // under way while the viewer is set up
    asked.catch(() => {}); // told of below
    this.viewer.mount(this.rendering);
    this.start({ asked });
  }

  /** @param {{ takeOver?: boolean, asked?: Promise<Next> | null }} how */
  async start({ takeOver = false, asked = null } = {}) {
    this.close();
    this.cover.show("opening", ["Opening your next case"]);
    let first = asked;
    const ask = () => {
      const answer = first ?? this.api.next(this.studyId);
      first = null;
      return answer;
    };
    const next = await this.persist(ask, (trouble) =>
      this.cover.show(
        "opening",
        ["Opening your next case", `${trouble.message} Trying again.`],
        [["Try now", () => this.wake()]],
      ),
    );
    if (next) await this.next(next, { takeOver });
  }

  /** Go on with an answer of the server: feedback and break first, each closed by the reader.
   * @param {Next} next
   * @param {{ takeOver?: boolean }} how */
  async next(next, { takeOver = false } = {}) {
    const { feedback } = next;
    if (feedback) {
      const said = feedback.correct ? "Your diagnosis agrees." : "Your diagnosis differs.";
      await this.#ask("feedback", [`Practice case ${feedback.case}: ${feedback.truth_label}`, said], "Next case");
    }
    if (next.done) {
      this.state = "done";
      this.cover.show(
        "done",
        [next.message],
        [[this.home, () => location.assign(`${this.base}/work`), `${this.base}/work`]],
      );
      return;
    }
    if (next.break) await this.#ask("break", [next.break, "Everything is saved; the clock does not run."], "Go on");
    if (this.#ended) return;
    this.keys.set(next.viewer.bindings);
    this.cover.show("blank", [
      `${next.read.practice ? "Practice case" : "Case"} ${next.read.position} of ${next.read.total}`,
    ]);
    this.case = new Case(this, next);
    this.case.open({ takeOver });
  }

  acted() {
    if (this.case?.seen) this.attention.acted();
  }

  /** Every change of an answer comes through here; it takes a summary back.
   * @param {() => void} change */
  edit(change) {
    if (!this.open_) return;
    this.acted();
    change();
  }

  /** @param {string} key */
  isLetter(key) {
    return (this.form.form?.classes ?? []).some(({ letter }) => letter && letter.toLowerCase() === key);
  }

  toggleKey() {
    if (this.viewer.plane !== "axial") return this.page.say("Key images are axial; go back to axial first.");
    const slice = this.viewer.at.axial;
    return this.content.change("key", (value) => {
      const on = value.key_slices.includes(slice);
      value.key_slices = on
        ? value.key_slices.filter((one) => one !== slice)
        : [...value.key_slices, slice].sort((a, b) => a - b);
    });
  }

  escape() {
    if (this.state === "summary") this.locking.back();
    else if (this.viewer.tools.chosen !== "window") this.viewer.choose("window");
    else this.page.say(null);
  }

  pauseOrResume() {
    if (this.open_) {
      if (this.state === "summary") this.locking.back();
      this.telemetry.mark("pause");
      this.paused();
    } else if (this.state === "paused") {
      this.telemetry.mark("resume");
      this.case?.resume();
    }
  }

  paused() {
    this.state = "paused";
    this.viewer.cine.stop();
    this.cover.show(
      "paused",
      ["Paused", "The clock stands still. P or Enter goes on."],
      [["Go on", () => this.pauseOrResume()]],
    );
  }

  /** The server will not have this read from this page: another tab, a closed study, no right.
   * @param {Trouble} trouble */
  refused(trouble) {
    if (this.state === "refused" || this.#ended) return;
    this.close();
    this.state = "refused";
    const again =
      trouble.kind === "taken_over"
        ? [["Read here instead", () => this.start({ takeOver: true })]]
        : [["Try again", () => this.start()]];
    const title = trouble.kind === "taken_over" ? "Another tab has taken over" : "This case cannot be read now";
    this.cover.show("refused", [title, trouble.message], [...again, [this.home, null, `${this.base}/work`]]);
  }

  /** Send everything that waits, now. */
  wake() {
    this.#patience.wake();
    this.drafts.wake();
    this.telemetry.wake();
    this.stock.wake();
  }

  buttons() {
    const { stack, tools, plane, cine, overlay } = this.viewer;
    if (!this.case) return;
    /** @type {Set<string | undefined>} */
    const pressed = new Set([plane, tools.chosen, this.viewer.windowName]);
    if (stack.inverted) pressed.add("invert");
    if (cine.playing) pressed.add("cine");
    if (overlay.on) pressed.add("overlay");
    if (this.content.value.key_slices.includes(this.viewer.at.axial)) pressed.add("key");
    this.toolbar.show({ pressed, absent: new Set(this.case.ai ? [] : ["overlay"]), keys: this.keys });
    this.aiPanel.showOverlay({ on: overlay.on, opacity: overlay.opacity, ...overlay.layers });
  }

  destroy() {
    this.#ended = true;
    if (this.case) this.telemetry.leave();
    this.close();
    this.attention.destroy();
    this.stock.keepOnly([]);
    this.viewer.destroy();
  }

  /** @param {string} what */
  changed(what) {
    if (this.state === "summary") this.locking.back();
    this.page.problem("");
    this.form.refresh();
    this.viewer.setKeys(this.content.value.key_slices);
    if (what !== "marks") this.viewer.setMarks(this.content.value.marks);
    this.buttons();
    this.drafts.changed();
  }

  /**
   * @param {import("../contract.js").Draft} draft
   * @param {string} message
   */
  adopt(draft, message) {
    this.content.adopt(draft, this.form.form?.undo ?? true);
    if (this.open_ || this.state === "locking") this.locking.back();
    this.form.refresh();
    this.viewer.setKeys(this.content.value.key_slices);
    this.viewer.setMarks(this.content.value.marks);
    this.page.say(message || "These answers were changed elsewhere; the newer ones are shown.", [
      "OK",
      () => this.page.say(null),
    ]);
  }

  close() {
    this.case?.close();
    this.case = null;
    this.state = "opening";
    this.drafts.close();
    this.telemetry.close();
    this.attention.close();
    this.viewer.blank();
    this.aiPanel.close();
    this.clinical.close();
    this.form.close();
    this.page.stage("reading");
    this.page.say(null);
    this.page.load(null);
    this.page.time(null);
  }

  #ask(kind, lines, button) {
    return new Promise((resolve) => this.cover.show(kind, lines, [[button, resolve]]));
  }

  /** Repeat until the server answers; other refusals are thrown.
   * @template T
   * @param {() => Promise<T>} send
   * @param {(trouble: Trouble) => void} onwait
   * @returns {Promise<T | null>} */
  async persist(send, onwait) {
    while (!this.#ended) {
      try {
        const answer = await send();
        this.#patience.reset();
        return answer;
      } catch (trouble) {
        if (!(trouble instanceof Trouble)) throw trouble;
        if (!trouble.passing) {
          if (this.state !== "opening") throw trouble;
          this.refused(trouble);
          return null;
        }
        onwait(trouble);
        await this.#patience.wait();
      }
    }
    return null;
  }

  expiredSignIn() {
    this.expired = true;
    this.page.say("Your sign-in has expired. Sign in in another tab, then continue here; nothing is lost.", [
      "Continue",
      () => this.wake(),
    ]);
  }

  answered() {
    if (!this.expired) return;
    this.expired = false;
    this.page.say(null);
  }
}
