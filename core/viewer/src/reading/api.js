// The routes of the reading page, and what their refusals mean. Nothing else of the component talks to the server.

const TIMEOUT_MS = 15_000;

/** kind: expired | refused | stale | taken_over | invalid | conflict | network */
export class Trouble extends Error {
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
  constructor(base) {
    this.base = base;
    this.onexpired = () => {};
    this.onanswer = () => {};
  }

  next(studyId) {
    return this.#call("GET", `/api/reading/${studyId}/next`);
  }

  draft(token, body) {
    return this.#call("PUT", `/api/reads/${token}/draft`, body);
  }

  events(token, body) {
    return this.#call("POST", `/api/reads/${token}/events`, body);
  }

  lock(token, body) {
    return this.#call("POST", `/api/reads/${token}/lock`, body);
  }

  bindings(bindings) {
    return this.#call("PUT", "/api/preferences/bindings", { bindings });
  }

  /** For a page that is going away; the browser sends it even then. */
  beacon(token, body) {
    return navigator.sendBeacon(`${this.base}/api/reads/${token}/events`, JSON.stringify(body));
  }

  async #call(method, path, body) {
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
      this.onanswer();
      return answer;
    }
    throw this.#trouble(response.status, answer);
  }

  #trouble(status, answer) {
    const message = answer.message || `The server answered ${status}.`;
    if (status === 401) {
      this.onexpired();
      return new Trouble("expired", message);
    }
    this.onanswer();
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
    return new Promise((resolve) => {
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
