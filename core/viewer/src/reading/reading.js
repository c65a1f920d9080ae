// The course of reading: open, read, review, lock, next. Holds the parts together; each knows nothing of the others.

import { Page } from "../page.js";
import { Form } from "../form/form.js";
import { AiPanel } from "../screens/ai_panel.js";
import { Cover } from "../screens/cover.js";
import { Help } from "../screens/help.js";
import { Toolbar } from "../screens/toolbar.js";
import { Stock } from "../viewer/stock.js";
import { Viewer } from "../viewer/viewer.js";
import { Api, Patience } from "./api.js";
import { Attention } from "./attention.js";
import { commands } from "./commands.js";
import { Content, missing, summary } from "./content.js";
import { Drafts } from "./drafts.js";
import { Keys } from "./keys.js";
import { Case } from "./case.js";
import { Telemetry } from "./telemetry.js";

const STEADY_MS = 200; // a bouncing Enter key must not lock

export class Reading {
  #patience = new Patience();
  #summaryAt = 0;
  #ended = false;

  constructor({ studyId, base }) {
    this.studyId = studyId;
    this.base = base;
    this.tab = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.slice(0, 40);
    this.state = "opening";
    this.api = new Api(base);
    this.api.onexpired = () => this.#expired();
    this.api.onanswer = () => this.#answered();
    this.content = new Content();
    this.keys = new Keys();
    this.stock = new Stock(base);
    this.cover = new Cover();
    this.page = new Page({
      workUrl: `${base}/work`,
      onpause: () => this.pauseOrResume(),
      onhelp: () => this.help.open(),
      onlock: () => this.enter(),
      onback: () => this.escape(),
    });
    this.form = new Form(this.content, {
      mark: (question, tool) => this.viewer.choose(tool, question),
      goTo: (slice) => this.viewer.goToSlice(slice),
    });
    this.viewer = new Viewer({
      painted: (first) => this.case?.painted(first),
      acted: () => this.acted(),
      count: (name, by) => this.telemetry.count(name, by),
      seen: (n) => this.telemetry.set("slices_seen", n),
      marks: (marks) => this.edit(() => this.content.change("marks", (value) => (value.marks = marks))),
      made: () => this.viewer.choose("window"),
      changed: () => this.buttons(),
    });
    this.aiPanel = new AiPanel({ goTo: (slice) => this.viewer.goToSlice(slice), overlay: (change) => this.#overlay(change) });
    this.help = new Help(this.keys, {
      save: (own) => this.api.bindings(own),
      letters: () => (this.form.form?.classes ?? []).map(({ letter }) => (letter || "").toLowerCase()),
      closed: () => {
        this.buttons();
        this.page.element.focus({ preventScroll: true });
      },
    });
    this.drafts = new Drafts(this.api, this.tab, () => this.content.snapshot(), {
      state: (kind) => this.page.state(kind),
      adopt: (draft, message) => this.#adopt(draft, message),
      takenOver: (trouble) => this.refused(trouble),
      invalid: (fields) => this.form.problems(fields),
    });
    this.telemetry = new Telemetry(this.api, this.tab, {
      clock: (clock) => this.case?.setClock(clock),
      takenOver: (trouble) => this.refused(trouble),
    });
    this.commands = commands(this);
    this.toolbar = new Toolbar((action) => this.commands.run(action));
    this.page.assemble({
      toolbar: this.toolbar.element, stage: this.viewer.element, aiPanel: this.aiPanel.element,
      form: this.form.element, cover: this.cover.element, help: this.help.element,
    });
    this.attention = new Attention(this.page.element, {
      tell: (kind) => this.case && this.telemetry.mark(kind),
      leave: () => this.case && this.telemetry.leave(),
    });
    this.content.onchange = (what) => this.#changed(what);
  }

  /** A case is on the screen and may be worked on. */
  get open_() {
    return this.state === "reading" || this.state === "summary";
  }

  mounted() {
    this.viewer.mount();
    this.start();
  }

  async start({ takeOver = false } = {}) {
    this.#close();
    this.cover.show("opening", ["Opening your next case"]);
    const next = await this.#persist(() => this.api.next(this.studyId), (trouble) =>
      this.cover.show("opening", ["Opening your next case", `${trouble.message} Trying again.`], [["Try now", () => this.wake()]]));
    if (next) await this.next(next, { takeOver });
  }

  /** Go on with an answer of the server: feedback and break first, each closed by the reader. */
  async next(next, { takeOver = false } = {}) {
    const { feedback } = next;
    if (feedback) {
      const said = feedback.correct ? "Your diagnosis agrees." : "Your diagnosis differs.";
      await this.#ask("feedback", [`Practice case ${feedback.case}: ${feedback.truth_label}`, said], "Next case");
    }
    if (next.done) {
      this.state = "done";
      this.cover.show("done", [next.message], [["Back to the work list", () => location.assign(`${this.base}/work`), `${this.base}/work`]]);
      return;
    }
    if (next.break) await this.#ask("break", [next.break, "Everything is saved; the clock does not run."], "Go on");
    if (this.#ended) return;
    this.keys.set(next.viewer.bindings);
    this.cover.show("blank", [`${next.read.practice ? "Practice case" : "Case"} ${next.read.position} of ${next.read.total}`]);
    this.case = new Case(this, next);
    this.case.open({ takeOver });
  }

  acted() {
    if (this.case?.seen) this.attention.acted();
  }

  /** Every change of an answer comes through here; it takes a summary back. */
  edit(change) {
    if (!this.open_) return;
    this.acted();
    change();
  }

  isLetter(key) {
    return this.form.form.classes.some(({ letter }) => letter && letter.toLowerCase() === key);
  }

  toggleKey() {
    if (this.viewer.plane !== "axial") return this.page.say("Key images are axial; go back to axial first.");
    const slice = this.viewer.at.axial;
    return this.content.change("key", (value) => {
      const on = value.key_slices.includes(slice);
      value.key_slices = on ? value.key_slices.filter((one) => one !== slice) : [...value.key_slices, slice].sort((a, b) => a - b);
    });
  }

  enter() {
    if (this.state === "reading") this.#review();
    else if (this.state === "summary" && performance.now() - this.#summaryAt > STEADY_MS) this.lock();
  }

  escape() {
    if (this.state === "summary") this.#backToReading();
    else if (this.viewer.tools.chosen !== "window") this.viewer.choose("window");
    else this.page.say(null);
  }

  async lock() {
    this.state = "locking";
    this.page.element.focus({ preventScroll: true });
    const { token } = this.case.read;
    this.page.stage("locking", this.page.summary.textContent);
    await this.telemetry.settle();
    await this.drafts.settle();
    if (this.state !== "locking") return;
    const content = this.content.snapshot();
    try {
      const send = () => this.api.lock(token, { revision: this.drafts.revision, tab: this.tab, content });
      const answer = await this.#persist(send, () => this.page.problem("No connection; the lock is sent again by itself."));
      if (!answer || this.state !== "locking") return;
      this.#close();
      this.cover.show("blank", ["Locked"]);
      await this.next(answer.next);
    } catch (trouble) {
      this.#notLocked(trouble);
    }
  }

  pauseOrResume() {
    if (this.open_) {
      if (this.state === "summary") this.#backToReading();
      this.telemetry.mark("pause");
      this.paused();
    } else if (this.state === "paused") {
      this.telemetry.mark("resume");
      this.case.resume();
    }
  }

  paused() {
    this.state = "paused";
    this.viewer.cine.stop();
    this.cover.show("paused", ["Paused", "The clock stands still. P or Enter goes on."], [["Go on", () => this.pauseOrResume()]]);
  }

  /** The server will not have this read from this page: another tab, a closed study, no right. */
  refused(trouble) {
    if (this.state === "refused" || this.#ended) return;
    this.#close();
    this.state = "refused";
    const again = trouble.kind === "taken_over"
      ? [["Read here instead", () => this.start({ takeOver: true })]]
      : [["Try again", () => this.start()]];
    const title = trouble.kind === "taken_over" ? "Another tab has taken over" : "This case cannot be read now";
    this.cover.show("refused", [title, trouble.message], [...again, ["Work list", null, `${this.base}/work`]]);
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
    this.#close();
    this.attention.destroy();
    this.stock.keepOnly([]);
    this.viewer.destroy();
  }

  #review() {
    if (!this.case.seen) return this.page.problem("The image has not appeared yet.");
    const form = this.form.form;
    const fields = missing(this.content.value, form);
    const rest = this.form.problems(fields);
    if (Object.keys(fields).length) return this.page.problem(rest[0] ?? "Something is still missing; see above.");
    this.page.problem("");
    this.state = "summary";
    this.#summaryAt = performance.now();
    return this.page.stage("summary", `${summary(this.content.value, form)}. Enter locks, Esc goes back.`);
  }

  #backToReading() {
    this.state = "reading";
    this.page.stage("reading");
  }

  #changed(what) {
    if (this.state === "summary") this.#backToReading();
    this.page.problem("");
    this.form.refresh();
    this.viewer.setKeys(this.content.value.key_slices);
    if (what !== "marks") this.viewer.setMarks(this.content.value.marks);
    this.buttons();
    this.drafts.changed();
  }

  #adopt(draft, message) {
    this.content.adopt(draft.content, this.form.form.undo);
    if (this.open_ || this.state === "locking") this.#backToReading();
    this.form.refresh();
    this.viewer.setKeys(this.content.value.key_slices);
    this.viewer.setMarks(this.content.value.marks);
    this.page.say(message || "These answers were changed elsewhere; the newer ones are shown.", ["OK", () => this.page.say(null)]);
  }

