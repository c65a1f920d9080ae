// @ts-check
// A CT volume as it arrives: int16 HU, axes (z, y, x); slice 0 = apex, y toward the back, x toward the patient's left.

/** @typedef {import("../types.js").Plane} Plane */
/** @typedef {import("../types.js").Pair} Pair */
/** @typedef {import("../types.js").Triple} Triple */

/** @type {Plane[]} */
export const PLANES = ["axial", "coronal", "sagittal"];

export class Volume {
  /** shape (z, y, x); spacing in mm in the same order; letters of the axial plane as the server gives them
   * @param {Omit<import("../contract.js").VolumeInfo, "lungs_middle">} info */
  constructor({ url, shape, spacing_mm, z_mm, orientation, coarse_shape }) {
    this.url = url;
    this.shape = shape;
    this.spacing = spacing_mm;
    this.zMm = z_mm;
    this.axialLetters = orientation;
    /** @type {(Int16Array | null)[]} those that have arrived */
    this.slices = new Array(shape[0]).fill(null);
    this.count = 0;
    this.coarseShape = coarse_shape; // (z, y, x) of the coarse view: means of 4 x 4 pixels of every second slice
    /** @type {Int16Array | null} its pixels, once they are here */
    this.coarse = null;
  }

  get complete() {
    return this.count === this.shape[0];
  }

  /**
   * @param {number} z
   * @param {Int16Array} pixels
   */
  arrive(z, pixels) {
    if (!this.slices[z]) this.count += 1;
    this.slices[z] = pixels;
  }

  /** Rows, columns, their spacing in mm and the number of images of a plane.
   * @param {Plane} name */
  plane(name) {
    const [z, y, x] = this.shape;
    const [dz, dy, dx] = this.spacing;
    if (name === "axial") return { images: z, rows: y, columns: x, rowMm: dy, columnMm: dx };
    if (name === "coronal") return { images: y, rows: z, columns: x, rowMm: dz, columnMm: dx };
    return { images: x, rows: z, columns: y, rowMm: dz, columnMm: dy };
  }

  /**
   * @param {Plane} plane
   * @param {number} index
   */
  has(plane, index) {
    return plane === "axial" ? this.slices[index] !== null : this.complete;
  }

  /** Pixels of one image that `has` says is here. Axial slices are as they arrived; the other planes are gathered from
   * all of them.
   * @param {Plane} plane
   * @param {number} index */
  pixels(plane, index) {
    const [, rows, columns] = this.shape;
    if (plane === "axial") return this.#slice(index);
    if (plane === "coronal") {
      const out = new Int16Array(this.shape[0] * columns);
      const start = index * columns;
      for (let z = 0; z < this.shape[0]; z++) out.set(this.#slice(z).subarray(start, start + columns), z * columns);
      return out;
    }
    const out = new Int16Array(this.shape[0] * rows);
    let at = 0;
    for (let z = 0; z < this.shape[0]; z++) {
      const slice = this.#slice(z);
      for (let y = 0, from = index; y < rows; y++, at++, from += columns) out[at] = slice[from];
    }
    return out;
  }

  /** An image of the coarse view: {pixels, rows, columns, width, height}, the last two in mm; null before it is here.
   * @param {Plane} plane
   * @param {number} index */
  coarseImage(plane, index) {
    const { coarse, coarseShape } = this;
    if (!coarse || !coarseShape) return null;
    const [depth, rows, columns] = coarseShape;
    const [dz, dy, dx] = [2 * this.spacing[0], 4 * this.spacing[1], 4 * this.spacing[2]];
    const at = (/** @type {number} */ z, /** @type {number} */ y, /** @type {number} */ x) =>
      coarse[(z * rows + y) * columns + x];
    const image = (height, width, read) =>
      Int16Array.from({ length: height * width }, (_, i) => read(Math.floor(i / width), i % width));
    if (plane === "axial") {
      const z = Math.min(depth - 1, Math.floor(index / 2));
      const pixels = coarse.subarray(z * rows * columns, (z + 1) * rows * columns);
      return { pixels, rows, columns, width: columns * dx, height: rows * dy };
    }
    if (plane === "coronal") {
      const y = Math.min(rows - 1, Math.floor(index / 4));
      return {
        pixels: image(depth, columns, (z, x) => at(z, y, x)),
        rows: depth,
        columns,
        width: columns * dx,
        height: depth * dz,
      };
    }
    const x = Math.min(columns - 1, Math.floor(index / 4));
    return {
      pixels: image(depth, rows, (z, y) => at(z, y, x)),
      rows: depth,
      columns: rows,
      width: rows * dy,
      height: depth * dz,
    };
  }

  /** HU of the voxel (z, y, x), or null outside the volume or before it has arrived.
   * @param {number} z
   * @param {number} y
   * @param {number} x */
  hu(z, y, x) {
    const [depth, rows, columns] = this.shape;
    if (z < 0 || y < 0 || x < 0 || z >= depth || y >= rows || x >= columns || !this.slices[z]) return null;
    return this.#slice(z)[y * columns + x];
  }

  /** @param {number} z one that has arrived */
  #slice(z) {
    const pixels = this.slices[z];
    if (!pixels) throw new Error(`slice ${z} has not arrived`);
    return pixels;
  }

