// @ts-check
// The reference standard of the case: class, source, version.

import { h } from "../dom.js";

export function truth({ truth: given, classes }) {
  if (!given)
    return h(
      "section",
      { class: "part" },
      h("h2", {}, "Truth"),
      h("p", { class: "faint" }, "No truth is recorded for this case."),
    );
  const colour = classes.find(({ code }) => code === given.code)?.colour;
  const facts = [
    `Source: ${given.source || "not recorded"}`,
    given.rests_on.length ? `Reference standard of the study: ${given.rests_on.join(", ")}` : null,
    `Version ${given.version}${given.versions > given.version ? ` of ${given.versions}: the study was opened with this one, later ones are not used` : ""}`,
  ];
  return h(
    "section",
    { class: "part truth" },
    h("h2", {}, "Truth"),
    h(
      "p",
      { class: "call" },
      h("span", { class: "swatch", style: colour ? `background:${colour}` : null }),
      " ",
      given.label,
    ),
    facts.filter(Boolean).map((line) => h("p", { class: "hint" }, line)),
  );
}
