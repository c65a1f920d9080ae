// @ts-check
// Window, zoom and pan by drag. Every event says itself which buttons and modifiers are down, so none can stick: not by a
// keyup that another element swallowed, a change of tab, or a button let go outside the page.

const WINDOW_PER_PIXEL = 1 / 400; // of the width at the start; 3.75 HU a pixel in the lung window
const ZOOM_PER_PIXEL = 0.006;

export class Drags {
  /** @type {import("../types.js").Drag | null} */
  #drag = null;
  /** @type {(() => void)[]} */
  #off = [];

  /**
   * @param {HTMLElement} view
   * @param {{
   *   stack: import("./stack.js").Stack,
   *   marks(point: import("../types.js").Pair): boolean,
   *   started(): void,
   *   changed(kind: import("../types.js").Drag["kind"], first: boolean): void,
   * }} hooks
   *   marks: whether a press there belongs to a measuring tool or a mark
   */
  constructor(view, hooks) {
    this.view = view;
    this.hooks = hooks;
    this.stack = hooks.stack;
    this.#on(view, "pointerdown", (event) => this.#down(event));
    this.#on(view, "pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) this.#on(view, kind, () => this.#end());
    this.#on(window, "blur", () => this.#end());
    // what is a drag of ours never reaches Cornerstone, which also waits 400 ms of every press for a second one
    this.#on(view, "mousedown", (event) => this.#drag && event.stopImmediatePropagation(), true);
  }

  get kind() {
    return this.#drag?.kind ?? null;
  }

  destroy() {
    for (const off of this.#off) off();
  }

  /**
   * @param {EventTarget} target
   * @param {string} kind
   * @param {(event: any) => void} handler
   */
  #on(target, kind, handler, capture = false) {
    target.addEventListener(kind, handler, { capture });
    this.#off.push(() => target.removeEventListener(kind, handler, { capture }));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.stack.shown) return;
    this.hooks.started();
    const kind = this.#kindOf(event);
    if (!kind) return;
    this.view.setPointerCapture(event.pointerId);
    const { width, level } = this.stack.window;
    const start = this.#point(event);
    this.#drag = { kind, start, last: start, width, level, changed: false };
  }

  /** @param {PointerEvent} event */
  #kindOf(event) {
    if (event.button === 1) return "pan";
    if (event.button === 2) return "zoom";
    if (event.button !== 0) return null;
    if (event.shiftKey) return "pan";
    return this.hooks.marks(this.#point(event)) ? null : "window";
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#drag) return;
    if (event.buttons === 0) {
      this.#end();
      return;
    }
    const { kind, start, last, width, level } = this.#drag;
    const point = this.#point(event);
    const [dx, dy] = [point[0] - last[0], point[1] - last[1]];
    if (!dx && !dy) return;
    this.#drag.last = point;
    if (kind === "pan") this.stack.pan(dx, dy);
    else if (kind === "zoom") this.stack.zoomBy(Math.exp(dy * ZOOM_PER_PIXEL), start);
    else {
      const step = Math.max(0.5, width * WINDOW_PER_PIXEL);
      this.stack.setWindow(
        Math.max(1, Math.round(width + (point[0] - start[0]) * step)),
        Math.round(level + (point[1] - start[1]) * step),
      );
    }
    this.hooks.changed(kind, !this.#drag.changed);
    this.#drag.changed = true;
  }

  #end() {
    this.#drag = null;
  }

  /**
   * @param {PointerEvent} event
   * @returns {import("../types.js").Pair}
   */
  #point({ clientX, clientY }) {
    const { left, top } = this.view.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }
}
