// @ts-check
// The image side of the reading page: one case at a time, every control of it a method, no knowledge of reads or forms.

import { h } from "../dom.js";
import { Cine } from "./cine.js";
import { Curtain } from "./curtain.js";
import { Margins } from "./margins.js";
import { Marks } from "./marks.js";
import { Mouse } from "./mouse.js";
import { Overlay } from "./overlay.js";
import { Stack } from "./stack.js";
import { Tools } from "./tools.js";
import { WINDOWS } from "./windows.js";

/** @typedef {import("../types.js").Plane} Plane */
/** @typedef {import("../contract.js").ImageMark} Mark */

export class Viewer {
  #seen = new Set();
  /** @type {import("./volume.js").Volume | null} */
  volume = null;
  /** @type {Plane} */
  plane = "axial";
  /** @type {Record<Plane, number>} */
  at = { axial: 0, coronal: 0, sagittal: 0 };
  title = "";
  /** @type {Mark[]} shown as soon as there is an image */
  #pending = [];
  #marksShown = false;
  /** @type {(z: number) => void} */
  #wanted = () => {};
  // from `mount` on
  /** @type {Stack} */
  stack;
  /** @type {Overlay} */
  overlay;
  /** @type {Tools} */
  tools;
  /** @type {Marks} */
  marks;
  /** @type {Mouse} */
  mouse;

