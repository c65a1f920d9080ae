// Fetches the slices of a case, outward from where it opens, and goes on where it stopped when the network fails.
// The server sends int16 little-endian slices in the order of `outward`; core/viewer/stream.py is the other side.

const QUIET_MS = 15_000; // no byte for so long: the connection is dead
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** first, first+1, first-1, first+2, ... : every index of n once */
export function outward(first, n) {
  const order = [first];
  for (let step = 1; order.length < n; step++) {
    if (first + step < n) order.push(first + step);
    if (first - step >= 0) order.push(first - step);
  }
  return order;
}

export class Stream {
  #control = null;
  #wake = () => {};
  #ended = false;
  #loudly = null;

  /** hooks: arrived(z), trouble(sentence, seconds until the next attempt | null), expired(), done() */
  constructor(base, volume, first, hooks) {
    Object.assign(this, { base, volume, first, hooks });
    this.order = outward(first, volume.shape[0]);
  }

  async run() {
    for (let attempt = 0; !this.#ended && !this.volume.complete; attempt++) {
      const before = this.volume.count;
      const refusal = await this.#attempt();
      if (this.#ended || this.volume.complete) break;
      if (this.volume.count > before) attempt = 0;
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
  }

  /** Try again now. */
  wake() {
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#control?.abort();
    this.#wake();
  }

  async #attempt() {
    this.#control = new AbortController();
    const skip = this.volume.count; // slices arrive in order, so what is there is the beginning of the order
    const url = `${this.base}${this.volume.url}?first=${this.first}${skip ? `&skip=${skip}` : ""}`;
    this.#listen();
    try {
      const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: this.#control.signal });
      if (!response.ok) return await refusalOf(response);
      await this.#read(response.body.getReader(), skip);
      return null;
    } catch {
      return null;
    } finally {
      clearTimeout(this.#loudly);
    }
  }

  async #read(reader, skip) {
    const { shape } = this.volume;
    const size = shape[1] * shape[2] * 2;
    let slice = new Uint8Array(size);
    let place = skip;
    let filled = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#listen();
      let from = 0;
      while (from < value.length && place < this.order.length) {
        const take = Math.min(value.length - from, size - filled);
        slice.set(value.subarray(from, from + take), filled);
        from += take;
        filled += take;
        if (filled === size) {
          this.volume.arrive(this.order[place], new Int16Array(slice.buffer));
          this.hooks.arrived(this.order[place]);
          place += 1;
          filled = 0;
          slice = new Uint8Array(size);
        }
      }
    }
  }

  #listen() {
    clearTimeout(this.#loudly);
    this.#loudly = setTimeout(() => this.#control.abort(), QUIET_MS);
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function refusalOf(response) {
  const answer = await response.json().catch(() => ({}));
  const message = answer.message || `The server answered ${response.status}.`;
  return { message, expired: response.status === 401, final: response.status === 403 || response.status === 404 };
}
