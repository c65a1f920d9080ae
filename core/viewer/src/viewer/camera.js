// @ts-check
// What part of an image is on the screen: a scale and the point in the middle. Plain arithmetic, the same for every renderer.

/** @typedef {import("../types.js").Pair} Pair */

const ZOOM = [0.2, 20]; // of the fitted size

export class Camera {
  fitted = true; // nobody has zoomed or moved it: a new window size fits it again
  scale = 1; // CSS pixels to a mm
  /** @type {Pair} */
  centre = [0, 0]; // mm along columns and rows from the centre of the first pixel

  /**
   * @param {{ rows: number, columns: number, rowMm: number, columnMm: number }} image
   * @param {import("../types.js").Size} size in CSS pixels
   */
  constructor(image, size) {
    this.image = image;
    this.size = size;
    this.fit();
  }

  /** @param {import("../types.js").Size} size */
  resize(size) {
    this.size = size;
    if (this.fitted) this.fit();
  }

  fit() {
    const { columns, rows, columnMm, rowMm } = this.image;
    this.fitted = true;
    this.scale = this.#fitting();
    this.centre = [((columns - 1) * columnMm) / 2, ((rows - 1) * rowMm) / 2];
  }

  /** Zoom by a factor; what lies at `at` (CSS pixels of the view, else its middle) stays there.
   * @param {number} factor
   * @param {Pair} at */
  zoom(factor, at = [this.size.width / 2, this.size.height / 2]) {
    const before = this.toImage(at);
    const [least, most] = ZOOM.map((times) => times * this.#fitting());
    this.scale = Math.min(most, Math.max(least, this.scale * factor));
    const after = this.toImage(at);
    this.centre = [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]];
    this.fitted = false;
  }

  /** Move the image by CSS pixels.
   * @param {number} dx
   * @param {number} dy */
  pan(dx, dy) {
    this.centre = [this.centre[0] - dx / this.scale, this.centre[1] - dy / this.scale];
    this.fitted = false;
  }

  /** Point of the view in CSS pixels -> mm in the image.
   * @param {Pair} point
   * @returns {Pair} */
  toImage([x, y]) {
    const { width, height } = this.size;
    return [this.centre[0] + (x - width / 2) / this.scale, this.centre[1] + (y - height / 2) / this.scale];
  }

  /** Mm in the image -> point of the view in CSS pixels.
   * @param {Pair} point
   * @returns {Pair} */
  toView([x, y]) {
    const { width, height } = this.size;
    return [width / 2 + (x - this.centre[0]) * this.scale, height / 2 + (y - this.centre[1]) * this.scale];
  }

  #fitting() {
    const { columns, rows, columnMm, rowMm } = this.image;
    const { width, height } = this.size;
    return Math.min(width / (columns * columnMm), height / (rows * rowMm));
  }
}
