// @ts-check
// Turns wheel events of mice and touchpads into whole slices.

const NOTCH = 50; // CSS pixels from which an event is a notch of a mouse wheel
const TOUCHPAD_STEP = 32; // CSS pixels of a touchpad's small deltas to a slice

export class Wheel {
  #rest = 0;

  /** Slices to go for this event; positive is toward the feet. */
  steps(event) {
    const delta = event.deltaY;
    if (event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL) return Math.sign(delta);
    if (Math.abs(delta) >= NOTCH) {
      this.#rest = 0;
      return Math.sign(delta) * Math.max(1, Math.round(Math.abs(delta) / 120));
    }
    if (Math.sign(delta) !== Math.sign(this.#rest)) this.#rest = 0;
    this.#rest += delta;
    const steps = Math.trunc(this.#rest / TOUCHPAD_STEP);
    this.#rest -= steps * TOUCHPAD_STEP;
    return steps;
  }
}
