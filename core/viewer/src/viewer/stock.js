// @ts-check
// The volumes in memory: the case being read and the next one, never more. Only pixels are fetched ahead.

import { Stream } from "./stream.js";
import { Volume } from "./volume.js";

export class Stock {
  #held = new Map(); // url -> {volume, stream, hooks}

  constructor(base) {
    this.base = base;
  }

  /** The volume of a case, from memory if it was fetched ahead; `hooks` hear of what arrives from now on. */
  take(description, first, hooks) {
    this.keepOnly([description.url]);
    const entry = this.#held.get(description.url) ?? this.#start(description, first);
    entry.hooks = hooks;
    return entry;
  }

  ahead(description, first) {
    if (!this.#held.has(description.url)) this.#start(description, first);
  }

  keepOnly(urls) {
    for (const [url, entry] of this.#held) {
      if (urls.includes(url)) continue;
      entry.stream.end();
      this.#held.delete(url);
    }
  }

  wake() {
    for (const entry of this.#held.values()) entry.stream.wake();
  }

  #start(description, first) {
    const volume = new Volume(description);
    const entry = { volume, hooks: {} };
    entry.stream = new Stream(this.base, volume, first, {
      arrived: (z) => entry.hooks.arrived?.(z),
      coarse: () => entry.hooks.coarse?.(),
      trouble: (sentence, seconds) => entry.hooks.trouble?.(sentence, seconds),
      expired: () => entry.hooks.expired?.(),
      done: () => entry.hooks.done?.(),
    });
    this.#held.set(description.url, entry);
    entry.stream.run();
    return entry;
  }
}
