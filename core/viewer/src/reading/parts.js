// The parts of the reading page and how they hear of each other; each knows nothing of the rest.

import { Page } from "../page.js";
import { Form } from "../form/form.js";
import { AiPanel } from "../screens/ai_panel.js";
import { Cover } from "../screens/cover.js";
import { Help } from "../screens/help.js";
import { Toolbar } from "../screens/toolbar.js";
import { Stock } from "../viewer/stock.js";
import { Viewer } from "../viewer/viewer.js";
import { Api } from "./api.js";
import { Attention } from "./attention.js";
import { commands } from "./commands.js";
import { Content } from "./content.js";
import { Drafts } from "./drafts.js";
import { Keys } from "./keys.js";
import { Telemetry } from "./telemetry.js";

export function assemble(reading) {
  reading.api = new Api(reading.base);
  reading.api.onexpired = () => reading.expiredSignIn();
  reading.api.onanswer = () => reading.answered();
  reading.content = new Content();
  reading.keys = new Keys();
  reading.stock = new Stock(reading.base);
  reading.cover = new Cover();
  reading.page = new Page({
    workUrl: `${reading.base}/work`,
    onpause: () => reading.pauseOrResume(),
    onhelp: () => reading.help.open(),
    onlock: () => reading.locking.enter(),
    onback: () => reading.escape(),
  });
  reading.form = new Form(reading.content, {
    mark: (question, tool) => reading.viewer.choose(tool, question),
    goTo: (place) => reading.viewer.goToPlace(place),
  });
  reading.viewer = new Viewer({
    painted: (first) => reading.case?.painted(first),
    acted: () => reading.acted(),
    count: (name, by) => reading.telemetry.count(name, by),
    seen: (n) => reading.telemetry.set("slices_seen", n),
    marks: (marks) => reading.edit(() => reading.content.change("marks", (value) => (value.marks = marks))),
    made: () => reading.viewer.choose("window"),
    changed: () => reading.buttons(),
  });
  reading.aiPanel = new AiPanel({ goTo: (slice) => reading.viewer.goToPlace({ slice }), overlay: (change) => reading.viewer.setOverlay(change) });
  reading.help = new Help(reading.keys, {
    save: (own) => reading.api.bindings(own),
    letters: () => (reading.form.form?.classes ?? []).map(({ letter }) => (letter || "").toLowerCase()),
    closed: () => {
      reading.buttons();
      reading.page.element.focus({ preventScroll: true });
    },
  });
  reading.drafts = new Drafts(reading.api, reading.tab, () => reading.content.snapshot(), {
    state: (kind) => reading.page.state(kind),
    adopt: (draft, message) => reading.adopt(draft, message),
    takenOver: (trouble) => reading.refused(trouble),
    invalid: (fields) => reading.form.problems(fields),
  });
  reading.telemetry = new Telemetry(reading.api, reading.tab, {
    clock: (clock) => reading.case?.setClock(clock),
    takenOver: (trouble) => reading.refused(trouble),
  });
  reading.commands = commands(reading);
  reading.toolbar = new Toolbar((action) => reading.commands.run(action));
  reading.page.assemble({
    toolbar: reading.toolbar.element, stage: reading.viewer.element, aiPanel: reading.aiPanel.element,
    form: reading.form.element, cover: reading.cover.element, help: reading.help.element,
  });
  reading.attention = new Attention(reading.page.element, {
    tell: (kind) => reading.case && reading.telemetry.mark(kind),
    leave: () => reading.case && reading.telemetry.leave(),
  });
  reading.content.onchange = (what) => reading.changed(what);
  reading.content.onstanding = () => reading.page.problem("In this study the first diagnosis of a case stands.");
}
