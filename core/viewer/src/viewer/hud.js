// @ts-check
// What stands at the edges of the image: case, window, slice and mm, HU under the cursor, orientation letters.

import { h, put } from "../dom.js";

const NAMES = { axial: "Axial", coronal: "Coronal", sagittal: "Sagittal" };

export class Hud {
  constructor() {
    const text = (place) => h("div", { class: `hud ${place}` });
    this.topLeft = text("top-left");
    this.topRight = text("top-right");
    this.bottomLeft = text("bottom-left");
    this.bottomRight = text("bottom-right");
    this.letters = Object.fromEntries(
      ["left", "right", "top", "bottom"].map((side) => [side, text(`letter at-${side}`)]),
    );
    this.waiting = h("div", { class: "waiting", role: "status", hidden: true });
    this.note = h("div", { class: "hud note", role: "status", hidden: true });
    this.element = h(
      "div",
      { class: "huds", "aria-hidden": "false" },
      this.topLeft,
      this.topRight,
      this.bottomLeft,
      this.bottomRight,
      Object.values(this.letters),
      this.waiting,
      this.note,
    );
  }

  clear() {
    for (const place of [this.topLeft, this.topRight, this.bottomLeft, this.bottomRight]) place.textContent = "";
    for (const side of Object.values(this.letters)) side.textContent = "";
    this.wait("");
  }

  plane(volume, plane, title) {
    const letters = volume.letters(plane);
    for (const [side, element] of Object.entries(this.letters)) element.textContent = letters[side];
    this.topLeft.replaceChildren(h("div", {}, title), h("div", { class: "faint" }, NAMES[plane]));
  }

  slice(volume, plane, index, isKey) {
    const { images } = volume.plane(plane);
    const key = isKey ? h("div", { class: "key-image" }, "◆ key image") : null;
    const name = plane === "axial" ? "Slice" : "Image";
    const place = h("div", { class: "faint" }, `${minus(volume.place(plane, index).toFixed(1))} mm`);
    put(this.bottomRight, key, h("div", {}, `${name} ${index + 1} / ${images}`), place);
  }

  window({ width, level }, inverted, name) {
    this.topRight.replaceChildren(
      h("div", {}, `W ${width}  L ${minus(level)}`),
      h("div", { class: "faint" }, [name, inverted ? "inverted" : ""].filter(Boolean).join(", ")),
    );
  }

  cursor(voxel, hu) {
    if (hu === null) this.bottomLeft.textContent = "";
    else {
      this.bottomLeft.replaceChildren(
        h("div", {}, `${minus(hu)} HU`),
        h("div", { class: "faint" }, `x ${voxel[2]}  y ${voxel[1]}`),
      );
    }
  }

  /** What is said in the middle of an empty image, or in a note over a coarse one. */
  wait(sentence, note = "") {
    this.waiting.textContent = sentence;
    this.waiting.hidden = !sentence;
    this.note.textContent = note;
    this.note.hidden = !note;
  }
}

function minus(number) {
  return String(number).replace("-", "−");
}
