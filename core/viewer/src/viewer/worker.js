// @ts-check
// The worker of a stream. In: {run, url, images} begins a request and ends the one before; {} only ends it.
// Out: {run, image, pixels} for each image, {run, ended, refusal} at the end.

import { pull } from "./pull.js";

let control = new AbortController();

self.onmessage = async ({ data: { run, url, images } }) => {
  control.abort();
  control = new AbortController();
  if (!url) return;
  /** @type {(image: import("../types.js").Wanted, pixels: Int16Array<ArrayBuffer>) => void} */
  const got = (image, pixels) => self.postMessage({ run, image, pixels }, { transfer: [pixels.buffer] });
  const refusal = await pull({ url, images }, got, control);
  self.postMessage({ run, ended: true, refusal });
};
