// @ts-check
// Fetches the AI's lungs and heat maps of a case and lays them on the image.

/** `wanted()` turns false when the case has left the screen meanwhile. Throws where the server refuses. */
export async function layOver(overlay, base, ai, wanted) {
  if (ai.masks_url) {
    const { bytes } = await fetchBytes(base + ai.masks_url);
    if (wanted()) overlay.setLungs(bytes);
  }
  if (ai.heat_url) {
    const { bytes, shape } = await fetchBytes(base + ai.heat_url);
    if (wanted()) overlay.setHeat(bytes, shape, ai.heat_slices ?? keptSlices(ai));
  }
}

function keptSlices(ai) {
  return ai.slices.flatMap((scores, slice) => (scores ? [slice] : []));
}

/** uint8 array with its shape from the header X-Shape: "count,height,width". */
async function fetchBytes(url) {
  const response = await fetch(url, { credentials: "same-origin", cache: "no-store" });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).message || `answer ${response.status}`);
  const shape = (response.headers.get("X-Shape") ?? "").split(",").map(Number);
  return { bytes: new Uint8Array(await response.arrayBuffer()), shape };
}
