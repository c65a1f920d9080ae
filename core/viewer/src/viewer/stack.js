// One Cornerstone stack viewport: shows an image of a plane, every wheel notch painted, window, zoom, pan.

import { Camera } from "./camera.js";
import { aim, cpuCanvas, dismiss, enrol, Enums, RenderingEngine, setUp, straighten } from "./cornerstone.js";

let made = 0;

export class Stack {
  #engine = null;
  #enrolled = null;
  #queue = []; // images still to be painted, in order
  #busy = false;
  #shown = null; // {plane, index} on the screen
  #plane = null;
  #cameras = {}; // one a plane: each keeps its zoom and place
  #window = { width: 1500, level: -600 };
  #inverted = false;
  #run = 0;

  /** hooks: painted({plane, index}), moved() after any change of what is where */
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
    // Cornerstone takes the last key pressed over a focused view for a modifier of every later press, until a keyup that
    // this page does not let through. A view without focus hears no keys; presses carry their own modifiers.
    element.removeAttribute("tabindex");
    this.viewport = this.#engine.getViewport(this.viewportId);
    straighten(this.viewport);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#rendered());
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, () => this.#aim());
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
    this.#cameras = {};
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
    this.hooks.moved();
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
    this.#move((camera) => camera.fit());
  }

  /** What lies at `at` (CSS pixels of the view, else its middle) stays there. */
  zoomBy(factor, at = undefined) {
    this.#move((camera) => camera.zoom(factor, at ?? undefined));
  }

  pan(dx, dy) {
    this.#move((camera) => camera.pan(dx, dy));
  }

  get camera() {
    return this.#shown ? this.#cameras[this.#shown.plane] : null;
  }

  cameraOf(plane) {
    if (this.volume) this.#cameras[plane] ??= new Camera(this.volume.plane(plane), this.#size());
    return this.#cameras[plane] ?? null;
  }

  render() {
    if (this.#shown) this.viewport.render();
  }

  /** Pixel (column, row) of the shown image -> point of the element, CSS pixels. Centres of pixels are whole numbers. */
  toCanvas(column, row) {
    const { columnMm, rowMm } = this.camera.image;
    return this.camera.toView([column * columnMm, row * rowMm]);
  }

  /** Point of the element -> pixel (column, row), fractional. */
  toPixel(point) {
    const { columnMm, rowMm } = this.camera.image;
    const [x, y] = this.camera.toImage(point);
    return [x / columnMm, y / rowMm];
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
    this.#plane = plane;
    this.cameraOf(plane);
    await this.viewport.setStack(this.#enrolled.ids[plane], index);
    if (run !== this.#run) return;
    this.viewport.setProperties({ voiRange: rangeOf(this.#window), invert: this.#inverted });
    this.#aim();
    this.viewport.render();
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

  #move(change) {
    if (!this.camera) return;
    change(this.camera);
    this.#aim();
    this.viewport.render();
    this.hooks.moved();
  }

  /** Give Cornerstone the camera of the plane. */
  #aim() {
    if (!this.#enrolled || !this.#plane || !this.viewport.getImageData()) return;
    aim(this.viewport, this.volume, this.#plane, this.viewport.getCurrentImageIdIndex(), this.#cameras[this.#plane]);
  }

  #size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  #watchSize() {
    this.sizes = new ResizeObserver(() => {
      const size = this.#size();
      if (!size.width || !size.height) return;
      this.#engine.resize(false, true);
      cpuCanvas(this.viewport);
      for (const camera of Object.values(this.#cameras)) camera.resize(size);
      this.#aim();
      this.render();
      this.hooks.moved();
    });
    this.sizes.observe(this.element);
  }
}

/** The values shown black and white; DICOM PS3.3 C.11.2.1.2.1: W values from L - W/2 on. */
function rangeOf({ width, level }) {
  return { lower: level - width / 2, upper: level + width / 2 - 1 };
}
