// @ts-check
// Undoes what core/imaging/wire.py did to an image; the browser has undone zstd. Plain arithmetic, also for Node.

/** Byte planes (all low bytes, then all high bytes) of zigzag differences from the left -> int16 pixels, row by row.
 * @param {Uint8Array} bytes
 * @param {number} rows
 * @param {number} columns */
export function pixelsOf(bytes, rows, columns) {
  const count = rows * columns;
  const out = new Int16Array(count);
  let first = 0; // of the row above
  for (let y = 0, at = 0; y < rows; y++) {
    let value = 0;
    for (let x = 0; x < columns; x++, at++) {
      const zigzag = bytes[at] | (bytes[at + count] << 8);
      value = (x === 0 ? first : value) + ((zigzag >>> 1) ^ -(zigzag & 1));
      out[at] = value; // wraps like the uint16 of the other side
      if (x === 0) first = value;
    }
  }
  return out;
}

/** first, first+1, first-1, first+2, ... : every index of n once
 * @param {number} first
 * @param {number} n */
export function outward(first, n) {
  const order = [first];
  for (let step = 1; order.length < n; step++) {
    if (first + step < n) order.push(first + step);
    if (first - step >= 0) order.push(first - step);
  }
  return order;
}

/** Which slices are here, as the server reads it: hexadecimal digits, four slices each, the first slice first.
 * @param {unknown[]} slices */
export function heldText(slices) {
  let text = "";
  for (let z = 0; z < slices.length; z += 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) digit |= (slices[z + bit] ? 8 : 0) >> bit;
    text += digit.toString(16);
  }
  return text;
}
