// @ts-check
// Cornerstone3D set up once for the page: rendering backend, where pixels and their geometry come from.

import {
  cache,
  Enums,
  getRenderingCapabilities,
  getShouldUseCPURendering,
  imageLoader,
  init as initCore,
  metaData,
  RenderingEngine,
  setUseCPURendering,
  utilities,
} from "@cornerstonejs/core";
import { addTool, annotation, init as initTools } from "@cornerstonejs/tools";
import { TOOLS } from "./tools.js";
import { cosines, origin, world } from "./volume.js";

export { cache, Enums, RenderingEngine };

const SCHEME = "px"; // image ids are px:<volume>/<plane>/<index>
/** @type {Map<string, Volume>} */
const volumes = new Map();
let ready = false;
let count = 0;

/** @typedef {import("./volume.js").Volume} Volume */
/** @typedef {import("../types.js").Plane} Plane */
/** @typedef {import("@cornerstonejs/core").StackViewport} Viewport */

/** rendering: "gpu" or "cpu" to insist on one; by itself it is the GPU where there is a real one.
 * @param {import("../types.js").Rendering} rendering */
export function setUp(rendering) {
  if (ready) return;
  ready = true;
  initCore({ debug: { statsOverlay: false } });
  const capabilities = getRenderingCapabilities();
  // A software rasteriser draws textures slower than the CPU path draws pixels.
  const slow = !capabilities.webgl || capabilities.softwareRasterizer;
  if (rendering === "cpu" || (slow && rendering !== "gpu")) setUseCPURendering(true, false);
  initTools();
  for (const tool of TOOLS) addTool(tool);
  annotation.config.style.setDefaultToolStyles({
    ...annotation.config.style.getDefaultToolStyles?.(),
    global: /** @type {any} */ ({
      color: "rgb(240, 205, 95)",
      colorHighlighted: "rgb(255, 235, 160)",
      colorSelected: "rgb(150, 205, 255)",
      colorLocked: "rgb(150, 155, 160)",
      lineWidth: "1.6",
      lineDash: "",
      shadow: true,
      textBoxVisibility: true,
      textBoxFontFamily: "system-ui, sans-serif",
      textBoxFontSize: "14px",
      textBoxColor: "rgb(240, 205, 95)",
      textBoxColorHighlighted: "rgb(255, 235, 160)",
      textBoxColorSelected: "rgb(150, 205, 255)",
      textBoxColorLocked: "rgb(150, 155, 160)",
      textBoxBackground: "",
      textBoxLinkLineWidth: "1",
      textBoxLinkLineDash: "2,3",
      textBoxShadow: true,
      markerSize: "10",
    }),
  });
  metaData.addProvider(describe, 10_000);
  imageLoader.registerImageLoader(SCHEME, (id) => ({ promise: Promise.resolve(makeImage(id)) }));
}

/** Cornerstone's CPU path counts pixels from their corners, its GPU path from their centres: make it centres in both.
 * @param {any} viewport of Cornerstone, some of whose methods are replaced */
export function straighten(viewport) {
  if (!getShouldUseCPURendering()) return;
  cpuCanvas(viewport);
  const { canvasToWorld, worldToCanvas } = viewport;
  const halfPixel = (/** @type {number[]} */ world, /** @type {1 | -1} */ sign) => {
    const { spacing, direction } = viewport.getImageData();
    return world.map((mm, axis) => mm + (sign / 2) * (direction[axis] * spacing[0] + direction[axis + 3] * spacing[1]));
  };
  // the pointer may move over the view before its first image is there, and after its last has gone
  const empty = () => !viewport.getImageData();
  viewport.canvasToWorld = (/** @type {number[]} */ point) =>
    empty() ? [0, 0, 0] : halfPixel(canvasToWorld(point), -1);
  viewport.worldToCanvas = (/** @type {number[]} */ world) =>
    empty() ? [0, 0] : worldToCanvas(halfPixel([...world], 1));
  // what the viewport itself uses must agree, or every fit would move the image by half a pixel
  viewport.canvasToWorldCPU = viewport.canvasToWorld;
  viewport.worldToCanvasCPU = viewport.worldToCanvas;
}

/** Cornerstone's CPU path draws at one pixel to a CSS pixel: give its canvas every pixel of the screen.
 * @param {{ canvas: HTMLCanvasElement }} viewport */
export function cpuCanvas({ canvas }) {
  if (!getShouldUseCPURendering()) return;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((css) =>
    Math.round(css * window.devicePixelRatio),
  );
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
}

/** Show of an image what the camera says.
 * @param {any} viewport a StackViewport: its CPU path has a scale
 * @param {Volume} volume
 * @param {Plane} plane
 * @param {number} index
 * @param {import("./camera.js").Camera} camera */
