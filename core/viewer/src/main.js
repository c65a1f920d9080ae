// The component as Streamlit mounts it: component.data is {study_id, api} and nothing else.

import { Reading } from "./reading/reading.js";
import style from "./style.css";

const KINDS = ["keydown", "keyup", "keypress"];
const mounted = new WeakMap();

export default function reading({ data, parentElement }) {
  const known = mounted.get(parentElement);
  if (known?.studyId === data.study_id) return known.end; // the page ran again; nothing changes
  known?.end();
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const course = new Reading({ studyId: data.study_id, base: data.api ?? "", rendering: data.rendering });
  const root = course.page.element;
  parentElement.append(sheet, root);
  const off = listen(root, course);
  const end = () => {
    mounted.delete(parentElement);
    off();
    course.destroy();
    sheet.remove();
    root.remove();
  };
  mounted.set(parentElement, { studyId: data.study_id, end });
  course.mounted();
  root.focus({ preventScroll: true });
  return end;
}

/** Keys of the page end here: what hosts the component (Streamlit's R and C) never sees them. */
function listen(root, course) {
  const keydown = (event) => {
    event.stopPropagation();
    course.commands.keydown(event);
  };
  const swallow = (event) => event.stopPropagation();
  const stray = (event) => {
    if (event.target !== document.body) return; // the focus fell out of the component, as when a button vanishes
    event.stopImmediatePropagation();
    if (event.type === "keydown") course.commands.keydown(event);
    root.focus({ preventScroll: true });
  };
  const clicked = (event) => {
    const elsewhere = event.composedPath().some((one) => one instanceof Element && one.matches("input, textarea, .dialog, .cover"));
    if (event.detail > 0 && !elsewhere) root.focus({ preventScroll: true });
  };
  const online = () => course.wake();
  root.addEventListener("keydown", keydown);
  root.addEventListener("keyup", swallow);
  root.addEventListener("keypress", swallow);
  root.addEventListener("click", clicked);
  for (const kind of KINDS) window.addEventListener(kind, stray, true);
  window.addEventListener("online", online);
  window.addEventListener("focus", online);
  return () => {
    for (const kind of KINDS) window.removeEventListener(kind, stray, true);
    window.removeEventListener("online", online);
    window.removeEventListener("focus", online);
  };
}
