// @ts-check
// Marks of the read: points, boxes, lengths and ellipses in every plane, kept by Cornerstone while shown.

import { eventTarget } from "@cornerstonejs/core";
import { annotation, Enums } from "@cornerstonejs/tools";
import { behind } from "./cornerstone.js";
import { BY_NAME } from "./tools.js";
import { cosines, pixelOf, world } from "./volume.js";

/** @typedef {import("../contract.js").ImageMark} Mark */
/** @typedef {import("../types.js").Pair} Pair */
/** @typedef {import("../types.js").Triple} Triple */
/** @typedef {import("@cornerstonejs/tools").Types.Annotation} Annotation */

/** @type {{ [tool: string]: Mark["kind"] }} */
const KINDS = {
  [BY_NAME.point]: "point",
  [BY_NAME.box]: "box",
  [BY_NAME.length]: "length",
  [BY_NAME.ellipse]: "ellipse",
  [BY_NAME.sphere]: "sphere",
};
const { Events } = Enums;
const state = () => annotation.state;

export class Marks {
  /** @type {Map<string, Pick<Mark, "id" | "question" | "label" | "finding" | "rating">>} by the annotation's uid */
  #known = new Map();
  #loading = false;
  #said = "[]";
  /** @type {(() => void)[]} */
  #off = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;

  /**
   * @param {import("./stack.js").Stack} stack
   * @param {{ changed(marks: Mark[]): void, made(kind: Mark["kind"], kept: boolean): void }} hooks
   *   changed: the person set, moved or removed one; made: one is finished
   */
  constructor(stack, hooks) {
    this.stack = stack;
    this.hooks = hooks;
    /** @type {string | null} */
    this.question = null; // the question the next mark answers
    /** @type {string | null} */
    this.finding = null; // the finding the next mark shows
    this.locked = false; // loaded marks are somebody's answer and cannot be moved
    this.#on(Events.ANNOTATION_COMPLETED, (event) => this.#completed(event.detail.annotation));
    this.#on(Events.ANNOTATION_MODIFIED, () => this.#later());
    this.#on(Events.ANNOTATION_REMOVED, () => this.#later());
  }

  /** Show exactly these marks. Needs an image on the screen.
   * @param {Mark[]} marks */
  load(marks) {
    this.#loading = true;
    for (const one of this.#mine()) if (kept(one)) state().removeAnnotation(uidOf(one));
    this.#known.clear();
    for (const mark of marks) this.#add(mark);
    this.#loading = false;
    this.#said = JSON.stringify(this.marks());
    this.stack.render();
  }

  clear() {
    this.#loading = true;
    for (const one of this.#mine()) state().removeAnnotation(uidOf(one));
    this.#known.clear();
    this.#loading = false;
    this.#said = "[]";
  }

  /** Remove the chosen one, or else the last one made on the shown image. */
  remove() {
    const selected = annotation.selection.getAnnotationsSelected();
    const mine = this.#mine();
    const chosen = mine.find((one) => selected.includes(uidOf(one)));
    const here = mine.filter((one) => one.metadata?.referencedImageId === this.#shownId());
    const uid = chosen?.annotationUID ?? here.at(-1)?.annotationUID;
    if (!uid) return false;
    state().removeAnnotation(uid);
    this.stack.render();
    return true;
  }

  /** The marks that belong to the read, in voxels. */
  marks() {
    return this.#mine()
      .filter(kept)
      .map((one) => this.#asMark(one));
  }

  destroy() {
    for (const off of this.#off) off();
  }

  /** Hear of annotations of this viewer only: another one may live on the page.
   * @param {string} kind
   * @param {(event: any) => void} handler */
  #on(kind, handler) {
    const checked = (/** @type {any} */ event) => {
      const one = event.detail.annotation;
      if (!this.#loading && this.stack.volume && (!one || this.stack.owns(one.metadata?.FrameOfReferenceUID)))
        handler(event);
    };
    eventTarget.addEventListener(kind, checked);
    this.#off.push(() => eventTarget.removeEventListener(kind, checked));
  }

  #mine() {
    return state()
      .getAllAnnotations()
      .filter((one) => this.stack.owns(one.metadata?.FrameOfReferenceUID));
  }

  #shownId() {
    const shown = this.stack.shown;
    return shown && this.stack.imageId(shown.plane, shown.index);
  }

  /** @param {Annotation} one */
  #completed(one) {
    const kind = KINDS[toolOf(one)];
    const uid = uidOf(one);
    if (kept(one) && !this.#known.has(uid)) {
      const shows = { question: this.question, finding: this.finding };
      this.#known.set(uid, { id: uid.slice(0, 36), label: "", rating: null, ...shows });
    }
    this.hooks.made(kind, kept(one));
    this.#say();
  }

  #later() {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.stack.volume && this.#say(), 60);
  }

  #say() {
    const finished = this.#mine().filter((one) => kept(one) && this.#known.has(uidOf(one)));
    const marks = finished.map((one) => this.#asMark(one));
    const text = JSON.stringify(marks);
    if (text === this.#said) return;
    this.#said = text;
    this.hooks.changed(marks);
  }

  /**
   * @param {Annotation} one
   * @returns {Mark}
   */
  #asMark(one) {
    const { volume, plane, index } = shownBy(one);
    const { rows, columns } = volume.plane(plane);
    const kind = KINDS[toolOf(one)];
    const places = cornersOf(
      kind,
      (one.data.handles?.points ?? []).map((point) => pixelOf(volume, plane, index, point)),
    );
    const known = this.#known.get(uidOf(one)) ?? {
      id: uidOf(one),
      question: null,
      label: "",
      finding: null,
      rating: null,
    };
    return {
      ...known,
      kind,
      plane,
      slice: index,
      points: places.map(([column, row]) => [within(column, columns), within(row, rows)]),
    };
  }

