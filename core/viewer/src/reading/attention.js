// @ts-check
// Is somebody reading? Tells of idling, hidden tabs, leaving and the first action.

export class Attention {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #idle = false;
  #acted = true;
  /** @type {(() => void)[]} */
  #stop = [];

  /**
   * @param {HTMLElement} root
   * @param {{
   *   tell(kind: "idle" | "active" | "hidden" | "visible" | "action"): void,
   *   leave(): void,
   * }} hooks
   */
  constructor(root, hooks) {
    this.hooks = hooks;
    this.idleAfterS = 120;
    for (const kind of ["pointermove", "pointerdown", "wheel", "keydown"]) this.#on(root, kind, () => this.touched());
    this.#on(document, "visibilitychange", () => hooks.tell(document.hidden ? "hidden" : "visible"));
    this.#on(window, "pagehide", () => hooks.leave());
    this.#on(window, "pageshow", (event) => event.persisted && hooks.tell("visible"));
  }

  /**
   * @param {EventTarget} target
   * @param {string} kind
   * @param {(event: any) => void} handler
   */
  #on(target, kind, handler) {
    target.addEventListener(kind, handler, { capture: true, passive: true });
    this.#stop.push(() => target.removeEventListener(kind, handler, { capture: true }));
  }

  /** A new read is on the screen.
   * @param {number} idleAfterS */
  open(idleAfterS) {
    this.idleAfterS = idleAfterS;
    this.#acted = false;
    this.#idle = false;
    this.#arm();
  }

  close() {
    clearTimeout(this.#timer);
  }

  /** The person did something: the viewer or the form was used. */
  acted() {
    if (this.#acted) return;
    this.#acted = true;
    this.hooks.tell("action");
  }

  touched() {
    if (this.#idle) {
      this.#idle = false;
      this.hooks.tell("active");
    }
    this.#arm();
  }

  get idle() {
    return this.#idle;
  }

  destroy() {
    this.close();
    for (const stop of this.#stop) stop();
  }

  #arm() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#idle = true;
      this.hooks.tell("idle");
    }, this.idleAfterS * 1000);
  }
}