  #notLocked(trouble) {
    if (trouble.kind === "stale") {
      this.drafts.revision = trouble.draft.revision;
      this.#adopt(trouble.draft, trouble.message);
    } else if (trouble.kind === "invalid") {
      this.#backToReading();
      const rest = this.form.problems(trouble.fields);
      this.page.problem(rest[0] ?? "Something is still missing; see above.");
    } else if (trouble.kind === "conflict") {
      this.#backToReading();
      this.page.problem(trouble.message);
    } else this.refused(trouble);
  }

  #overlay({ on, opacity, ...layers }) {
    const { overlay } = this.viewer;
    if (on !== undefined) overlay.on = on;
    if (opacity !== undefined) overlay.opacity = opacity;
    Object.assign(overlay.layers, layers);
    overlay.draw();
    this.buttons();
  }

  #close() {
    this.case?.close();
    this.case = null;
    this.state = "opening";
    this.drafts.close();
    this.telemetry.close();
    this.attention.close();
    this.viewer.blank();
    this.aiPanel.close();
    this.form.close();
    this.page.stage("reading");
    this.page.say(null);
    this.page.load(null);
    this.page.time(null);
  }

  #ask(kind, lines, button) {
    return new Promise((resolve) => this.cover.show(kind, lines, [[button, resolve]]));
  }

  /** Repeat until the server answers; other refusals are thrown. */
  async #persist(send, onwait) {
    while (!this.#ended) {
      try {
        const answer = await send();
        this.#patience.reset();
        return answer;
      } catch (trouble) {
        if (!trouble.passing) {
          if (this.state === "opening") return this.refused(trouble);
          throw trouble;
        }
        onwait(trouble);
        await this.#patience.wait();
      }
    }
    return null;
  }

  #expired() {
    this.expired = true;
    this.page.say("Your sign-in has expired. Sign in in another tab, then continue here; nothing is lost.", ["Continue", () => this.wake()]);
  }

  #answered() {
    if (!this.expired) return;
    this.expired = false;
    this.page.say(null);
  }
}
