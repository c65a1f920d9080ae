// @ts-check
// A sentence under a field, hidden while there is none.

import { h } from "../dom.js";

export function problemLine() {
  return h("p", { class: "problem", role: "alert", hidden: true });
}

export function setProblem(line, sentence) {
  line.textContent = sentence;
  line.hidden = !sentence;
}
