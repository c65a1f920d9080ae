// Keys, answers, drafts and events, without a browser.

import assert from "node:assert/strict";
import test from "node:test";

globalThis.window = { innerWidth: 1, innerHeight: 1, devicePixelRatio: 1 };
globalThis.screen = { width: 1, height: 1 };
const { Trouble } = await import("../src/reading/api.js");
const { contradiction, Content, missing } = await import("../src/reading/content.js");
const { Drafts } = await import("../src/reading/drafts.js");
const { ACTIONS, Keys, keyName, ratingOf } = await import("../src/reading/keys.js");
const { Telemetry } = await import("../src/reading/telemetry.js");

const until = async (true_) => {
  for (let i = 0; i < 400 && !true_(); i++) await new Promise((go) => setTimeout(go, 5));
  assert.ok(true_());
};
const press = (key, more = {}) => ({
  key,
  code: "",
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

test("a required question is answered by its answer, or by a mark that names it", () => {
  const form = {
    ratings: false,
    classes: [],
    questions: [
      { id: "q", kind: "grade", required: true },
      { id: "m", kind: "mark", required: true },
      { id: "o", kind: "text", required: false },
    ],
  };
  const content = { diagnosis: "cap", ratings: {}, answers: {}, marks: [], key_slices: [] };
  assert.deepEqual(Object.keys(missing(content, form)), ["answers.q", "answers.m"]);
  content.answers.q = "low";
  content.marks.push({ question: "m" });
  assert.deepEqual(missing(content, form), {});
  assert.throws(() => missing(content, { ...form, questions: [{ id: "x", kind: "guess", required: true }] }), /guess/);
});

test("no two actions share a key as delivered", () => {
  const names = Object.values(ACTIONS).flatMap(({ keys }) => keys);
  assert.equal(new Set(names).size, names.length);
});

test("a key has one name whatever the case and the command key", () => {
  assert.equal(keyName(press("Z", { metaKey: true })), "ctrl+z");
  assert.equal(keyName(press(" ")), "space");
  assert.equal(keyName(press("?", { shiftKey: true })), "?");
  assert.equal(keyName(press("ArrowUp", { shiftKey: true, altKey: true })), "alt+shift+ArrowUp");
});

test("ratings go by the place of the key and need Shift alone", () => {
  const digit = (code, more) => ratingOf(press("x", { code, shiftKey: true, ...more }));
  assert.deepEqual(
    ["Backquote", "Digit1", "Digit9", "Digit0"].map((code) => digit(code)),
    [0, 10, 90, 100],
  );
  assert.equal(digit("Digit1", { ctrlKey: true }), null);
  assert.equal(ratingOf(press("1", { code: "Digit1" })), null);
});

test("an action that is given another's key takes it", () => {
  const keys = new Keys();
  keys.set(keys.with("invert", "r"));
  assert.equal(keys.action("r"), "invert");
  assert.deepEqual(keys.of("reset"), []);
  assert.deepEqual(new Keys({ nonsense: "x" }).own, {});
});

test("undo goes back step by step and a first diagnosis may stand", () => {
  let said = 0;
  const content = new Content({
    changed: () => {},
    standing: () => {
      said += 1;
    },
  });
  content.change("diagnosis", (value) => (value.diagnosis = "cap"));
  content.change("rating cap", (value) => (value.ratings.cap = 10));
  content.change("rating cap", (value) => (value.ratings.cap = 20)); // a drag: one step
  content.undo();
  assert.deepEqual([content.value.diagnosis, content.value.ratings], ["cap", {}]);
  content.undo();
  assert.equal(content.undo(), false);

  content.adopt({ content: { diagnosis: "cap" }, chosen: true }, false);
  content.change("diagnosis", (value) => (value.diagnosis = "covid"));
  assert.deepEqual([content.value.diagnosis, said], ["cap", 1]);
});

test("what a lock needs is named by field", () => {
  const form = {
    classes: [{ code: "cap", label: "CAP" }],
    ratings: true,
    questions: [
      { id: "m", kind: "mark", required: true },
      { id: "t", kind: "text", required: false },
    ],
  };
  const value = { diagnosis: null, ratings: {}, answers: {}, marks: [] };
  assert.deepEqual(Object.keys(missing(value, form)), ["diagnosis", "ratings.cap", "answers.m"]);
});

test("a rating against the diagnosis is named, agreement is not", () => {
  const form = {
    ratings: true,
    classes: [
      { code: "a", label: "A" },
      { code: "b", label: "B" },
    ],
  };
  const asked = (diagnosis, ratings) => contradiction({ diagnosis, ratings }, form);
  assert.match(asked("a", { a: 20, b: 80 }), /highest rating is B 80, your diagnosis A 20/);
  for (const [diagnosis, ratings] of [
    ["b", { a: 20, b: 80 }],
    ["a", { a: 50, b: 50 }],
    ["indeterminate", { a: 1, b: 2 }],
    ["a", {}],
  ]) {
    assert.equal(asked(diagnosis, ratings), "");
  }
});

test("a draft is sent again unchanged until answered, then what changed meanwhile", async () => {
  const sent = [];
  let value = 1;
  let fail = true;
  const api = {
    draft: async (_token, body) => {
      sent.push([body.revision, body.content]);
      if (fail) throw new Trouble("network", "gone");
      return { revision: body.revision + 1 };
    },
  };
  const states = [];
  const drafts = new Drafts(api, "tab", () => value, { state: (kind) => states.push(kind) });
  drafts.open("token", 4);
  drafts.release();
  drafts.changed();
  await until(() => sent.length === 1);
  value = 2;
  drafts.changed();
  fail = false;
  drafts.wake();
  await until(() => states.at(-1) === "saved");
  assert.deepEqual(sent.slice(-2), [
    [4, 1],
    [5, 2],
  ]);
  assert.ok(states.includes("retrying"));
  drafts.close();
});

test("nothing is posted before the first image, then everything in order", async () => {
  const posts = [];
  const api = {
    events: async (_token, body) => {
      posts.push(body.events.map(({ kind }) => kind));
      return {};
    },
  };
  const telemetry = new Telemetry(api, "tab", { clock: () => {}, takenOver: () => assert.fail("taken over") });
  telemetry.open("token", 0.01);
  telemetry.mark("hidden");
  await new Promise((go) => setTimeout(go, 40)); // heartbeats would be due
  assert.deepEqual(posts, []);
  telemetry.mark("painted");
  await until(() => posts.flat().includes("heartbeat"));
  assert.deepEqual(posts.flat().slice(0, 2), ["hidden", "painted"]);
  telemetry.close();
});
