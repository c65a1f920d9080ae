// The AI's output, shown only when the server sent it: call, class probabilities, slices, overlay controls, and what it is.

import { h } from "../dom.js";

const MOST_DECIDING = 12;

export class AiPanel {
  /** hooks: goTo(slice), overlay(change) with {on, lungs, heat, opacity} */
  constructor(hooks) {
    this.hooks = hooks;
    this.element = h("section", { class: "part ai", hidden: true, "aria-label": "AI output" });
  }

  close() {
    this.ai = null;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  open(ai, classes) {
    this.ai = ai;
    this.named = new Map(classes.map((one) => [one.code, one]));
    this.strip = h("canvas", { class: "strip", role: "img", "aria-label": "Probability by slice, head to foot; click to go there" });
    this.strip.addEventListener("pointerdown", (event) => {
      const { left, width } = this.strip.getBoundingClientRect();
      this.hooks.goTo(Math.min(ai.slices.length - 1, Math.floor(((event.clientX - left) / width) * ai.slices.length)));
    });
    this.toggle = null;
    this.element.replaceChildren(...[
      h("h2", {}, "AI output"),
      h("p", { class: "demo" }, ai.label),
      h("p", { class: "call" }, h("span", { class: "faint" }, "Call "), ai.call ? this.#name(ai.call, ai.call_label) : (ai.failure || "no call")),
      h("div", { class: "bars" }, Object.entries(ai.probabilities ?? {}).map(([code, value]) => this.#bar(code, value))),
      ai.slices?.length ? h("div", { class: "strip-box" }, this.strip, h("div", { class: "anchors" }, h("span", {}, "head"), h("span", {}, "foot"))) : null,
      this.#counted(ai),
      this.#deciding(ai.deciding_slices ?? []),
      ai.masks_url || ai.heat_url ? this.#controls(ai) : null,
    ].filter(Boolean));
    this.element.hidden = false;
    this.draw(0);
  }

  /** Mark the slice on the screen in the strip. */
  draw(slice) {
    const slices = this.ai?.slices;
    if (!slices?.length || !this.strip.clientWidth) return;
    const ratio = window.devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.strip;
    this.strip.width = width * ratio;
    this.strip.height = height * ratio;
    const pen = this.strip.getContext("2d");
    pen.scale(ratio, ratio);
    const codes = this.ai.classes ?? Object.keys(this.ai.probabilities);
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

  showOverlay({ on, opacity, lungs, heat }) {
    if (!this.toggle) return;
    this.toggle.checked = on;
    this.opacity.value = Math.round(opacity * 100);
    if (this.lungs) this.lungs.checked = lungs;
    if (this.heat) this.heat.checked = heat;
  }

  #name(code, label) {
    return this.named.get(code)?.label ?? label ?? code;
  }

  #colour(code, k) {
    return this.named.get(code)?.colour || ["#5b6b78", "#b08a4e", "#a45c5c"][k % 3];
  }

  #bar(code, value) {
    return h("div", { class: "bar" },
      h("span", { class: "name" }, this.#name(code)),
      h("span", { class: "bar-line" }, h("span", { style: `width:${Math.round(value * 100)}%;background:${this.#colour(code, 0)}` })),
      h("span", { class: "value" }, value.toFixed(2)));
  }

  /** Why this call: how many slices speak for it and for the others, and what decides. */
  #counted({ call, counts, abnormal_share: share, rule }) {
    const all = Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
    if (!all) return null;
    const of = (code) => `${this.#name(code)} ${counts[code]}`;
    const others = Object.keys(counts).filter((code) => code !== call).map(of);
    const called = call in counts ? [`${this.#name(call)}: ${counts[call]} of ${all} slices`] : [`${all} slices were called`];
    const abnormal = typeof share === "number" ? [`${Math.round(100 * share)} % of the kept slices are not normal`] : [];
    return h("p", { class: "hint" }, `${[...called, ...others, ...abnormal].join("; ")}. The rule “${rule}” decides.`);
  }

  /** The strongest first: those whose score for the call is highest. */
  #deciding(slices) {
    if (!slices.length) return null;
    const { slices: scores, call, classes } = this.ai;
    const k = (classes ?? Object.keys(this.ai.probabilities ?? {})).indexOf(call);
    const strength = (slice) => scores?.[slice]?.[k] ?? 0;
    const shown = [...slices].sort((a, b) => strength(b) - strength(a)).slice(0, MOST_DECIDING).map((slice) =>
      h("button", { class: "chip", type: "button", tabindex: "-1", onclick: () => this.hooks.goTo(slice) }, String(slice + 1)));
    const counted = shown.length < slices.length ? `${slices.length}, the strongest ${shown.length}` : `${slices.length}, strongest first`;
    return h("div", { class: "deciding" }, h("span", { class: "faint" }, `Deciding slices (${counted})`), shown);
  }

  #controls(ai) {
    const check = (name, label) => {
      const input = h("input", { type: "checkbox", checked: true, onchange: () => this.hooks.overlay({ [name]: input.checked }) });
      this[name] = input;
      return h("label", {}, input, label);
    };
    this.toggle = h("input", { type: "checkbox", onchange: () => this.hooks.overlay({ on: this.toggle.checked }) });
    this.opacity = h("input", {
      type: "range", min: "5", max: "100", value: "60", "aria-label": "Overlay opacity",
      oninput: () => this.hooks.overlay({ opacity: Number(this.opacity.value) / 100 }),
    });
    this.lungs = null;
    this.heat = null;
    return h("div", { class: "controls" },
      h("label", {}, this.toggle, "Overlay ", h("kbd", {}, "M")),
      ai.masks_url ? check("lungs", "lungs") : null, ai.heat_url ? check("heat", "heat map") : null, this.opacity);
  }
}
