// @ts-check
// Runs in a worker: fetches images in the order they were asked for and hands each over as int16, ready to draw.

import { pixelsOf } from "./planes.js";

/** @typedef {import("../types.js").Wanted} Wanted */

const QUIET_MS = 15_000; // no byte for so long: the connection is dead

/** images: [{z, rows, columns}] in the order they come. Calls `got(image, pixels)`; returns null or why it was refused.
 * @param {{ url: string, images: Wanted[] }} request
 * @param {(image: Wanted, pixels: Int16Array<ArrayBuffer>) => void} got
 * @param {AbortController} control
 * @returns {Promise<import("../types.js").PixelRefusal | null>} */
export async function pull({ url, images }, got, control) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let quiet;
  const listen = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => control.abort(), QUIET_MS);
  };
  listen();
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: control.signal });
    if (!response.ok) return await refusalOf(response);
    if (response.body) await read(response.body.getReader(), images, got, listen);
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(quiet);
  }
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {Wanted[]} images
 * @param {(image: Wanted, pixels: Int16Array<ArrayBuffer>) => void} got
 * @param {() => void} listen
 */
async function read(reader, images, got, listen) {
  let place = 0;
  let filled = 0;
  /** @type {Uint8Array | null} */
  let bytes = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    listen();
    for (let from = 0; from < value.length && place < images.length; ) {
      const { rows, columns } = images[place];
      bytes ??= new Uint8Array(rows * columns * 2);
      const image = bytes;
      const take = Math.min(value.length - from, image.length - filled);
      image.set(value.subarray(from, from + take), filled);
      from += take;
      filled += take;
      if (filled < image.length) continue;
      got(images[place], pixelsOf(image, rows, columns));
      place += 1;
      filled = 0;
      bytes = null;
    }
  }
}

/**
 * @param {Response} response
 * @returns {Promise<import("../types.js").PixelRefusal>}
 */
async function refusalOf(response) {
  const answer = await response.json().catch(() => ({}));
  const message = answer.message || `The server answered ${response.status}.`;
  return { message, expired: response.status === 401, final: response.status === 403 || response.status === 404 };
}