  /** @param {import("../types.js").ViewerHooks} hooks changed: for the buttons */
  constructor(hooks) {
    this.hooks = hooks;
    this.view = h("div", { class: "view", role: "img", "aria-label": "CT image" });
    this.over = h("canvas", { class: "overlay", "aria-hidden": "true" });
    this.margins = new Margins(this);
    this.curtain = new Curtain({ view: this.view, over: this.over, hud: this.margins.hud, stack: () => this.stack });
    const { hud, bar } = this.margins;
    this.element = h("div", { class: "stage" }, this.view, this.curtain.canvas, this.over, hud.element, bar.element);
    this.cine = new Cine(() => this.#playOn());
  }

  /** Needs the element in the page. `locked`: the marks are somebody's answers and cannot be moved.
   * @param {import("../types.js").Rendering} rendering */
  mount(rendering, { locked = false } = {}) {
    this.stack = new Stack(this.view, rendering, {
      painted: (shown) => this.#painted(shown),
      moved: () => this.#moved(),
    });
    this.overlay = new Overlay(this.over, this.stack);
    this.tools = new Tools(`tools-${this.stack.viewportId}`, this.stack);
    this.marks = new Marks(this.stack, {
      changed: (list) => this.hooks.marks(list),
      made: (kind, kept) => this.hooks.made(kind, kept),
    });
    this.marks.locked = locked;
    this.mouse = new Mouse(this);
  }

  /** Put a case on the screen; its first image appears when it arrives. wanted(z): the reader waits for this slice.
   * @param {import("./volume.js").Volume} volume
   * @param {{ first: number, title: string, wanted(z: number): void, window?: keyof typeof WINDOWS }} how */
  open(volume, { first, title, wanted, window = "lung" }) {
    this.blank();
    this.title = title;
    this.volume = volume;
    const middle = (/** @type {Plane} */ plane) => Math.floor(volume.plane(plane).images / 2);
    this.#wanted = wanted;
    this.at = { axial: first, coronal: middle("coronal"), sagittal: middle("sagittal") };
    this.plane = "axial";
    this.stack.open(volume);
    this.stack.setWindow(WINDOWS[window].width, WINDOWS[window].level);
    this.stack.inverted = false;
    this.tools.choose("window");
    this.#show();
  }

  blank() {
    this.cine.stop();
    this.marks.clear();
    this.overlay.reset();
    this.curtain.open();
    this.stack.close();
    this.volume = null;
    delete this.view.dataset.shown;
    this.#seen.clear();
    this.margins.clear();
    this.#marksShown = false;
  }

  /** A slice has arrived.
   * @param {number} z */
  arrived(z) {
    if (this.plane === "axial" ? z === this.at.axial && !this.#onScreen() : this.volume?.complete) this.#show();
    this.margins.slider();
  }

  /** The coarse view of the whole has arrived. */
  coarseArrived() {
    if (this.curtain.closed) this.#show();
  }

  /** @param {Mark[]} marks */
  setMarks(marks) {
    this.#pending = marks;
    this.margins.marked = marks;
    if (this.#marksShown) this.marks.load(marks);
    this.margins.slider();
  }

  /** @param {number[]} slices */
  setKeys(slices) {
    this.margins.keys = slices;
    this.margins.text();
  }

  /** @param {number[]} slices */
  setDeciding(slices) {
    this.margins.deciding = slices;
    this.margins.slider();
  }

  /** @param {number} by */
  step(by) {
    if (!this.volume) return;
    const { images } = this.volume.plane(this.plane);
    const from = this.at[this.plane];
    const to = Math.min(images - 1, Math.max(0, from + by));
    if (to === from) return;
    this.hooks.count("scrolls", Math.abs(by) === 1 ? 1 : Math.abs(to - from));
    this.at[this.plane] = to;
    this.#show(Math.abs(by) <= 3);
  }

  /** @param {number} index */
  goTo(index) {
    if (!this.volume || index === this.at[this.plane]) return;
    this.hooks.acted();
    this.hooks.count("jumps");
    this.at[this.plane] = Math.min(this.volume.plane(this.plane).images - 1, Math.max(0, index));
    this.#show();
  }

  /** Go to an image: {plane, slice}, axial where no plane is named.
   * @param {import("../types.js").Place} place */
  goToPlace({ plane = "axial", slice }) {
    this.setPlane(plane);
    this.goTo(slice);
  }

  /** @param {"first" | "last"} which */
  end(which) {
    if (this.volume) this.goTo(which === "first" ? 0 : this.volume.plane(this.plane).images - 1);
  }

  /** @param {Plane} plane */
  setPlane(plane) {
    if (plane === this.plane) return;
    this.cine.stop();
    this.plane = plane;
    this.hooks.count("plane_changes");
    this.#show();
    this.hooks.changed();
  }

  /** @param {keyof typeof WINDOWS} name */
  preset(name) {
    this.stack.setWindow(WINDOWS[name].width, WINDOWS[name].level);
    this.windowed();
  }

  invert() {
    this.stack.inverted = !this.stack.inverted;
    this.margins.text();
    this.hooks.changed();
  }

  /** Window, zoom, place and tools as at the start; slice and marks stay. */
  reset() {
    this.preset("lung");
    this.stack.inverted = false;
    this.stack.fit();
    this.choose("window");
    this.margins.text();
  }

  fit() {
    this.stack.fit();
  }

  /** @param {import("../types.js").Tool} tool
   * @param {string | null} question the one that the next mark answers
   * @param {string | null} finding the one that the next mark shows */
  choose(tool, question = null, finding = null) {
    this.marks.question = question;
    this.marks.finding = finding;
    this.tools.choose(tool);
    this.hooks.changed();
  }

  /** change: {on, opacity (0 to 1), lungs, heat}, each optional
   * @param {import("../types.js").OverlayChange} change */
  setOverlay(change) {
    if ("on" in change) this.hooks.count("overlay_toggles");
    this.overlay.set(change);
    this.hooks.changed();
  }

  get windowName() {
    const { width, level } = this.stack.window;
    const names = /** @type {(keyof typeof WINDOWS)[]} */ (Object.keys(WINDOWS));
    return names.find((name) => WINDOWS[name].width === width && WINDOWS[name].level === level);
  }

  destroy() {
    this.blank();
    this.mouse.destroy();
    this.marks.destroy();
    this.tools.destroy();
    this.stack.destroy();
  }

  #moved() {
    this.overlay.draw();
    if (this.curtain.closed && this.volume) this.curtain.draw(this.plane, this.at[this.plane]);
    this.mouse?.probe();
  }

  #onScreen() {
    const shown = this.stack.shown;
    return shown?.plane === this.plane && shown.index === this.at[this.plane];
  }

  #show(everyOne = false) {
    const index = this.at[this.plane];
    this.margins.text();
    this.margins.slider();
    if (!this.volume?.has(this.plane, index)) {
      this.curtain.close(this.plane, index);
      this.mouse.probe();
      if (this.plane === "axial") this.#wanted(index);
      return;
    }
    if (everyOne) this.stack.queue(this.plane, index);
    else this.stack.show(this.plane, index);
    this.#uncover();
  }

  /** Open the curtain once the right image is on the screen, never before. */
  #uncover() {
    if (this.#onScreen()) this.curtain.open();
  }

  /** @param {import("../types.js").Shown} shown */
  #painted(shown) {
    const first = !this.#marksShown;
    if (first) {
      this.#marksShown = true;
      this.marks.load(this.#pending);
    }
    if (shown.plane === "axial" && !this.#seen.has(shown.index)) {
      this.#seen.add(shown.index);
      this.hooks.seen(this.#seen.size);
    }
    this.view.dataset.shown = `${shown.plane}/${shown.index}`;
    this.#uncover();
    this.margins.text();
    this.mouse.probe();
    this.hooks.painted(first);
  }

  /** The person changed the window; a drag is one change, however many steps it has. */
  windowed(counts = true) {
    if (counts) this.hooks.count("window_changes");
    this.margins.text();
    this.hooks.changed();
  }

  #playOn() {
    if (!this.volume) return;
    const next = (this.at[this.plane] + 1) % this.volume.plane(this.plane).images;
    if (!this.volume.has(this.plane, next)) return;
    this.at[this.plane] = next;
    this.#show();
  }
}
