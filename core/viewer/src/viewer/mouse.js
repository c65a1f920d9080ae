// Wheel, double click and the voxel under the cursor. Drags belong to the tools.

import { Wheel } from "./wheel.js";

export class Mouse {
  wheel = new Wheel();
  drag = null;
  pointer = null; // where the cursor is, CSS pixels of the view

  constructor(viewer) {
    this.viewer = viewer;
    const { view } = viewer;
    view.addEventListener("contextmenu", (event) => event.preventDefault());
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (!viewer.volume) return;
      viewer.cine.stop();
      viewer.hooks.acted();
      if (event.ctrlKey) return viewer.stack.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      const steps = this.wheel.steps(event);
      for (let i = 0; i < Math.abs(steps); i++) viewer.step(Math.sign(steps));
      return undefined;
    }, { passive: false });
    view.addEventListener("dblclick", () => viewer.fit());
    view.addEventListener("pointerdown", () => {
      this.drag = { counted: false };
      if (viewer.volume) viewer.hooks.acted();
    });
    view.addEventListener("pointerup", () => {
      this.drag = null;
    });
    view.addEventListener("pointermove", (event) => {
      this.pointer = [event.clientX - view.getBoundingClientRect().left, event.clientY - view.getBoundingClientRect().top];
      if (viewer.volume) this.probe();
    });
    view.addEventListener("pointerleave", () => {
      this.pointer = null;
      viewer.margins.hud.cursor(null, null);
    });
  }

  /** True for the first of the many small changes of one drag, and for what is no drag. */
  countsOnce() {
    if (this.drag?.counted) return false;
    if (this.drag) this.drag.counted = true;
    return true;
  }

  /** Show the stored value of the voxel under the cursor. */
  probe() {
    const { viewer } = this;
    if (!this.pointer || !viewer.stack.shown) return viewer.margins.hud.cursor(null, null);
    const { plane, index } = viewer.stack.shown;
    const [column, row] = viewer.stack.toPixel(this.pointer).map(Math.round);
    const voxel = viewer.volume.voxelOf(plane, index, column, row);
    return viewer.margins.hud.cursor(voxel, viewer.volume.hu(...voxel));
  }
}
