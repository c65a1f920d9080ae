// @ts-check
// A case to look at outside reading: the viewer with its toolbar and keys. No form, no clock; nothing is sent back.

import { h, isField, show } from "./dom.js";
import { Keys, keyName } from "./reading/keys.js";
import { Toolbar } from "./screens/toolbar.js";
import { REPEATING, viewing } from "./viewer/actions.js";
import { Stock } from "./viewer/stock.js";
import { Viewer } from "./viewer/viewer.js";
import { firstSlice } from "./viewer/volume.js";

const NOT_HERE = new Set(["overlay", "key", "point", "box"]); // they belong to a read

export class Look {
  /** look: {title, volume, bindings}, the last two as in the contract of reading. */
  constructor({ look, base, rendering }) {
    this.look = look;
    this.rendering = rendering;
    this.keys = new Keys(look.bindings);
    this.stock = new Stock(base);
    const nothing = () => {};
    this.viewer = new Viewer({
      painted: () => this.buttons(),
      acted: nothing,
      count: nothing,
      seen: nothing,
      marks: nothing,
      made: () => this.viewer.choose("window"),
      changed: () => this.buttons(),
    });
    this.actions = { ...viewing(this.viewer), remove: () => this.viewer.marks.remove() };
    this.toolbar = new Toolbar((action) => this.run(action));
    this.loading = h("div", { class: "loading", role: "status" });
    const image = h("main", { class: "image" }, this.toolbar.element, this.viewer.element, this.loading);
    this.element = h(
      "div",
      { class: "parallax look", tabindex: "-1", role: "application", "aria-label": look.title },
      image,
    );
  }

  /** Needs the element in the page. */
  mounted() {
    this.viewer.mount(this.rendering);
    const first = firstSlice(this.look.volume, "lungs");
    const { volume, stream } = this.stock.take(this.look.volume, first, {
      coarse: () => this.viewer.coarseArrived(),
      arrived: (z) => {
        this.viewer.arrived(z);
        this.#progress();
      },
      trouble: (sentence) => this.#say(sentence),
      expired: () => this.#say("Your sign-in has expired; reload the page."),
      done: () => this.#progress(),
    });
    this.volume = volume;
    this.viewer.setMarks([]);
    this.viewer.setKeys([]);
    this.viewer.open(volume, { first, title: this.look.title, wanted: (z) => stream.aim(z) });
    this.#progress();
    this.buttons();
  }

  run(action) {
    if (NOT_HERE.has(action)) return;
    this.actions[action]?.();
    this.element.focus({ preventScroll: true });
  }

  keydown(event) {
    if (isField(event.target)) return;
    const name = keyName(event);
    const action = this.keys.action(name);
    if (!action || !(action in this.actions) || NOT_HERE.has(action)) return;
    if (name === "space" && event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    if (!event.repeat || REPEATING.has(action)) this.run(action);
  }

  buttons() {
    const { stack, tools, plane, cine } = this.viewer;
    if (!tools) return;
    /** @type {Set<string | undefined>} */
    const pressed = new Set([plane, tools.chosen, this.viewer.windowName]);
    if (stack.inverted) pressed.add("invert");
    if (cine.playing) pressed.add("cine");
    this.toolbar.show({ pressed, absent: NOT_HERE, keys: this.keys });
  }

  destroy() {
    this.stock.keepOnly([]);
    this.viewer.destroy();
  }

  #progress() {
    const { count, shape, complete } = this.volume;
    this.#say(complete ? "" : `Loading ${count} / ${shape[0]} slices`);
  }

  #say(sentence) {
    this.loading.textContent = sentence;
    show(this.loading, Boolean(sentence));
  }
}