  /** @param {Mark} mark */
  #add(mark) {
    const tool = BY_NAME[mark.kind];
    const { volume } = this.stack;
    const { plane } = mark;
    const imageId = this.stack.imageId(plane, mark.slice);
    if (!volume || !imageId) return;
    const { columnMm, rowMm } = volume.plane(plane);
    const { row, column } = cosines(plane);
    const at = (/** @type {Pair} */ [x, y]) => world(volume, plane, mark.slice, [x * columnMm, y * rowMm]);
    const points = handlesOf(mark.kind, mark.points).map(at);
    // Cornerstone names it: the same mark may be shown by another viewer of the page
    const uid = state().addAnnotation(
      /** @type {any} */ ({
        highlighted: false,
        invalidated: true,
        isLocked: this.locked,
        isVisible: true,
        metadata: {
          toolName: tool,
          viewPlaneNormal: cross(row, column).map((value) => -value),
          viewUp: column.map((value) => -value),
          FrameOfReferenceUID: imageId.split("/")[0],
          referencedImageId: imageId,
        },
        data: {
          label: "",
          cachedStats: {},
          handles: {
            points,
            activeHandleIndex: null,
            textBox: { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: null },
          },
        },
      }),
      this.stack.element,
    );
    const { id, question, finding = null, rating = null } = mark;
    this.#known.set(uid, { id, question, label: mark.label || "", finding, rating });
  }
}

/** @param {Annotation} one */
function uidOf(one) {
  return one.annotationUID ?? "";
}

/** @param {Annotation} one */
function toolOf(one) {
  return one.metadata?.toolName ?? "";
}

/** @param {Annotation} one */
function kept(one) {
  return toolOf(one) in KINDS && behind(one.metadata?.referencedImageId) !== null;
}

/** @param {Annotation} one a kept one */
function shownBy(one) {
  const image = behind(one.metadata?.referencedImageId);
  if (!image) throw new Error("a mark of no image");
  return image;
}

/** What is stored of Cornerstone's handles: a box and an ellipse by two corners, the others as they are.
 * @param {Mark["kind"]} kind
 * @param {Pair[]} points
 * @returns {Pair[]} */
function cornersOf(kind, points) {
  if (kind === "box") return [points[0], points[3]];
  if (kind !== "ellipse") return points;
  const [columns, rows] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [
    [Math.min(...columns), Math.min(...rows)],
    [Math.max(...columns), Math.max(...rows)],
  ];
}

/** Cornerstone's handles of what is stored: a box by its four corners; an ellipse by its bottom, top, left and right.
 * @param {Mark["kind"]} kind
 * @param {Pair[]} points
 * @returns {Pair[]} */
function handlesOf(kind, points) {
  const [a, b] = points;
  if (kind === "box") return [a, [b[0], a[1]], [a[0], b[1]], b];
  if (kind !== "ellipse") return points;
  const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return [
    [x, b[1]],
    [x, a[1]],
    [a[0], y],
    [b[0], y],
  ];
}

/**
 * @param {Triple} first
 * @param {Triple} second
 * @returns {Triple}
 */
function cross([a, b, c], [d, e, f]) {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/**
 * @param {number} value
 * @param {number} n
 */
function within(value, n) {
  return Math.round(Math.min(n - 0.5, Math.max(-0.5, value)) * 100) / 100;
}
