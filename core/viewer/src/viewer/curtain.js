// @ts-check
// Covers the image while the one asked for is still coming: with the coarse view, once that is here, under the image's own
// camera. The coarse view shows where one is, never values: the readout stays empty over it.

import { h, penOf } from "../dom.js";

export class Curtain {
  #buffer = document.createElement("canvas");

  /** @param {{ view: HTMLElement, over: HTMLElement, hud: import("./hud.js").Hud, stack(): import("./stack.js").Stack }} of */
  constructor({ view, over, hud, stack }) {
    this.view = view;
    this.over = over;
    this.hud = hud;
    this.stack = stack; // there is none before the viewer is in the page
    this.canvas = h("canvas", { class: "coarse", "aria-hidden": "true", hidden: true });
  }

  /** The image asked for has not arrived; what is on the screen is covered. */
  get closed() {
    return this.view.classList.contains("absent");
  }

  /**
   * @param {import("../types.js").Plane} plane
   * @param {number} index
   */
  close(plane, index) {
    this.view.classList.add("absent");
    this.over.hidden = true;
    const coarse = this.draw(plane, index);
    const missing =
      plane === "axial" ? `Slice ${index + 1} has not arrived yet` : "This view appears when all slices are here";
    this.hud.wait(coarse ? "" : missing, coarse ? `Coarse view. ${missing}` : "");
  }

  open() {
    this.view.classList.remove("absent");
    this.over.hidden = false;
    this.canvas.hidden = true;
    this.hud.wait("");
  }

  /** Draw the coarse image of a plane; returns whether there is one.
   * @param {import("../types.js").Plane} plane
   * @param {number} index */
  draw(plane, index) {
    this.canvas.hidden = true;
    const {
      volume,
      window: { width: contrast, level },
      inverted,
    } = this.stack();
    const camera = this.stack().cameraOf(plane);
    const coarse = volume?.coarseImage(plane, index);
    if (!coarse || !camera) return false;
    const { pixels, rows, columns, width, height } = coarse;
    const image = new ImageData(columns, rows);
    const low = level - contrast / 2;
    for (let i = 0; i < pixels.length; i++) {
      const gray = Math.min(255, Math.max(0, ((pixels[i] - low) / contrast) * 255));
      image.data.fill(inverted ? 255 - gray : gray, i * 4, i * 4 + 3);
      image.data[i * 4 + 3] = 255;
    }
    this.#buffer.width = columns;
    this.#buffer.height = rows;
    penOf(this.#buffer).putImageData(image, 0, 0);
    this.canvas.hidden = false;
    const ratio = window.devicePixelRatio;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    /** @type {import("../types.js").Pair} */
    const corner = [-camera.image.columnMm / 2, -camera.image.rowMm / 2];
    const [x0, y0] = camera.toView(corner);
    const [x1, y1] = camera.toView([corner[0] + width, corner[1] + height]);
    penOf(this.canvas).drawImage(this.#buffer, x0 * ratio, y0 * ratio, (x1 - x0) * ratio, (y1 - y0) * ratio);
    return true;
  }
}
