// @ts-check
// The component, as a page with an element [data-parallax-study] starts it for reading, and as Streamlit mounts it.
// component.data is {study_id, api} for reading, {study_id, case, api} to look one case of an unblinded study over,
// {look, api} for images alone; everything else comes from the routes.

import { Look } from "./look.js";
import { Reading } from "./reading/reading.js";
import { Review } from "./review/review.js";
import style from "./style.css";

const KINDS = ["keydown", "keyup", "keypress"];
const mounted = new WeakMap();

export default function component({ data, parentElement }) {
  const what = data.look?.volume.url ?? `${data.study_id}/${data.case ?? ""}`;
  const known = mounted.get(parentElement);
  if (known?.what === what) return known.end; // the page ran again; nothing changes
  known?.end();
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const options = { studyId: data.study_id, base: data.api ?? "", rendering: data.rendering, home: data.home };
  const shown = data.look
    ? look({ ...options, look: data.look })
    : data.case
      ? review({ ...options, caseNumber: data.case })
      : reading(options);
  parentElement.append(sheet, shown.root);
  const end = () => {
    mounted.delete(parentElement);
    shown.end();
    sheet.remove();
    shown.root.remove();
  };
  mounted.set(parentElement, { what, end });
  shown.begin();
  return end;
}

function reading(options) {
  const course = new Reading(options);
  const root = course.page.element;
  let off = () => {};
  return {
    root,
    begin: () => {
      off = listen(root, course);
      course.mounted();
      root.focus({ preventScroll: true });
    },
    end: () => {
      off();
      course.destroy();
    },
  };
}

function review(options) {
  const course = new Review(options);
  return inPage(course, course.page.element, course.page.frame);
}

function look(options) {
  const course = new Look(options);
  return inPage(course, course.element, course.element);
}

/** Part of a page with other things on it: keys are its own only while it has the focus. */
function inPage(course, element, root) {
  element.addEventListener("keydown", (event) => {
    event.stopPropagation();
    course.keydown(event);
  });
  for (const kind of ["keyup", "keypress"]) element.addEventListener(kind, (event) => event.stopPropagation());
  element.addEventListener("click", (event) => {
    if (!event.composedPath().some((one) => one instanceof Element && one.matches("input")))
      element.focus({ preventScroll: true });
  });
  return { root, begin: () => course.mounted(), end: () => course.destroy() };
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
    const elsewhere = event
      .composedPath()
      .some((one) => one instanceof Element && one.matches("input, textarea, .dialog, .cover"));
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

const host = /** @type {HTMLElement | null} */ (document.querySelector("[data-parallax-study]"));
if (host) {
  component({
    data: {
      study_id: Number(host.dataset.parallaxStudy),
      api: new URL(host.dataset.parallaxApi ?? ".", document.baseURI).pathname.replace(/\/$/, ""),
      home: host.dataset.parallaxHome,
    },
    parentElement: host.attachShadow({ mode: "open" }),
  });
}
