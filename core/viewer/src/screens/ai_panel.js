// @ts-check
// The AI's output, shown only when the server sent it: call, class probabilities, slices, overlay controls, and what it is.

import { h, penOf, put } from "../dom.js";

/** @typedef {import("../contract.js").AiOutput} AiOutput */

const MOST_DECIDING = 12;

export class AiPanel {
  /** @type {AiOutput | null} */
  ai = null;
  /** @type {Map<string, { code: string, label: string, colour: string }>} */
  named = new Map();
  /** @type {HTMLCanvasElement | null} */
  strip = null;
  /** @type {{ on: HTMLInputElement, opacity: HTMLInputElement, lungs?: HTMLInputElement, heat?: HTMLInputElement } | null} */
  controls = null;

  /** @param {{ goTo(slice: number): void, overlay(change: import("../types.js").OverlayChange): void }} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.element = h("section", { class: "part ai", hidden: true, "aria-label": "AI output" });
  }

  close() {
    this.ai = null;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /**
   * @param {AiOutput} ai
   * @param {{ code: string, label: string, colour: string }[]} classes
   */
  open(ai, classes) {
    this.ai = ai;
    this.named = new Map(classes.map((one) => [one.code, one]));
    const strip = h("canvas", {
      class: "strip",
      role: "img",
      "aria-label": "Probability by slice, head to foot; click to go there",
    });
    this.strip = strip;
    strip.addEventListener("pointerdown", (event) => {
      const { left, width } = strip.getBoundingClientRect();
      this.hooks.goTo(Math.min(ai.slices.length - 1, Math.floor(((event.clientX - left) / width) * ai.slices.length)));
    });
    this.controls = null;
    put(
      this.element,
      h("h2", {}, "AI output"),
      h("p", { class: "demo" }, ai.label),
      h(
        "p",
        { class: "call" },
        h("span", { class: "faint" }, "Call "),
        ai.call ? this.#name(ai.call, ai.call_label) : ai.failure || "no call",
      ),
      h(
        "div",
        { class: "bars" },
        Object.entries(ai.probabilities ?? {}).map(([code, value]) => this.#bar(code, value)),
      ),
      ai.slices?.length
        ? h(
            "div",
            { class: "strip-box" },
            strip,
            h("div", { class: "anchors" }, h("span", {}, "head"), h("span", {}, "foot")),
          )
        : null,
      this.#counted(ai),
      this.#deciding(ai, ai.deciding_slices ?? []),
      ai.masks_url || ai.heat_url ? this.#controls(ai) : null,
    );
    this.element.hidden = false;
    this.draw(0);
  }

  /** Mark the slice on the screen in the strip.
   * @param {number} slice */
  draw(slice) {
    const { ai, strip } = this;
    if (!ai?.slices.length || !strip?.clientWidth) return;
    const { slices } = ai;
    const ratio = window.devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = strip;
    strip.width = width * ratio;
    strip.height = height * ratio;
    const pen = penOf(strip);
    pen.scale(ratio, ratio);
    const codes = ai.classes ?? Object.keys(ai.probabilities ?? {});
    const step = width / slices.length;
    slices.forEach((values, index) => {
      if (!values) {
        pen.fillStyle = "#23282d";
        pen.fillRect(index * step, height - 3, step + 0.5, 3);
        return;
      }
      let top = height;
      values.forEach((value, k) => {
        pen.fillStyle = this.#colour(codes[k], k);
        pen.fillRect(index * step, top - value * height, step + 0.5, value * height);
        top -= value * height;
      });
    });
    pen.fillStyle = "#ffffff";
    pen.fillRect((slice + 0.5) * step - 1, 0, 2, height);
  }

  /** @param {{ on: boolean, opacity: number, lungs: boolean, heat: boolean }} overlay as it is now */
  showOverlay({ on, opacity, lungs, heat }) {
    if (!this.controls) return;
    this.controls.on.checked = on;
    this.controls.opacity.value = String(Math.round(opacity * 100));
    if (this.controls.lungs) this.controls.lungs.checked = lungs;
    if (this.controls.heat) this.controls.heat.checked = heat;
  }

  /**
   * @param {string} code
   * @param {string | null} [label]
   */
  #name(code, label) {
    return this.named.get(code)?.label ?? label ?? code;
  }

