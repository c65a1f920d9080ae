// @ts-check
// The bar at the right edge: where in the stack, what has arrived, key images and marks. Drag or click to go there.

import { h, penOf } from "../dom.js";

export class Slider {
  constructor(onchoose) {
    this.canvas = h("canvas", {});
    this.element = h(
      "div",
      {
        class: "stack-bar",
        role: "slider",
        tabindex: "-1",
        "aria-label": "Slice",
        "aria-orientation": "vertical",
        "aria-valuemin": "1",
      },
      this.canvas,
    );
    const choose = (event) => {
      const { top, height } = this.element.getBoundingClientRect();
      const share = Math.min(0.9999, Math.max(0, (event.clientY - top) / height));
      onchoose(Math.floor(share * this.images));
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      choose(event);
    });
    this.element.addEventListener(
      "pointermove",
      (event) => this.element.hasPointerCapture(event.pointerId) && choose(event),
    );
    this.images = 1;
  }

  draw({ volume, plane, index, keys, marked, scores }) {
    this.images = volume.plane(plane).images;
    this.element.setAttribute("aria-valuemax", String(this.images));
    this.element.setAttribute("aria-valuenow", String(index + 1));
    this.element.setAttribute("aria-valuetext", `${index + 1} of ${this.images}`);
    const ratio = window.devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.element;
    const pen = penOf(this.canvas);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const step = height / this.images;
    pen.fillStyle = "#3a424a";
    for (let i = 0; i < this.images; i++) {
      if (volume.has(plane, i)) pen.fillRect(width / 2 - 1.5, i * step, 3, Math.max(1, step + 0.5));
    }
    pen.fillStyle = "#f0cd5f";
    for (const k of marked) pen.fillRect(0, k * step, 5, Math.max(2, step));
    if (plane === "axial") {
      pen.fillStyle = "#96cdff";
      for (const k of keys) pen.fillRect(width - 5, k * step, 5, Math.max(2, step));
      pen.fillStyle = "#c98a4b";
      for (const k of scores) pen.fillRect(width / 2 - 4, k * step, 8, Math.max(1, step));
    }
    pen.fillStyle = "#dfe5ea";
    pen.fillRect(1, Math.min(height - 4, Math.max(0, (index + 0.5) * step - 2)), width - 2, 4);
  }

  clear() {
    this.canvas.width = 0;
  }
}
