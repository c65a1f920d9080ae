// @ts-check
// Wheel, double click and the voxel under the cursor.

import { Drags } from "./drags.js";
import { Wheel } from "./wheel.js";

export class Mouse {
  wheel = new Wheel();
  /** @type {import("../types.js").Pair | null} */
  pointer = null; // where the cursor is, CSS pixels of the view

  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const { view } = viewer;
    this.drags = new Drags(view, {
      stack: viewer.stack,
      marks: (point) => viewer.tools.takes(point),
      started: () => viewer.hooks.acted(),
      changed: (kind, first) => kind === "window" && viewer.windowed(first),
    });
    view.addEventListener("contextmenu", (event) => event.preventDefault());
    view.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        if (!viewer.volume) return;
        this.#at(event);
        viewer.cine.stop();
        viewer.hooks.acted();
        if (event.ctrlKey) {
          viewer.stack.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1, this.pointer);
          return;
        }
        const steps = this.wheel.steps(event);
        for (let i = 0; i < Math.abs(steps); i++) viewer.step(Math.sign(steps));
      },
      { passive: false },
    );
    view.addEventListener("dblclick", () => viewer.fit());
    view.addEventListener("pointermove", (event) => {
      this.#at(event);
      if (viewer.volume) this.probe();
    });
    view.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.probe();
    });
  }

  /** Show the stored value of the voxel under the cursor; again after whatever moves the image under it. */
  probe() {
    const { stack, margins, volume, curtain } = this.viewer;
    if (!this.pointer || !stack.shown || !volume || curtain.closed) {
      margins.hud.cursor(null, null);
      return;
    }
    const { plane, index } = stack.shown;
    const [column, row] = stack.toPixel(stack.shown, this.pointer).map(Math.round);
    const voxel = volume.voxelOf(plane, index, column, row);
    margins.hud.cursor(voxel, volume.hu(...voxel));
  }

  destroy() {
    this.drags.destroy();
  }

  /** @param {MouseEvent} event */
  #at(event) {
    const { left, top } = this.viewer.view.getBoundingClientRect();
    this.pointer = [event.clientX - left, event.clientY - top];
  }
}