  /** Voxel (z, y, x) of a pixel (column, row) of an image.
   * @param {Plane} plane
   * @param {number} index
   * @param {number} column
   * @param {number} row
   * @returns {Triple} */
  voxelOf(plane, index, column, row) {
    if (plane === "axial") return [index, row, column];
    return plane === "coronal" ? [row, index, column] : [row, column, index];
  }

  /** Orientation letters of a plane's four sides, from the direction cosines of its rows and columns.
   * @param {Plane} plane */
  letters(plane) {
    if (plane === "axial") return this.axialLetters;
    const { row, column } = cosines(plane);
    return { left: letter(row, -1), right: letter(row, 1), top: letter(column, -1), bottom: letter(column, 1) };
  }

  /** Where an image lies, in mm: DICOM z for axial, distance from the right and front edge otherwise.
   * @param {Plane} plane
   * @param {number} index */
  place(plane, index) {
    if (plane === "axial") return this.zMm[index];
    return index * (plane === "coronal" ? this.spacing[1] : this.spacing[2]);
  }
}

/** Where a volume opens. openAt: "lungs" (their middle), "middle" of the stack, "top", or a slice.
 * @param {Pick<import("../contract.js").VolumeInfo, "shape" | "lungs_middle">} volume
 * @param {import("../contract.js").ViewerInfo["open_at"]} openAt */
export function firstSlice({ shape, lungs_middle: lungs }, openAt) {
  if (typeof openAt === "number") return openAt;
  return { lungs, middle: Math.floor(shape[0] / 2), top: 0 }[openAt];
}

/** Direction of an image's rows and columns in patient axes (x left, y back, z head).
 * @param {Plane} plane
 * @returns {{ row: Triple, column: Triple }} */
export function cosines(plane) {
  if (plane === "axial") return { row: [1, 0, 0], column: [0, 1, 0] };
  if (plane === "coronal") return { row: [1, 0, 0], column: [0, 0, -1] };
  return { row: [0, 1, 0], column: [0, 0, -1] };
}

/** First voxel of an image in mm. Slices run down from z = 0 by the spacing.
 * @param {Volume} volume
 * @param {Plane} plane
 * @param {number} index
 * @returns {Triple} */
export function origin(volume, plane, index) {
  const [dz, dy, dx] = volume.spacing;
  if (plane === "axial") return [0, 0, -index * dz];
  return plane === "coronal" ? [0, index * dy, 0] : [index * dx, 0, 0];
}

/** Point of an image, in mm from its first pixel along columns and rows, in patient mm.
 * @param {Volume} volume
 * @param {Plane} plane
 * @param {number} index
 * @param {Pair} point
 * @returns {Triple} */
export function world(volume, plane, index, [x, y]) {
  const { row, column } = cosines(plane);
  const at = origin(volume, plane, index).map((mm, axis) => mm + x * row[axis] + y * column[axis]);
  return /** @type {Triple} */ (at);
}

/** Pixel (column, row), fractional, of a point in patient mm that lies in the image.
 * @param {Volume} volume
 * @param {Plane} plane
 * @param {number} index
 * @param {ArrayLike<number>} point
 * @returns {Pair} */
export function pixelOf(volume, plane, index, point) {
  const { columnMm, rowMm } = volume.plane(plane);
  const { row, column } = cosines(plane);
  const from = origin(volume, plane, index);
  const along = (/** @type {Triple} */ direction) =>
    direction.reduce((sum, value, axis) => sum + value * (point[axis] - from[axis]), 0);
  return [along(row) / columnMm, along(column) / rowMm];
}

/** How people are told where something is.
 * @param {import("../types.js").Place} place */
export function placeName({ plane = "axial", slice }) {
  return plane === "axial" ? `slice ${slice + 1}` : `${plane} ${slice + 1}`;
}

/**
 * @param {Triple} direction
 * @param {1 | -1} sign
 */
function letter(direction, sign) {
  const axis = direction.findIndex((value) => Math.abs(value) > 0.5);
  const positive = direction[axis] * sign > 0;
  return [
    ["R", "L"],
    ["A", "P"],
    ["F", "H"],
  ][axis][positive ? 1 : 0];
}
