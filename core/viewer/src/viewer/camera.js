// What part of an image is on the screen: a scale and the point in the middle. Plain arithmetic, the same for every renderer.

const ZOOM = [0.2, 20]; // of the fitted size

export class Camera {
  fitted = true; // nobody has zoomed or moved it: a new window size fits it again
  scale = 1; // CSS pixels to a mm
  centre = [0, 0]; // mm along columns and rows from the centre of the first pixel

  /** image: {rows, columns, rowMm, columnMm}; size: {width, height} in CSS pixels */
  constructor(image, size) {
    this.image = image;
    this.resize(size);
  }

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

  /** Zoom by a factor; what lies at `at` (CSS pixels of the view, else its middle) stays there. */
  zoom(factor, at = [this.size.width / 2, this.size.height / 2]) {
    const before = this.toImage(at);
    const [least, most] = ZOOM.map((times) => times * this.#fitting());
    this.scale = Math.min(most, Math.max(least, this.scale * factor));
    const after = this.toImage(at);
    this.centre = this.centre.map((mm, axis) => mm + before[axis] - after[axis]);
    this.fitted = false;
  }

  /** Move the image by CSS pixels. */
  pan(dx, dy) {
    this.centre = [this.centre[0] - dx / this.scale, this.centre[1] - dy / this.scale];
    this.fitted = false;
  }

  /** Point of the view in CSS pixels -> mm in the image. */
  toImage([x, y]) {
    const { width, height } = this.size;
    return [this.centre[0] + (x - width / 2) / this.scale, this.centre[1] + (y - height / 2) / this.scale];
  }

  /** Mm in the image -> point of the view in CSS pixels. */
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
