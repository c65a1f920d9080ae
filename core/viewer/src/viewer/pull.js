// Runs in a worker: fetches images in the order they were asked for and hands each over as int16, ready to draw.

import { pixelsOf } from "./planes.js";

const QUIET_MS = 15_000; // no byte for so long: the connection is dead

/** images: [{z, rows, columns}] in the order they come. Calls `got(image, pixels)`; returns null or why it was refused. */
export async function pull({ url, images }, got, control) {
  let quiet = 0;
  const listen = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => control.abort(), QUIET_MS);
  };
  listen();
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: control.signal });
    if (!response.ok) return await refusalOf(response);
    await read(response.body.getReader(), images, got, listen);
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(quiet);
  }
}

async function read(reader, images, got, listen) {
  let place = 0;
  let filled = 0;
  let bytes = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    listen();
    for (let from = 0; from < value.length && place < images.length;) {
      const { rows, columns } = images[place];
      bytes ??= new Uint8Array(rows * columns * 2);
      const take = Math.min(value.length - from, bytes.length - filled);
      bytes.set(value.subarray(from, from + take), filled);
      from += take;
      filled += take;
      if (filled < bytes.length) continue;
      got(images[place], pixelsOf(bytes, rows, columns));
      place += 1;
      filled = 0;
      bytes = null;
    }
  }
}

async function refusalOf(response) {
  const answer = await response.json().catch(() => ({}));
  const message = answer.message || `The server answered ${response.status}.`;
  return { message, expired: response.status === 401, final: response.status === 403 || response.status === 404 };
}
