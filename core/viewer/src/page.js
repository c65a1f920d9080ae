// @ts-check
// The page as it stands: header, image, panel, covers. Only elements; what they do is given by Reading.

import { h, show } from "./dom.js";

export class Page {
  constructor({ workUrl, onpause, onhelp, onlock, onback }) {
    this.title = h("span", { class: "study" });
    this.place = h("span", { class: "place" });
    this.phase = h("span", { class: "phase", hidden: true });
    this.clock = h("span", { class: "clock", hidden: true, "aria-label": "Reading time" });
    this.saved = h("span", { class: "saved", role: "status" });
    this.header = h(
      "header",
      { class: "top" },
      this.title,
      this.place,
      this.phase,
      h("span", { class: "space" }),
      this.clock,
      this.saved,
      h("button", { class: "quiet", type: "button", onclick: onpause, title: "Pause and blank (P)" }, "Pause"),
      h("button", { class: "quiet", type: "button", onclick: onhelp, title: "Keys (?)" }, "Keys"),
      h("a", { class: "quiet", href: workUrl, title: "Everything is saved" }, "Leave"),
    );
    this.notice = h("div", { class: "notice", role: "alert", hidden: true });
    this.loading = h("div", { class: "loading", role: "status", hidden: true });
    this.summary = h("p", { class: "summary", role: "status", hidden: true });
    this.wrong = h("p", { class: "problem", role: "alert", hidden: true });
    this.lock = h("button", { class: "lock", type: "button", onclick: onlock }, "Review and lock");
    this.back = h("button", { class: "quiet", type: "button", onclick: onback, hidden: true }, "Back (Esc)");
    this.finish = h(
      "footer",
      { class: "finish" },
      this.wrong,
      this.summary,
      h("div", { class: "actions" }, this.lock, this.back),
    );
    this.image = h("main", { class: "image" });
    this.panel = h("aside", { class: "panel", "aria-label": "Reading form" });
    this.element = h("div", { class: "parallax", tabindex: "-1", role: "application", "aria-label": "Reading" });
    this.element.addEventListener("click", onceOnly, true);
  }

  assemble({ toolbar, stage, aiPanel, clinical, form, cover, help }) {
    stage.append(this.notice);
    this.image.append(toolbar, stage, this.loading);
    this.panel.append(h("div", { class: "scroll" }, clinical, aiPanel, form), this.finish);
    this.element.append(this.header, this.image, this.panel, help, cover);
  }

  /** @param {import("./contract.js").OpenRead} next */
  heading(next) {
    const { read, study } = next;
    this.title.textContent = study.title;
    const what = read.practice ? "Practice" : "Case";
    this.place.textContent = `${what} ${read.position} of ${read.total}`;
    show(this.phase, read.phase === "aided");
    this.phase.textContent = "with AI";
  }

  /** @param {"saved" | "saving" | "retrying" | "refused"} kind */
  state(kind) {
    const texts = {
      saved: "saved",
      saving: "saving…",
      retrying: "not saved, retrying",
      refused: "not saved: see the marked field",
    };
    this.saved.textContent = texts[kind];
    this.saved.dataset.state = kind;
  }

  /** A line over the image; null takes it away.
   * @param {string | null} sentence
   * @param {[string, () => void]} [action] */
  say(sentence, action) {
    show(this.notice, Boolean(sentence));
    this.notice.replaceChildren(
      sentence ?? "",
      ...(action ? [h("button", { class: "plain", type: "button", onclick: action[1] }, action[0])] : []),
    );
  }

  /**
   * @param {string | null} sentence
   * @param {[string, () => void]} [action]
   */
  load(sentence, action) {
    show(this.loading, Boolean(sentence));
    this.loading.replaceChildren(
      sentence ?? "",
      ...(action ? [h("button", { class: "quiet", type: "button", onclick: action[1] }, action[0])] : []),
    );
  }

  /** @param {"reading" | "summary" | "locking"} kind */
  stage(kind, line = "") {
    show(this.summary, kind !== "reading");
    show(this.back, kind === "summary");
    this.summary.textContent = line;
    this.lock.textContent = { reading: "Review and lock", summary: "Lock this read", locking: "Locking…" }[kind];
    this.lock.disabled = kind === "locking";
    delete this.lock.dataset.steady;
    this.lock.classList.toggle("sure", kind === "summary");
    this.panel.inert = kind === "locking";
  }

  /** From now on a press of the lock's button is meant. */
  steady() {
    this.lock.dataset.steady = "";
  }

  /** @param {string} sentence */
  problem(sentence) {
    this.wrong.textContent = sentence;
    show(this.wrong, Boolean(sentence));
  }

  /** @param {number | null} seconds */
  time(seconds) {
    show(this.clock, seconds !== null);
    if (seconds !== null)
      this.clock.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  }
}

/** The second click of a double click is no second answer: it takes no diagnosis back and locks nothing. */
function onceOnly(event) {
  if (event.detail < 2 || !event.target.closest("button")) return;
  event.preventDefault();
  event.stopPropagation();
}
