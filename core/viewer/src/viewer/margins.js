// @ts-check
// Texts at the edges of the image and the bar beside it, kept in step with the viewer.

import { Hud } from "./hud.js";
import { Slider } from "./slider.js";
import { WINDOWS } from "./windows.js";

export class Margins {
  marked = []; // marks; those of the plane are shown
  keys = []; // key images
  deciding = []; // slices the AI's call rests on

  constructor(viewer) {
    this.viewer = viewer;
    this.hud = new Hud();
    this.bar = new Slider((index) => viewer.goTo(index));
  }

  clear() {
    this.marked = [];
    this.keys = [];
    this.deciding = [];
    this.hud.clear();
    this.bar.clear();
  }

  /** The number shown is the image's that is on the screen, unless that one is covered because another was asked for. */
  text() {
    const { volume, stack, plane, at, title, windowName } = this.viewer;
    if (!volume) return;
    const asked = at[plane];
    const index = stack.shown?.plane === plane && volume.has(plane, asked) ? stack.shown.index : asked;
    this.hud.plane(volume, plane, title);
    this.hud.slice(volume, plane, index, plane === "axial" && this.keys.includes(index));
    this.hud.window(stack.window, stack.inverted, WINDOWS[windowName]?.label ?? "");
    this.slider();
  }

  /** At most once a frame: slices arrive faster. */
  slider() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      this.#sliderNow();
    });
  }

  #sliderNow() {
    const { volume, plane, at } = this.viewer;
    if (!volume) return;
    const marked = this.marked.filter((mark) => (mark.plane ?? "axial") === plane).map((mark) => mark.slice);
    this.bar.draw({ volume, plane, index: at[plane], keys: this.keys, marked, scores: this.deciding });
  }
}
