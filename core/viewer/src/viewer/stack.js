// @ts-check
// One Cornerstone stack viewport: shows an image of a plane, every wheel notch painted, window, zoom, pan.

import { Camera } from "./camera.js";
import { aim, cpuCanvas, dismiss, Enums, enrol, RenderingEngine, setUp, straighten } from "./cornerstone.js";

let made = 0;

export class Stack {
  /** @type {ReturnType<typeof enrol> | null} */
  #enrolled = null;
  /** @type {Shown[]} images still to be painted, in order */
  #queue = [];
  #busy = false;
  /** @type {Shown | null} on the screen */
  #shown = null;
  /** @type {Plane | null} */
  #plane = null;
  /** @type {Partial<Record<Plane, Camera>>} each keeps its zoom and place */
  #cameras = {};
  #window = { width: 1500, level: -600 };
  #inverted = false;
  #run = 0;

  /** @type {import("./volume.js").Volume | null} */
  volume = null;

  /**
   * @param {HTMLDivElement} element
   * @param {import("../types.js").Rendering} rendering
   * @param {{ painted(shown: Shown): void, moved(): void }} hooks moved: after any change of what is where
   */
  constructor(element, rendering, hooks) {
    setUp(rendering);
    made += 1;
    this.element = element;
    this.hooks = hooks;
    this.viewportId = `view${made}`;
    this.engineId = `engine${made}`;
    this.engine = new RenderingEngine(this.engineId);
    this.engine.enableElement({
      viewportId: this.viewportId,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    // Cornerstone takes the last key pressed over a focused view for a modifier of every later press, until a keyup that
    // this page does not let through. A view without focus hears no keys; presses carry their own modifiers.
    element.removeAttribute("tabindex");
    this.viewport = /** @type {import("@cornerstonejs/core").StackViewport} */ (
      this.engine.getViewport(this.viewportId)
    );
    straighten(this.viewport);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#rendered());
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, () => this.#aim());
    this.sizes = this.#watchSize();
  }

  /** A case is on the screen from now on; nothing is shown before `show`.
   * @param {import("./volume.js").Volume} volume */
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

  /** Tell whether something of Cornerstone's with this frame of reference lies in the volume shown here.
   * @param {string | undefined} frame */
  owns(frame) {
    return Boolean(frame) && this.#enrolled?.name === frame;
  }

  /**
   * @param {Plane} plane
   * @param {number} index
   */
  imageId(plane, index) {
    return this.#enrolled?.ids[plane][index];
  }

  /** Paint this image and nothing in between. It must have arrived.
   * @param {Plane} plane
   * @param {number} index */
  show(plane, index) {
    this.#queue = [{ plane, index }];
    this.#go();
  }

  /** Paint this image after those that wait: fast notches are all seen.
   * @param {Plane} plane
   * @param {number} index */
  queue(plane, index) {
    this.#queue.push({ plane, index });
    this.#go();
  }

  /**
   * @param {number} width
   * @param {number} level
   */
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

  /** What lies at `at` (CSS pixels of the view, else its middle) stays there.
   * @param {number} factor
   * @param {import("../types.js").Pair | null} [at] */
  zoomBy(factor, at) {
    this.#move((camera) => camera.zoom(factor, at ?? undefined));
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.#move((camera) => camera.pan(dx, dy));
  }

  get camera() {
    return (this.#shown && this.#cameras[this.#shown.plane]) ?? null;
  }

  /** @param {Plane} plane */
  cameraOf(plane) {
    if (this.volume) this.#cameras[plane] ??= new Camera(this.volume.plane(plane), this.#size());
    return this.#cameras[plane] ?? null;
  }

  render() {
    if (this.#shown) this.viewport.render();
  }

  /** Pixel (column, row) of the shown image -> point of the element, CSS pixels. Centres of pixels are whole numbers.
   * @param {Shown} shown
   * @param {number} column
   * @param {number} row */
  toCanvas({ plane }, column, row) {
    const camera = this.#cameraHere(plane);
    return camera.toView([column * camera.image.columnMm, row * camera.image.rowMm]);
  }

  /** Point of the element -> pixel (column, row), fractional.
   * @param {Shown} shown
   * @param {import("../types.js").Pair} point */
  toPixel({ plane }, point) {
    const camera = this.#cameraHere(plane);
    const [x, y] = camera.toImage(point);
    return [x / camera.image.columnMm, y / camera.image.rowMm];
  }

  /** @param {Plane} plane of an image on the screen */
  #cameraHere(plane) {
    const camera = this.#cameras[plane];
    if (!camera) throw new Error(`no ${plane} image is shown`);
    return camera;
  }

  destroy() {
    this.close();
    this.sizes.disconnect();
    this.engine.destroy();
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

  /** @param {Shown} next */
  async #change({ plane, index }) {
    const run = this.#run;
    this.#plane = plane;
    this.cameraOf(plane);
    await this.viewport.setStack(this.#enrolled?.ids[plane] ?? [], index);
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

  /** @param {(camera: Camera) => void} change */
  #move(change) {
    if (!this.camera) return;
    change(this.camera);
    this.#aim();
    this.viewport.render();
    this.hooks.moved();
  }

  /** Give Cornerstone the camera of the plane. */
  #aim() {
    const camera = this.#plane && this.#cameras[this.#plane];
    if (!this.volume || !this.#plane || !camera || !this.viewport.getImageData()) return;
    aim(this.viewport, this.volume, this.#plane, this.viewport.getCurrentImageIdIndex(), camera);
  }

  #size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  #watchSize() {
    const sizes = new ResizeObserver(() => {
      const size = this.#size();
      if (!size.width || !size.height) return;
      this.engine.resize(false, true);
      cpuCanvas(this.viewport);
      for (const camera of Object.values(this.#cameras)) camera.resize(size);
      this.#aim();
      this.render();
      this.hooks.moved();
    });
    sizes.observe(this.element);
    return sizes;
  }
}

/** @typedef {import("../types.js").Plane} Plane */
/** @typedef {import("../types.js").Shown} Shown */

/** The values shown black and white; DICOM PS3.3 C.11.2.1.2.1: W values from L - W/2 on.
 * @param {import("../types.js").Window} window */
function rangeOf({ width, level }) {
  return { lower: level - width / 2, upper: level + width / 2 - 1 };
}