  /**
   * @param {string} code
   * @param {number} k
   */
  #colour(code, k) {
    return this.named.get(code)?.colour || ["#5b6b78", "#b08a4e", "#a45c5c"][k % 3];
  }

  /**
   * @param {string} code
   * @param {number} value
   */
  #bar(code, value) {
    return h(
      "div",
      { class: "bar" },
      h("span", { class: "name" }, this.#name(code)),
      h(
        "span",
        { class: "bar-line" },
        h("span", { style: `width:${Math.round(value * 100)}%;background:${this.#colour(code, 0)}` }),
      ),
      h("span", { class: "value" }, value.toFixed(2)),
    );
  }

  /** Why this call: how many slices speak for it and for the others, and what decides.
   * @param {AiOutput} ai */
  #counted({ call, counts, abnormal_share: share, rule }) {
    if (!counts) return null;
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (!all) return null;
    const of = (/** @type {string} */ code) => `${this.#name(code)} ${counts[code]}`;
    const others = Object.keys(counts)
      .filter((code) => code !== call)
      .map(of);
    const called =
      call !== null && call in counts
        ? [`${this.#name(call)}: ${counts[call]} of ${all} slices`]
        : [`${all} slices were called`];
    const abnormal =
      typeof share === "number" ? [`${Math.round(100 * share)} % of the kept slices are not normal`] : [];
    return h("p", { class: "hint" }, `${[...called, ...others, ...abnormal].join("; ")}. The rule “${rule}” decides.`);
  }

  /** The strongest first: those whose score for the call is highest.
   * @param {AiOutput} ai
   * @param {number[]} slices */
  #deciding(ai, slices) {
    if (!slices.length) return null;
    const { slices: scores, call, classes, probabilities } = ai;
    const k = (classes ?? Object.keys(probabilities ?? {})).indexOf(call ?? "");
    const strength = (slice) => scores?.[slice]?.[k] ?? 0;
    const shown = [...slices]
      .sort((a, b) => strength(b) - strength(a))
      .slice(0, MOST_DECIDING)
      .map((slice) =>
        h(
          "button",
          { class: "chip", type: "button", tabindex: "-1", onclick: () => this.hooks.goTo(slice) },
          String(slice + 1),
        ),
      );
    const counted =
      shown.length < slices.length
        ? `${slices.length}, the strongest ${shown.length}`
        : `${slices.length}, strongest first`;
    return h("div", { class: "deciding" }, h("span", { class: "faint" }, `Deciding slices (${counted})`), shown);
  }

  /** @param {AiOutput} ai */
  #controls(ai) {
    const { overlay } = this.hooks;
    const check = (/** @type {"on" | "lungs" | "heat"} */ name, checked = true) => {
      /** @type {HTMLInputElement} */
      const input = h("input", { type: "checkbox", checked, onchange: () => overlay({ [name]: input.checked }) });
      return input;
    };
    /** @type {HTMLInputElement} */
    const opacity = h("input", {
      type: "range",
      min: "5",
      max: "100",
      value: "60",
      "aria-label": "Overlay opacity",
      oninput: () => overlay({ opacity: Number(opacity.value) / 100 }),
    });
    const on = check("on", false);
    const lungs = ai.masks_url ? check("lungs") : undefined;
    const heat = ai.heat_url ? check("heat") : undefined;
    this.controls = { on, opacity, lungs, heat };
    return h(
      "div",
      { class: "controls" },
      h("label", {}, on, "Overlay ", h("kbd", {}, "M")),
      lungs && h("label", {}, lungs, "lungs"),
      heat && h("label", {}, heat, "heat map"),
      opacity,
    );
  }
}
