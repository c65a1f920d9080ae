// @ts-check
// Plays the stack, forth and round.

const RATES = [4, 8, 12, 16, 24, 32]; // images a second

export class Cine {
  #timer = 0;
  #rate = 3;

  constructor(step) {
    this.step = step;
  }

  get playing() {
    return this.#timer !== 0;
  }

  get rate() {
    return RATES[this.#rate];
  }

  toggle() {
    if (this.playing) this.stop();
    else this.#play();
  }

  faster(by) {
    this.#rate = Math.min(RATES.length - 1, Math.max(0, this.#rate + by));
    if (this.playing) this.#play();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #play() {
    clearInterval(this.#timer);
    this.#timer = setInterval(this.step, 1000 / this.rate);
  }
}
