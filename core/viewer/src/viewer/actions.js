// @ts-check
// What the actions of the image do, by name; the reading page and the review share them.

/** Actions that go on while their key is held. */
export const REPEATING = new Set([
  "next",
  "previous",
  "next10",
  "previous10",
  "wider",
  "narrower",
  "brighter",
  "darker",
  "zoomIn",
  "zoomOut",
]);

/** @param {import("./viewer.js").Viewer} viewer */
export function viewing(viewer) {
  const adjust = (/** @type {number} */ width, /** @type {number} */ level) => {
    const now = viewer.stack.window;
    viewer.stack.setWindow(Math.max(1, Math.round(now.width * width)), Math.round(now.level + level * now.width));
    viewer.windowed();
  };
  const plane = (/** @type {import("../types.js").Plane} */ name) => () => viewer.setPlane(name);
  const tool = (/** @type {import("../types.js").Tool} */ name) => () =>
    viewer.choose(viewer.tools.chosen === name ? "window" : name);
  return {
    next: () => viewer.step(1),
    previous: () => viewer.step(-1),
    next10: () => viewer.step(10),
    previous10: () => viewer.step(-10),
    first: () => viewer.end("first"),
    last: () => viewer.end("last"),
    cine: () => {
      viewer.cine.toggle();
      viewer.hooks.changed();
    },
    slower: () => viewer.cine.faster(-1),
    faster: () => viewer.cine.faster(1),
    axial: plane("axial"),
    coronal: plane("coronal"),
    sagittal: plane("sagittal"),
    lung: () => viewer.preset("lung"),
    soft: () => viewer.preset("soft"),
    bone: () => viewer.preset("bone"),
    wide: () => viewer.preset("wide"),
    liver: () => viewer.preset("liver"),
    wider: () => adjust(1.1, 0),
    narrower: () => adjust(1 / 1.1, 0),
    brighter: () => adjust(1, -0.05),
    darker: () => adjust(1, 0.05),
    zoomIn: () => viewer.stack.zoomBy(1.15),
    zoomOut: () => viewer.stack.zoomBy(1 / 1.15),
    fit: () => viewer.fit(),
    invert: () => viewer.invert(),
    reset: () => viewer.reset(),
    overlay: () => viewer.overlay.any && viewer.setOverlay({ on: !viewer.overlay.on }),
    window: () => viewer.choose("window"),
    length: tool("length"),
    ellipse: tool("ellipse"),
    point: tool("point"),
    box: tool("box"),
  };
}
