// One Cornerstone stack viewport: shows an image of a plane, every wheel notch painted, window, zoom, pan.

import { countFromCentres, dismiss, enrol, Enums, RenderingEngine, setUp } from "./cornerstone.js";

let made = 0;

export class Stack {
  #engine = null;
  #enrolled = null;
  #queue = []; // images still to be painted, in order
  #busy = false;
  #shown = null; // {plane, index} on the screen
  #plane = null;
  #window = { width: 1500, level: -600 };
  #inverted = false;
  #run = 0;

  /** hooks: painted({plane, index}), moved() after any change of camera, windowed() */
  constructor(element, rendering, hooks) {
    setUp(rendering);
    made += 1;
    this.element = element;
    this.hooks = hooks;
    this.viewportId = `view${made}`;
    this.engineId = `engine${made}`;
    this.#engine = new RenderingEngine(this.engineId);
    this.#engine.enableElement({
      viewportId: this.viewportId,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.#engine.getViewport(this.viewportId);
    countFromCentres(this.viewport);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#rendered());
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, () => hooks.moved());
    element.addEventListener(Enums.Events.VOI_MODIFIED, (event) => this.#windowed(event.detail.range));
    this.#watchSize();
  }

  /** A case is on the screen from now on; nothing is shown before `show`. */
  open(volume) {
    this.close();
    this.volume = volume;
    this.#enrolled = enrol(volume);
  }

  close() {
    this.#run += 1;
    this.#queue = [];
    this.#busy = false;
    this.#shown = null;
    this.#plane = null;
    if (this.#enrolled) dismiss(this.#enrolled);
    this.#enrolled = null;
    this.volume = null;
  }

  get shown() {
    return this.#shown;
  }

  imageId(plane, index) {
    return this.#enrolled?.ids[plane][index];
  }

  /** Paint this image and nothing in between. It must have arrived. */
  show(plane, index) {
    this.#queue = [{ plane, index }];
    this.#go();
  }

  /** Paint this image after those that wait: fast notches are all seen. */
  then(plane, index) {
    this.#queue.push({ plane, index });
    this.#go();
  }

  setWindow(width, level) {
    this.#window = { width, level };
    if (!this.#shown) return;
    this.viewport.setProperties({ voiRange: rangeOf(this.#window) });
    this.viewport.render();
  }

  get window() {
    return this.#window;
  }

  set inverted(on) {
    this.#inverted = on;
    if (!this.#shown) return;
    this.viewport.setProperties({ invert: on });
    this.viewport.render();
  }

  get inverted() {
    return this.#inverted;
  }

  fit() {
    if (!this.#shown) return;
    this.viewport.resetCamera();
    this.viewport.render();
    this.hooks.moved();
  }

  zoomBy(factor) {
    if (!this.#shown) return;
    this.viewport.setZoom(Math.min(20, Math.max(0.2, this.viewport.getZoom() * factor)));
    this.viewport.render();
  }

  render() {
    if (this.#shown) this.viewport.render();
  }

  /** Pixel (column, row) of the shown image -> point of the element, CSS pixels. Centres of pixels are whole numbers. */
  toCanvas(column, row) {
    return this.viewport.worldToCanvas(this.world(column, row));
  }

  /** Point of the element -> pixel (column, row), fractional. */
  toPixel(point) {
    const { plane } = this.#shown;
    const [x, y, z] = this.viewport.canvasToWorld(point);
    const { rowMm, columnMm } = this.volume.plane(plane);
    if (plane === "axial") return [x / columnMm, y / rowMm];
    return [(plane === "coronal" ? x : y) / columnMm, -z / rowMm];
  }

  world(column, row) {
    const { plane, index } = this.#shown;
    const { rowMm, columnMm } = this.volume.plane(plane);
    const [dz, dy, dx] = this.volume.spacing;
    if (plane === "axial") return [column * columnMm, row * rowMm, -index * dz];
    if (plane === "coronal") return [column * columnMm, index * dy, -row * rowMm];
    return [index * dx, column * columnMm, -row * rowMm];
  }

  destroy() {
    this.close();
    this.sizes.disconnect();
    this.#engine.destroy();
  }

  #go() {
    if (this.#busy || !this.#queue.length || !this.#enrolled) return;
    const next = this.#queue[0];
    if (next.plane !== this.#plane) {
      this.#busy = true;
      this.#change(next);
    } else if (next.index === this.viewport.getCurrentImageIdIndex() && this.#shown?.index === next.index) {
      this.#queue.shift();
      this.#go();
    } else {
      this.#busy = true;
      this.viewport.setImageIdIndex(next.index);
    }
  }

  async #change({ plane, index }) {
    const run = this.#run;
    const first = this.#shown === null;
    this.#plane = plane;
    await this.viewport.setStack(this.#enrolled.ids[plane], index);
    if (run !== this.#run) return;
    this.viewport.setProperties({ voiRange: rangeOf(this.#window), invert: this.#inverted });
    this.viewport.resetCamera();
    this.viewport.render();
    if (first) this.hooks.moved();
  }

  #rendered() {
    if (!this.#enrolled || !this.#plane) return;
    const index = this.viewport.getCurrentImageIdIndex();
    const fresh = this.#shown?.index !== index || this.#shown?.plane !== this.#plane;
    this.#shown = { plane: this.#plane, index };
    const [next] = this.#queue;
    if (next && next.plane === this.#plane && next.index === index) this.#queue.shift();
    this.#busy = false;
    if (fresh) this.hooks.painted(this.#shown);
    this.hooks.moved();
    this.#go();
  }

  #windowed({ lower, upper }) {
    const window = { width: Math.round(upper - lower), level: Math.round((upper + lower) / 2) };
    if (window.width === this.#window.width && window.level === this.#window.level) return;
    this.#window = window;
    this.hooks.windowed();
  }

  #watchSize() {
    this.sizes = new ResizeObserver(() => {
      if (!this.element.clientWidth || !this.element.clientHeight) return;
      this.#engine.resize(true, true);
      this.hooks.moved();
    });
    this.sizes.observe(this.element);
  }
}

function rangeOf({ width, level }) {
  return { lower: level - width / 2, upper: level + width / 2 };
}
