// @ts-check
// A case of an unblinded study looked over: the reading page's viewer without form, clock and lock.

import { isField, messageOf } from "../dom.js";
import { Keys, keyName } from "../reading/keys.js";
import { AiPanel } from "../screens/ai_panel.js";
import { Toolbar } from "../screens/toolbar.js";
import { REPEATING, viewing } from "../viewer/actions.js";
import { layOver } from "../viewer/overlays.js";
import { Stock } from "../viewer/stock.js";
import { Viewer } from "../viewer/viewer.js";
import { firstSlice } from "../viewer/volume.js";
import { Page } from "./page.js";
import { Reads } from "./reads.js";
import { truth } from "./truth.js";

const NOT_HERE = new Set(["key", "point", "box"]); // what makes answers; here nobody answers

export class Review {
  #ended = false;
  #painted = false;

  constructor({ studyId, caseNumber, base, rendering }) {
    this.url = `${base}/api/studies/${studyId}/cases/${caseNumber}/review`;
    this.base = base;
    this.rendering = rendering;
    this.keys = new Keys();
    this.stock = new Stock(base);
    this.page = new Page();
    this.viewer = new Viewer({
      painted: () => this.#paint(),
      acted: () => {},
      count: () => {},
      seen: () => {},
      marks: () => {},
      made: () => this.viewer.choose("window"),
      changed: () => this.buttons(),
    });
    const goTo = (place) => this.viewer.goToPlace(place);
    this.aiPanel = new AiPanel({
      goTo: (slice) => goTo({ slice }),
      overlay: (change) => this.viewer.setOverlay(change),
    });
    this.reads = new Reads({ goTo, show: (read) => this.show(read) });
    this.actions = viewing(this.viewer);
    this.toolbar = new Toolbar((action) => this.run(action));
    this.page.assemble({ toolbar: this.toolbar.element, stage: this.viewer.element });
  }

  async mounted() {
    this.viewer.mount(this.rendering, { locked: true });
    this.page.load("Opening the case");
    try {
      const response = await fetch(this.url, { credentials: "same-origin", cache: "no-store" });
      const found = await response.json();
      if (this.#ended) return;
      if (response.ok) this.open(found);
      else this.page.load(found.message || `The server answered ${response.status}.`);
    } catch {
      if (!this.#ended) this.page.load("The server cannot be reached.", ["Try again", () => this.mounted()]);
    }
  }

  open(found) {
    this.found = found;
    this.ai = found.ai;
    const first = telling(found);
    const { volume, stream } = this.stock.take(found.volume, first, {
      coarse: () => this.viewer.coarseArrived(),
      arrived: (z) => this.#arrived(z),
      trouble: (sentence) => this.page.load(sentence, ["Try now", () => this.stock.wake()]),
      expired: () => this.page.load("Your sign-in has expired; reload the page and sign in again."),
      done: () => this.#overlays(),
    });
    this.volume = volume;
    this.page.heading(found);
    this.reads.open(found);
    this.page.panel.append(truth(found), this.aiPanel.element, this.reads.element);
    if (this.ai) this.aiPanel.open(this.ai, found.classes);
    this.viewer.open(volume, { first, title: `Case ${found.case}`, wanted: (z) => stream.aim(z) });
    if (this.ai) this.viewer.setDeciding(this.ai.deciding_slices ?? []);
    this.#progress();
    this.buttons();
  }

  /** Show what one reader left on the image; null shows nobody's. */
  show(read) {
    this.viewer.setMarks(read?.marks ?? []);
    this.viewer.setKeys(read?.key_slices ?? []);
  }

  run(action) {
    if (!this.found || NOT_HERE.has(action)) return;
    this.actions[action]?.();
    this.page.element.focus({ preventScroll: true });
  }

  keydown(event) {
    if (isField(event.target) || !this.found) return;
    const name = keyName(event);
    const action = this.keys.action(name);
    if (!action || !(action in this.actions) || NOT_HERE.has(action)) return;
    if (name === "space" && event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    if (!event.repeat || REPEATING.has(action)) this.run(action);
  }

  buttons() {
    const { stack, tools, plane, cine, overlay } = this.viewer;
    if (!this.found) return;
    /** @type {Set<string | undefined>} */
    const pressed = new Set([plane, tools.chosen, this.viewer.windowName]);
    if (stack.inverted) pressed.add("invert");
    if (cine.playing) pressed.add("cine");
    if (overlay.on) pressed.add("overlay");
    const absent = new Set(NOT_HERE);
    if (!this.ai?.masks_url && !this.ai?.heat_url) absent.add("overlay");
    this.toolbar.show({ pressed, absent, keys: this.keys });
    this.aiPanel.showOverlay({ on: overlay.on, opacity: overlay.opacity, ...overlay.layers });
  }

  destroy() {
    this.#ended = true;
    this.stock.keepOnly([]);
    this.viewer.destroy();
  }

  #paint() {
    this.aiPanel.draw(this.viewer.at.axial);
    this.buttons();
    if (this.#painted) return;
    this.#painted = true;
    if (this.volume.complete) this.#overlays();
  }

  #arrived(z) {
    if (this.#ended) return;
    this.viewer.arrived(z);
    this.#progress();
  }

  #progress() {
    const { count, shape, complete } = this.volume;
    this.page.load(complete ? null : `Loading ${count} / ${shape[0]} slices`);
  }

  async #overlays() {
    if (!this.ai || !this.#painted || this.laid) return;
    this.laid = true;
    try {
      await layOver(this.viewer.overlay, this.base, this.ai, () => !this.#ended);
      this.page.element.dataset.overlays = "here"; // from now on M shows something
    } catch (error) {
      if (!this.#ended) this.page.load(`The AI's overlay could not be loaded: ${messageOf(error)}`);
    }
  }
}

/** The middle one of the slices that decided the AI's call, else the middle of the lungs. */
function telling({ ai, volume }) {
  const deciding = ai?.deciding_slices ?? [];
  return deciding.length ? deciding[Math.floor(deciding.length / 2)] : firstSlice(volume, "lungs");
}
