// @ts-check
// The parts of the reading page and how they hear of each other; each knows nothing of the rest.

import { Form } from "../form/form.js";
import { Page } from "../page.js";
import { AiPanel } from "../screens/ai_panel.js";
import { Clinical } from "../screens/clinical.js";
import { Cover } from "../screens/cover.js";
import { Help } from "../screens/help.js";
import { Toolbar } from "../screens/toolbar.js";
import { Stock } from "../viewer/stock.js";
import { Viewer } from "../viewer/viewer.js";
import { Api } from "./api.js";
import { Attention } from "./attention.js";
import { Content } from "./content.js";
import { Drafts } from "./drafts.js";
import { Keys } from "./keys.js";
import { Telemetry } from "./telemetry.js";

export class Parts {
  /** @param {import("./reading.js").Reading} reading hears what a part cannot do alone */
  constructor(reading) {
    this.api = new Api(reading.base, { expired: () => reading.expiredSignIn(), answered: () => reading.answered() });
    this.content = new Content({
      changed: (what) => reading.changed(what),
      standing: () => this.page.problem("In this study the first diagnosis of a case stands."),
    });
    this.keys = new Keys();
    this.stock = new Stock(reading.base);
    this.cover = new Cover();
    this.page = new Page({
      workUrl: `${reading.base}/work`,
      onpause: () => reading.pauseOrResume(),
      onhelp: () => this.help.open(),
      onlock: () => reading.locking.enter(),
      onback: () => reading.escape(),
    });
    this.form = new Form(this.content, {
      mark: (question, tool, finding) => this.viewer.choose(tool, question, finding),
      goTo: (place) => this.viewer.goToPlace(place),
    });
    this.viewer = new Viewer({
      painted: (first) => reading.case?.painted(first),
      acted: () => reading.acted(),
      count: (name, by) => this.telemetry.count(name, by),
      seen: (n) => this.telemetry.set("slices_seen", n),
      marks: (marks) =>
        reading.edit(() =>
          this.content.change("marks", (value) => {
            value.marks = marks;
          }),
        ),
      made: () => this.viewer.choose("window"),
      changed: () => reading.buttons(),
    });
    this.aiPanel = new AiPanel({
      goTo: (slice) => this.viewer.goToPlace({ slice }),
      overlay: (change) => this.viewer.setOverlay(change),
    });
    this.clinical = new Clinical({
      ask: async (token) => {
        await this.drafts.settle(); // the first diagnosis must be the server's before anything is shown
        return this.api.clinical(token);
      },
      problem: (message) => this.page.problem(message),
    });
    this.help = new Help(this.keys, {
      save: (own) => this.api.bindings(own),
      letters: () => (this.form.form?.classes ?? []).map(({ letter }) => (letter || "").toLowerCase()),
      closed: () => {
        reading.buttons();
        this.page.element.focus({ preventScroll: true });
      },
    });
    this.drafts = new Drafts(this.api, reading.tab, () => this.content.snapshot(), {
      state: (kind) => this.page.state(kind),
      adopt: (draft, message) => reading.adopt(draft, message),
      takenOver: (trouble) => reading.refused(trouble),
      invalid: (fields) => this.form.problems(fields),
    });
    this.telemetry = new Telemetry(this.api, reading.tab, {
      clock: (clock) => reading.case?.setClock(clock),
      takenOver: (trouble) => reading.refused(trouble),
    });
    this.toolbar = new Toolbar((action) => reading.commands.run(action));
    this.attention = new Attention(this.page.element, {
      tell: (kind) => reading.case && this.telemetry.mark(kind),
      leave: () => reading.case && this.telemetry.leave(),
    });
    this.page.assemble({
      toolbar: this.toolbar.element,
      stage: this.viewer.element,
      aiPanel: this.aiPanel.element,
      clinical: this.clinical.element,
      form: this.form.element,
      cover: this.cover.element,
      help: this.help.element,
    });
  }
}
