// @ts-check
// The routes of the reading page, and what their refusals mean. Nothing else of the component talks to the server.

/** @typedef {import("../contract.js").Draft} Draft */
/** @typedef {import("../contract.js").DraftEdit} DraftEdit */
/** @typedef {import("../contract.js").EventPost} EventPost */
/** @typedef {import("../contract.js").OpenRead | import("../contract.js").NothingLeft} Next */

const TIMEOUT_MS = 15_000;

export class Trouble extends Error {
  /**
   * @param {"expired" | "refused" | "stale" | "taken_over" | "invalid" | "conflict" | "network"} kind
   * @param {string} message
   * @param {{ fields?: { [field: string]: string }, draft?: Draft | null }} more
   */
  constructor(kind, message, { fields = {}, draft = null } = {}) {
    super(message);
    this.kind = kind;
    this.fields = fields;
    this.draft = draft;
  }

  /** Worth sending again as it is: the server did not judge it. */
  get passing() {
    return this.kind === "network" || this.kind === "expired";
  }
}

export class Api {
  /**
   * @param {string} base
   * @param {{ expired(): void, answered(): void }} hooks
   */
  constructor(base, hooks) {
    this.base = base;
    this.hooks = hooks;
  }

  /**
   * @param {number} studyId
   * @returns {Promise<Next>}
   */
  next(studyId) {
    return this.#call("GET", `/api/reading/${studyId}/next`);
  }

  /**
   * @param {string} token
   * @param {DraftEdit} body
   * @returns {Promise<import("../contract.js").DraftSaved>}
   */
  draft(token, body) {
    return this.#call("PUT", `/api/reads/${token}/draft`, body);
  }

  /**
   * @param {string} token
   * @param {EventPost} body
   * @returns {Promise<import("../contract.js").EventsTaken>}
   */
  events(token, body) {
    return this.#call("POST", `/api/reads/${token}/events`, body);
  }

  /**
   * @param {string} token
   * @param {DraftEdit} body
   * @returns {Promise<import("../contract.js").Locked>}
   */
  lock(token, body) {
    return this.#call("POST", `/api/reads/${token}/lock`, body);
  }

  /**
   * @param {string} token
   * @returns {Promise<import("../contract.js").ClinicalInfo>}
   */
  clinical(token) {
    return this.#call("POST", `/api/reads/${token}/clinical`, {});
  }

  /**
   * @param {import("./keys.js").Bindings} bindings
   * @returns {Promise<import("../contract.js").BindingsSaved>}
   */
  bindings(bindings) {
    return this.#call("PUT", "/api/preferences/bindings", { bindings });
  }

  /** For a page that is going away; the browser sends it even then.
   * @param {string} token
   * @param {EventPost} body */
  beacon(token, body) {
    return navigator.sendBeacon(`${this.base}/api/reads/${token}/events`, JSON.stringify(body));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {DraftEdit | EventPost | import("../contract.js").Bindings | { [field: string]: never }} [body]
   */
  async #call(method, path, body) {
    /** @type {RequestInit} */
    const options = { method, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined) {
      options.headers = { "Content-Type": "application/json" };
      options.body = JSON.stringify(body);
    }
    let response;
    let answer;
    try {
      response = await fetch(this.base + path, options);
      answer = await response.json();
    } catch {
      throw new Trouble("network", "The server cannot be reached.");
    }
    if (response.ok) {
      this.hooks.answered();
      return answer;
    }
    throw this.#trouble(response.status, answer);
  }

  /**
   * @param {number} status
   * @param {{ error?: string, message?: string, draft?: Draft, fields?: { [field: string]: string } }} answer a Refusal, Stale or
   *   Invalid; of a server in between, whatever it says
   */
  #trouble(status, answer) {
    const message = answer.message || `The server answered ${status}.`;
    if (status === 401) {
      this.hooks.expired();
      return new Trouble("expired", message);
    }
    this.hooks.answered();
    if (status === 409 && (answer.error === "stale" || answer.error === "taken_over")) {
      return new Trouble(answer.error, message, answer);
    }
    if (status === 409) return new Trouble("conflict", message);
    if (status === 422) return new Trouble("invalid", message, answer);
    return new Trouble(status >= 500 ? "network" : "refused", message);
  }
}

/** Waits between attempts; `wake` ends the present wait at once (the network came back, the person pressed a button). */
export class Patience {
  #ms = 0;
  #end = () => {};

  wait() {
    this.#ms = Math.min(8000, Math.max(500, this.#ms * 2));
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, this.#ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  get seconds() {
    return Math.round(Math.min(8000, Math.max(500, this.#ms * 2)) / 1000) || 1;
  }

  wake() {
    this.#ms = 0;
    this.#end();
  }

  reset() {
    this.#ms = 0;
  }
}
