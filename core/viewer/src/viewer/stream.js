// @ts-check
// The images of a case as they arrive: the slice on the screen, a coarse view of the whole, then slices outward from it.
// Aims anew when the reader jumps, and goes on with what is missing when the network fails. A worker fetches and decodes.

import { heldText, outward } from "./planes.js";
import source from "./worker.js?worker";

const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const AIM_MS = 120; // between two aims: a reader who turns the wheel fast is followed, not chased

export class Stream {
  #run = 0;
  /** @type {(value?: unknown) => void} */
  #wake = () => {};
  /** @type {(end: { refusal?: import("../types.js").PixelRefusal | null, aimed?: boolean }) => void} */
  #stop = () => {};
  #ended = false;
  #aimed = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  /** @type {number[]} */
  #next = []; // slices to come, in order

  /**
   * @param {string} base
   * @param {import("./volume.js").Volume} volume
   * @param {number} first
   * @param {import("../types.js").StreamHooks} hooks
   */
  constructor(base, volume, first, hooks) {
    this.volume = volume;
    this.first = first;
    this.hooks = hooks;
    this.url = new URL(`${base}${volume.url}`, document.baseURI).href;
    this.worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    this.worker.onmessage = ({ data }) => this.#heard(data);
  }

  async run() {
    for (let attempt = 0; !this.#ended && !this.volume.complete; attempt++) {
      const before = this.volume.count;
      const { refusal, aimed } = await this.#attempt();
      if (this.#ended || this.volume.complete) break;
      if (this.volume.count > before || aimed) attempt = 0;
      if (aimed) continue;
      if (refusal?.final) {
        this.hooks.trouble(refusal.message, null);
        await new Promise((resolve) => (this.#wake = resolve));
        attempt = 0;
        continue;
      }
      if (refusal?.expired) this.hooks.expired();
      const ms = WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)];
      this.hooks.trouble(refusal?.message ?? "The connection is slow or broken.", ms / 1000);
      await this.#wait(ms);
    }
    if (!this.#ended) this.hooks.done();
    this.worker.terminate();
  }

  /** The reader looks at slice z: it comes next, and the others outward from it.
   * @param {number} z */
  aim(z) {
    if (this.#ended || this.volume.slices[z] || this.#next[0] === z || this.#next[1] === z) return;
    clearTimeout(this.#later);
    const rest = this.#aimed + AIM_MS - performance.now();
    if (rest > 0) {
      this.#later = setTimeout(() => this.aim(z), rest);
      return;
    }
    this.#aimed = performance.now();
    this.first = z;
    this.#stop({ aimed: true });
  }

  /** Try again now. */
  wake() {
    this.#wake();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#later);
    this.worker.terminate();
    this.#stop({});
    this.#wake();
  }

  /** Resolves with {refusal}, or with {aimed} when another slice is wanted first.
   * @returns {Promise<{ refusal?: import("../types.js").PixelRefusal | null, aimed?: boolean }>} */
  #attempt() {
    const { volume, first } = this;
    const [, rows, columns] = volume.shape;
    this.#run += 1;
    this.#next = outward(first, volume.shape[0]).filter((z) => !volume.slices[z]);
    /** @type {import("../types.js").Wanted[]} */
    const images = this.#next.map((z) => ({ z, rows, columns }));
    const asked = new URLSearchParams({ form: "packed", first: String(first), have: heldText(volume.slices) });
    if (!volume.coarse && volume.coarseShape) {
      const [depth, coarseRows, coarseColumns] = volume.coarseShape;
      images.splice(1, 0, { z: null, rows: depth * coarseRows, columns: coarseColumns });
      asked.set("coarse", "1");
    }
    return new Promise((resolve) => {
      this.#stop = resolve;
      this.worker.postMessage({ run: this.#run, url: `${this.url}?${asked}`, images });
    });
  }

  /** @param {{ run: number, image: import("../types.js").Wanted, pixels: Int16Array, ended?: boolean,
   *   refusal?: import("../types.js").PixelRefusal | null }} message */
  #heard({ run, image, pixels, ended, refusal }) {
    if (this.#ended) return;
    if (ended) {
      if (run === this.#run) this.#stop({ refusal });
    } else if (image.z === null) {
      this.volume.coarse = pixels;
      this.hooks.coarse();
    } else if (!this.volume.slices[image.z]) {
      this.#next = this.#next.filter((z) => z !== image.z);
      this.volume.arrive(image.z, pixels);
      this.hooks.arrived(image.z);
    }
  }

  /** @param {number} ms */
  #wait(ms) {
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
