// @ts-check
// What every action of the keyboard and the toolbar does, and which keys reach it.

import { isField } from "../dom.js";
import { REPEATING as HELD, viewing } from "../viewer/actions.js";
import { keyName, ratingOf } from "./keys.js";

const REPEATING = new Set([...HELD, "undo"]);
const WHILE_COVERED = new Set(["pause", "help"]);

/** Returns {run(action), keydown(event)} for a Reading.
 * @param {import("./reading.js").Reading} reading */
export function commands(reading) {
  const { viewer, content, form, page } = reading;
  /** @type {Record<import("./keys.js").ActionName, () => unknown>} */
  const actions = {
    ...viewing(viewer),
    remove: () => viewer.marks.remove(),
    key: () => reading.toggleKey(),
    indeterminate: () => reading.form.form?.indeterminate && form.choose("indeterminate"),
    undo: () => content.undo(),
    lock: () => reading.locking.enter(),
    cancel: () => reading.escape(),
    pause: () => reading.pauseOrResume(),
    help: () => reading.help.open(),
  };

  /** @param {import("./keys.js").ActionName} action */
  function run(action) {
    if (!(action in actions)) return;
    const free = action === "help" || action === "pause";
    if (!free && !reading.open_) return;
    if (!free && action !== "cancel") reading.acted();
    actions[action]();
  }

  /** @param {KeyboardEvent} event */
  function covered(event) {
    const action = reading.keys.action(keyName(event));
    if (event.key === "Enter" && !event.repeat && !(event.target instanceof HTMLAnchorElement)) {
      event.preventDefault();
      reading.cover.enter();
    } else if (action && WHILE_COVERED.has(action) && reading.cover.kind === "paused" && !event.repeat) {
      event.preventDefault();
      if (action === "pause") run(action);
    }
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (reading.help.isOpen) return;
    if (isField(event.target)) {
      const leaves =
        event.key === "Escape" || (event.key === "Enter" && !(event.target instanceof HTMLTextAreaElement));
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
      if (name === "Enter" && event.target instanceof HTMLElement && event.target.matches("a, .lock, .plain, .link"))
        return;
      event.preventDefault();
      if (!event.repeat || REPEATING.has(action)) run(action);
    }
  }

  /** @param {EventTarget | null} target */
  function onImage(target) {
    return (
      target === page.element || target === document.body || (target instanceof Node && page.image.contains(target))
    );
  }

  return { run, keydown };
}