export function aim(viewport, volume, plane, index, camera) {
  const focalPoint = world(volume, plane, index, camera.centre);
  if (getShouldUseCPURendering()) {
    const { rowMm, columnMm } = camera.image;
    viewport.setCamera({ focalPoint, scale: camera.scale * window.devicePixelRatio * Math.min(rowMm, columnMm) });
    return;
  }
  const now = viewport.getCamera();
  const position = now.position.map(
    (/** @type {number} */ mm, /** @type {number} */ axis) => mm + focalPoint[axis] - now.focalPoint[axis],
  );
  viewport.setCamera({ focalPoint, position, parallelScale: camera.size.height / 2 / camera.scale });
}

/** Make a volume known to Cornerstone; returns the image ids by plane.
 * @param {Volume} volume */
export function enrol(volume) {
  count += 1;
  const name = `${SCHEME}:${count}`;
  volumes.set(name, volume);
  const ids = (/** @type {Plane} */ plane) =>
    Array.from({ length: volume.plane(plane).images }, (_, index) => `${name}/${plane}/${index}`);
  return { name, ids: { axial: ids("axial"), coronal: ids("coronal"), sagittal: ids("sagittal") } };
}

/** Forget a volume and its images; those of other viewers of the page stay.
 * @param {{ name: string, ids: Record<Plane, string[]> }} enrolled */
export function dismiss(enrolled) {
  for (const id of Object.values(enrolled.ids).flat()) {
    if (cache.getImageLoadObject(id)) cache.removeImageLoadObject(id);
  }
  volumes.delete(enrolled.name);
}

/** The volume, plane and index behind an image id; null for ids that are not ours or no longer known.
 * @param {unknown} id */
export function behind(id) {
  const [name, plane, index] = String(id)
    .replace(/^imageId:/, "")
    .split("/");
  const volume = volumes.get(name);
  return volume ? { volume, plane: /** @type {Plane} */ (plane), index: Number(index) } : null;
}

/**
 * @param {string} type
 * @param {unknown} id
 */
function describe(type, id) {
  if (typeof id !== "string" || !id.startsWith(`${SCHEME}:`)) return undefined;
  const image = behind(id);
  if (!image) return undefined;
  const { volume, plane, index } = image;
  const { rows, columns, rowMm, columnMm } = volume.plane(plane);
  const { row, column } = cosines(plane);
  switch (type) {
    case "imagePixelModule":
      return {
        pixelRepresentation: 1,
        bitsAllocated: 16,
        bitsStored: 16,
        highBit: 15,
        photometricInterpretation: "MONOCHROME2",
        samplesPerPixel: 1,
        rows,
        columns,
      };
    case "imagePlaneModule":
      return {
        imageOrientationPatient: [...row, ...column],
        rowCosines: row,
        columnCosines: column,
        imagePositionPatient: origin(volume, plane, index),
        pixelSpacing: [rowMm, columnMm],
        rowPixelSpacing: rowMm,
        columnPixelSpacing: columnMm,
        rows,
        columns,
        frameOfReferenceUID: id.split("/")[0],
        sliceThickness: volume.spacing[0],
        usingDefaultValues: false,
      };
    case "generalSeriesModule":
      return { modality: "CT", seriesInstanceUID: id.split("/").slice(0, 2).join("/") };
    case "voiLutModule":
      return { windowCenter: [-600], windowWidth: [1500] };
    case "modalityLutModule":
      return { rescaleSlope: 1, rescaleIntercept: 0, rescaleType: "HU" };
    default:
      return undefined;
  }
}

/**
 * @param {string} id
 * @returns {any} what Cornerstone needs of an image; its type asks for more
 */
function makeImage(id) {
  const image = behind(id);
  if (!image) throw new Error(`${id} is not known`);
  const { volume, plane, index } = image;
  const { rows, columns, rowMm, columnMm } = volume.plane(plane);
  const pixels = volume.pixels(plane, index);
  let low = pixels[0];
  let high = pixels[0];
  for (let i = 1; i < pixels.length; i++) {
    if (pixels[i] < low) low = pixels[i];
    else if (pixels[i] > high) high = pixels[i];
  }
  return {
    imageId: id,
    getPixelData: () => pixels,
    minPixelValue: low,
    maxPixelValue: high,
    slope: 1,
    intercept: 0,
    windowCenter: -600,
    windowWidth: 1500,
    voiLUTFunction: "LINEAR",
    invert: false,
    rows,
    columns,
    height: rows,
    width: columns,
    rowPixelSpacing: rowMm,
    columnPixelSpacing: columnMm,
    color: false,
    rgba: false,
    numberOfComponents: 1,
    photometricInterpretation: "MONOCHROME2",
    sizeInBytes: plane === "axial" ? 0 : pixels.byteLength, // axial slices are views: they cost nothing
    dataType: "Int16Array",
    voxelManager: utilities.VoxelManager.createImageVoxelManager({
      width: columns,
      height: rows,
      numberOfComponents: 1,
      scalarData: pixels,
    }),
  };
}
