// @ts-check
// What lies under a dialog or cover takes no focus and no keys until that is closed.

const LAYERS = ".dialog, .cover"; // the last of those that are shown is on top
const FOCUSABLE = "button, a[href], input, textarea, [tabindex='0']";

/** Call after a layer was shown or hidden: makes the rest of the page inert, or usable again. */
export function layer(page) {
  if (!page) return;
  const parts = [...page.children];
  const top = parts.filter((part) => part.matches(LAYERS) && !part.hidden).at(-1);
  for (const part of parts) {
    const behind = Boolean(top) && part !== top;
    if (behind) part.dataset.behind = "";
    else if (!("behind" in part.dataset)) continue;
    else delete part.dataset.behind;
    part.inert = behind;
  }
}

/** Tab goes round within the element. Returns whether the key was used. */
export function tabWithin(element, event) {
  if (event.key !== "Tab") return false;
  const stops = [...element.querySelectorAll(FOCUSABLE)].filter(
    (stop) => !stop.disabled && stop.getClientRects().length,
  );
  const at = stops.indexOf(element.getRootNode().activeElement);
  const to = event.shiftKey ? (at <= 0 ? stops.length - 1 : at - 1) : (at + 1) % stops.length;
  event.preventDefault();
  stops[to]?.focus();
  return true;
}
