// The arithmetic of the viewer, without a browser: camera, planes, wheel.

import assert from "node:assert/strict";
import test from "node:test";
import { Camera } from "../src/viewer/camera.js";
import { heldText, outward, pixelsOf } from "../src/viewer/planes.js";
import { firstSlice, pixelOf, placeName, Volume, world } from "../src/viewer/volume.js";

globalThis.WheelEvent = { DOM_DELTA_PIXEL: 0 };
const { Wheel } = await import("../src/viewer/wheel.js");

const IMAGE = { rows: 100, columns: 200, rowMm: 2, columnMm: 0.5 };
const SIZE = { width: 800, height: 600 };

test("a fitted image lies whole in the middle", () => {
  const camera = new Camera(IMAGE, SIZE);
  assert.equal(camera.scale, 3);
  assert.deepEqual(camera.toView([(IMAGE.columns - 1) * 0.25, IMAGE.rows - 1]), [400, 300]);
});

test("zoom keeps the point under the cursor, within its limits", () => {
  const camera = new Camera(IMAGE, SIZE);
  const at = [123, 456];
  const before = camera.toImage(at);
  for (const factor of [1.15, 3, 0.5, 1e9, 1e-9]) {
    camera.zoom(factor, at);
    camera.toImage(at).forEach((mm, axis) => {
      assert.ok(Math.abs(mm - before[axis]) < 1e-9);
    });
    assert.ok(camera.scale >= 0.6 && camera.scale <= 60);
  }
});

test("pan moves the image with the hand, and only a fitted image is fitted again", () => {
  const camera = new Camera(IMAGE, SIZE);
  const point = camera.toImage([100, 100]);
  camera.pan(30, -20);
  camera.toView(point).forEach((px, axis) => {
    assert.ok(Math.abs(px - [130, 80][axis]) < 1e-9);
  });
  const { scale } = camera;
  camera.resize({ width: 400, height: 300 });
  assert.equal(camera.scale, scale);
  camera.fit();
  assert.equal(camera.scale, 1.5);
});

test("planes give back every int16", () => {
  // packed by hand: one row 5, 4, -32768, 32767 and one row 0, 0, 0, 1
  const values = [
    [5, 4, -32768, 32767],
    [0, 0, 0, 1],
  ];
  const bytes = new Uint8Array(16);
  let up = 0;
  values.flat().forEach((value, i) => {
    const left = i % 4 === 0 ? up : values.flat()[i - 1];
    const step = ((value - left) << 16) >> 16;
    const zigzag = ((step << 1) ^ (step >> 15)) & 0xffff;
    bytes[i] = zigzag & 0xff;
    bytes[i + 8] = zigzag >> 8;
    if (i % 4 === 0) up = value;
  });
  assert.deepEqual([...pixelsOf(bytes, 2, 4)], values.flat());
});

test("slices go outward, and what is here is told four to a digit", () => {
  assert.deepEqual(outward(2, 6), [2, 3, 1, 4, 0, 5]);
  assert.deepEqual(outward(0, 1), [0]);
  assert.equal(heldText([1, null, null, 1, 1, 1, null]), "9c");
  assert.equal(heldText([]), "");
});

test("a wheel's notch is one slice, a touchpad's small steps add up", () => {
  const wheel = new Wheel();
  const turn = (deltaY, deltaMode = 0) => wheel.steps({ deltaY, deltaMode });
  assert.equal(turn(120), 1);
  assert.equal(turn(-360), -3);
  assert.equal(turn(3, 1), 1);
  assert.equal(
    [8, 8, 8, 8].reduce((sum, delta) => sum + turn(delta), 0),
    1,
  );
  assert.equal(turn(20) + turn(-20), 0, "a change of direction starts again");
});

test("a pixel of any plane comes back from patient millimetres", () => {
  const volume = new Volume({ url: "", shape: [30, 100, 112], spacing_mm: [2.5, 0.8, 0.6], z_mm: [], orientation: {} });
  for (const plane of ["axial", "coronal", "sagittal"]) {
    const { columnMm, rowMm } = volume.plane(plane);
    const point = world(volume, plane, 7, [3.5 * columnMm, 9 * rowMm]);
    pixelOf(volume, plane, 7, point).forEach((value, axis) => {
      assert.ok(Math.abs(value - [3.5, 9][axis]) < 1e-9);
    });
  }
});

test("a case opens where its study says", () => {
  const ct = { shape: [40, 1, 1], lungs_middle: 23 };
  assert.deepEqual(
    ["lungs", "middle", "top", 7].map((where) => firstSlice(ct, where)),
    [23, 20, 0, 7],
  );
  assert.equal(firstSlice({ shape: [40, 1, 1], lungs_middle: 20 }, "lungs"), 20);
  assert.equal(placeName({ plane: "coronal", slice: 4 }), "coronal 5");
});
