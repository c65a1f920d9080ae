// @ts-check
// The AI's lungs and heat map over the image, painted under the image's own transform. Exists only once revealed.

import { penOf } from "../dom.js";

/** @typedef {import("../types.js").Shown} Shown */
/** @typedef {{ bytes: Uint8Array, height: number, width: number, at: Map<number, number> }} Heat at: slice -> map */

/** @type {{ [value: number]: number[] }} */
const LUNG = { 1: [70, 165, 190], 2: [110, 140, 215] }; // right and left lung
const FULL = 150; // opacity of a whole overlay at 100 %, of 255

export class Overlay {
  /** @type {Uint8Array | null} */
  #lungs = null;
  /** @type {Heat | null} */
  #heat = null;
  #buffer = document.createElement("canvas");
  on = false;
  layers = { lungs: true, heat: true };
  opacity = 0.6;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./stack.js").Stack} stack
   */
  constructor(canvas, stack) {
    this.canvas = canvas;
    this.stack = stack;
  }

  reset() {
    this.#lungs = null;
    this.#heat = null;
    this.on = false;
    this.layers = { lungs: true, heat: true };
    this.opacity = 0.6;
    this.draw();
  }

  /** lungs: uint8 (z, y, x), 1 right and 2 left
   * @param {Uint8Array} bytes */
  setLungs(bytes) {
    this.#lungs = bytes;
    this.draw();
  }

  /** heat: uint8 (k, h, w); `slices` says which slice each map belongs to
   * @param {Uint8Array} bytes
   * @param {number[]} shape
   * @param {number[]} slices */
  setHeat(bytes, [count, height, width], slices) {
    this.#heat = { bytes, height, width, at: new Map(slices.slice(0, count).map((slice, k) => [slice, k])) };
    this.draw();
  }

  /** @param {import("../types.js").OverlayChange} change */
  set({ on = this.on, opacity = this.opacity, ...layers }) {
    this.on = on;
    this.opacity = opacity;
    Object.assign(this.layers, layers);
    this.draw();
  }

  get any() {
    return this.#lungs !== null || this.#heat !== null;
  }

  draw() {
    const shown = this.stack.shown;
    const needed = this.on && this.any && shown !== null;
    this.canvas.classList.toggle("off", !needed); // an empty layer would still be composited with every image
    if (!needed) return;
    const ratio = window.devicePixelRatio;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const pen = penOf(this.canvas);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (this.layers.lungs && this.#lungs) this.#paint(pen, shown, this.#lungImage(this.#lungs, shown), false);
    if (this.layers.heat && this.#heat && shown.plane === "axial")
      this.#paint(pen, shown, this.#heatImage(this.#heat, shown.index), true);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Shown} shown
   * @param {ImageData | null} image
   * @param {boolean} smooth
   */
  #paint(pen, shown, image, smooth) {
    if (!image || !this.stack.volume) return;
    const { rows, columns } = this.stack.volume.plane(shown.plane);
    const ratio = window.devicePixelRatio;
    const [x0, y0] = this.stack.toCanvas(shown, -0.5, -0.5);
    const [x1, y1] = this.stack.toCanvas(shown, columns - 0.5, rows - 0.5);
    this.#buffer.width = image.width;
    this.#buffer.height = image.height;
    penOf(this.#buffer).putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = smooth;
    pen.drawImage(this.#buffer, x0 * ratio, y0 * ratio, (x1 - x0) * ratio, (y1 - y0) * ratio);
  }

  /**
   * @param {Uint8Array} lungs
   * @param {Shown} shown
   */
  #lungImage(lungs, { plane, index }) {
    const { volume } = this.stack;
    if (!volume) return null;
    const { rows, columns } = volume.plane(plane);
    const [, height, width] = volume.shape;
    const image = new ImageData(columns, rows);
    const alpha = Math.round(this.opacity * FULL * 0.6);
    const first = { axial: index * height * width, coronal: index * width, sagittal: index }[plane];
    const perRow = plane === "axial" ? width : height * width;
    const perColumn = plane === "sagittal" ? width : 1;
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0, from = first + row * perRow; column < columns; column++, at += 4, from += perColumn) {
        const colour = LUNG[lungs[from]];
        if (!colour) continue;
        image.data[at] = colour[0];
        image.data[at + 1] = colour[1];
        image.data[at + 2] = colour[2];
        image.data[at + 3] = alpha;
      }
    }
    return image;
  }

  /**
   * @param {Heat} heat
   * @param {number} index
   */
  #heatImage({ bytes, height, width, at }, index) {
    const k = at.get(index);
    if (k === undefined) return null;
    const image = new ImageData(width, height);
    for (let i = 0, from = k * height * width; i < height * width; i++, from++) {
      const heat = bytes[from] / 255;
      image.data[i * 4] = 255;
      image.data[i * 4 + 1] = Math.round(210 * (1 - heat) + 40 * heat);
      image.data[i * 4 + 2] = Math.round(60 * (1 - heat));
      image.data[i * 4 + 3] = Math.round(this.opacity * FULL * heat);
    }
    return image;
  }
}
