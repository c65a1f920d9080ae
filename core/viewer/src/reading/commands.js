// What every action of the keyboard and the toolbar does, and which keys reach it.

import { isField } from "../dom.js";
import { keyName, ratingOf } from "./keys.js";

const REPEATING = new Set([
  "next", "previous", "next10", "previous10", "wider", "narrower", "brighter", "darker", "zoomIn", "zoomOut", "undo",
]);
const WHILE_COVERED = new Set(["pause", "help"]);

/** Returns {run(action), keydown(event)} for a Reading. */
export function commands(reading) {
  const { viewer, content, form, page } = reading;
  const adjust = (width, level) => {
    const now = viewer.stack.window;
    viewer.stack.setWindow(Math.max(1, Math.round(now.width * width)), Math.round(now.level + level * now.width));
    viewer.windowed();
  };
  const plane = (name) => () => viewer.setPlane(name);
  const tool = (name) => () => viewer.choose(viewer.tools.chosen === name ? "window" : name);
  const actions = {
    next: () => viewer.step(1),
    previous: () => viewer.step(-1),
    next10: () => viewer.step(10),
    previous10: () => viewer.step(-10),
    first: () => viewer.end("first"),
    last: () => viewer.end("last"),
    cine: () => viewer.playOrStop(),
    slower: () => viewer.cine.faster(-1),
    faster: () => viewer.cine.faster(1),
    axial: plane("axial"),
    coronal: plane("coronal"),
    sagittal: plane("sagittal"),
    lung: () => viewer.preset("lung"),
    soft: () => viewer.preset("soft"),
    bone: () => viewer.preset("bone"),
    wider: () => adjust(1.1, 0),
    narrower: () => adjust(1 / 1.1, 0),
    brighter: () => adjust(1, -0.05),
    darker: () => adjust(1, 0.05),
    zoomIn: () => viewer.stack.zoomBy(1.15),
    zoomOut: () => viewer.stack.zoomBy(1 / 1.15),
    fit: () => viewer.fit(),
    invert: () => viewer.invert(),
    reset: () => viewer.reset(),
    overlay: () => viewer.toggleOverlay(),
    window: () => viewer.choose("window"),
    length: tool("length"),
    ellipse: tool("ellipse"),
    point: tool("point"),
    box: tool("box"),
    remove: () => viewer.marks.remove(),
    key: () => reading.toggleKey(),
    indeterminate: () => reading.form.form.indeterminate && form.choose("indeterminate"),
    undo: () => content.undo(),
    lock: () => reading.locking.enter(),
    cancel: () => reading.escape(),
    pause: () => reading.pauseOrResume(),
    help: () => reading.help.open(),
  };

  function run(action) {
    if (!(action in actions)) return;
    const free = action === "help" || action === "pause";
    if (!free && !reading.open_) return;
    if (!free && action !== "cancel") reading.acted();
    actions[action]();
  }

  function covered(event) {
    const action = reading.keys.action(keyName(event));
    if (event.key === "Enter" && !event.repeat && !(event.target instanceof HTMLAnchorElement)) {
      event.preventDefault();
      reading.cover.enter();
    } else if (WHILE_COVERED.has(action) && reading.cover.kind === "paused" && !event.repeat) {
      event.preventDefault();
      if (action === "pause") run(action);
    }
  }

  /** True when the press was used. */
  function keydown(event) {
    if (reading.help.isOpen) return;
    if (isField(event.target)) {
      const leaves = event.key === "Escape" || (event.key === "Enter" && !(event.target instanceof HTMLTextAreaElement));
      if (leaves) page.element.focus({ preventScroll: true });
      return;
    }
    if (reading.cover.up) {
      covered(event);
      return;
    }
    if (!reading.open_ || event.isComposing) return;
    const name = keyName(event);
    const rating = ratingOf(event);
    if (name === "Tab" && !event.shiftKey && (onImage(event.target) || form.mustRateAfter(event.target))) {
      if (form.focusRatings()) event.preventDefault();
    } else if (rating !== null && form.ratings) {
      event.preventDefault();
      if (!event.repeat) reading.edit(() => form.rate(rating));
    } else if (name.length === 1 && !event.repeat && reading.isLetter(name)) {
      event.preventDefault();
      reading.edit(() => form.letter(name));
    } else {
      const action = reading.keys.action(name);
      if (!action || (name === "space" && event.target instanceof HTMLButtonElement)) return;
      if (name === "Enter" && event.target instanceof HTMLElement && event.target.matches("a, .lock, .plain, .link")) return;
      event.preventDefault();
      if (!event.repeat || REPEATING.has(action)) run(action);
    }
  }

  function onImage(target) {
    return target === page.element || target === document.body || page.image.contains(target);
  }

  return { run, keydown };
}
