// The AI's lungs and heat map over the image, painted under the image's own transform. Exists only once revealed.

const LUNG = { 1: [70, 165, 190], 2: [110, 140, 215] }; // right and left lung
const FULL = 150; // opacity of a whole overlay at 100 %, of 255

export class Overlay {
  #lungs = null;
  #heat = null;
  #buffer = document.createElement("canvas");

  constructor(canvas, stack) {
    this.canvas = canvas;
    this.stack = stack;
    this.reset();
  }

  reset() {
    this.#lungs = null;
    this.#heat = null;
    this.on = false;
    this.layers = { lungs: true, heat: true };
    this.opacity = 0.6;
    this.draw();
  }

  /** lungs: uint8 (z, y, x), 1 right and 2 left */
  setLungs(bytes) {
    this.#lungs = bytes;
    this.draw();
  }

  /** heat: uint8 (k, h, w); `slices` says which slice each map belongs to */
  setHeat(bytes, [count, height, width], slices) {
    this.#heat = { bytes, height, width, at: new Map(slices.slice(0, count).map((slice, k) => [slice, k])) };
    this.draw();
  }

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
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (this.layers.lungs && this.#lungs) this.#paint(pen, ratio, this.#lungImage(shown), false);
    if (this.layers.heat && this.#heat && shown.plane === "axial") this.#paint(pen, ratio, this.#heatImage(shown.index), true);
  }

  #paint(pen, ratio, image, smooth) {
    if (!image) return;
    const { rows, columns } = this.stack.volume.plane(this.stack.shown.plane);
    const [x0, y0] = this.stack.toCanvas(-0.5, -0.5);
    const [x1, y1] = this.stack.toCanvas(columns - 0.5, rows - 0.5);
    this.#buffer.width = image.width;
    this.#buffer.height = image.height;
    this.#buffer.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = smooth;
    pen.drawImage(this.#buffer, x0 * ratio, y0 * ratio, (x1 - x0) * ratio, (y1 - y0) * ratio);
  }

  #lungImage({ plane, index }) {
    const { volume } = this.stack;
    const { rows, columns } = volume.plane(plane);
    const [, height, width] = volume.shape;
    const image = new ImageData(columns, rows);
    const alpha = Math.round(this.opacity * FULL * 0.6);
    const first = { axial: index * height * width, coronal: index * width, sagittal: index }[plane];
    const perRow = plane === "axial" ? width : height * width;
    const perColumn = plane === "sagittal" ? width : 1;
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0, from = first + row * perRow; column < columns; column++, at += 4, from += perColumn) {
        const colour = LUNG[this.#lungs[from]];
        if (!colour) continue;
        image.data[at] = colour[0];
        image.data[at + 1] = colour[1];
        image.data[at + 2] = colour[2];
        image.data[at + 3] = alpha;
      }
    }
    return image;
  }

  #heatImage(index) {
    const { bytes, height, width, at } = this.#heat;
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
