// @ts-check
// Keys and what they do. Every action can be given other keys by its reader; letters of the study's classes come first.

import list from "../keys.json" with { type: "json" };

/** @typedef {import("../contract.js").ActionName} ActionName */
/** @typedef {{ [action: string]: string | string[] }} Bindings */

/** The one list of keys, which the server and the documentation read too. Names of keys as `keyName` makes them.
 * @type {Record<ActionName, { group: string, label: string, keys: string[] }>} */
export const ACTIONS = list.actions;
export const NAMES = /** @type {ActionName[]} */ (Object.keys(ACTIONS));
export const { mouse: MOUSE, form: FORM } = list;

/** @type {{ [part: string]: string }} */
const SPOKEN = list.names;
/** @type {{ [code: string]: number }} */
const RATING_KEYS = { Backquote: 0, Digit0: 100 };

/** "a", "ctrl+z", "ArrowUp", "space", "?": one name for a key press. Command counts as Control.
 * @param {KeyboardEvent} event */
export function keyName(event) {
  const plain = event.key === " " ? "space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && event.key.length > 1) parts.push("shift");
  return [...parts, plain].join("+");
}

/** Shift+1 ... Shift+9 are 10 ... 90, Shift+0 is 100, Shift and the key left of 1 is 0; by place, whatever it prints.
 * @param {KeyboardEvent} event */
export function ratingOf(event) {
  if (!event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.code in RATING_KEYS) return RATING_KEYS[event.code];
  const digit = /^Digit([1-9])$/.exec(event.code);
  return digit ? Number(digit[1]) * 10 : null;
}

export class Keys {
  /** @type {Bindings} */
  own = {};
  /** @type {Map<string, ActionName>} */
  #byKey = new Map();

  /** @param {Bindings} own */
  constructor(own = {}) {
    this.set(own);
  }

  /** own: {action: key or keys}; unknown actions are kept out.
   * @param {Bindings} own */
  set(own) {
    this.own = Object.fromEntries(Object.entries(own ?? {}).filter(([action]) => action in ACTIONS));
    this.#byKey = new Map();
    for (const action of NAMES) for (const key of this.of(action)) this.#byKey.set(key, action);
  }

  /** @param {ActionName} action */
  of(action) {
    const own = this.own[action];
    return own === undefined ? ACTIONS[action].keys : [own].flat();
  }

  /** @param {string} name */
  action(name) {
    return this.#byKey.get(name);
  }

  /** The bindings after giving `action` this key; another action that had it loses it.
   * @param {ActionName} action
   * @param {string} key
   * @returns {Bindings} */
  with(action, key) {
    const own = { ...this.own, [action]: key };
    for (const other of NAMES) {
      if (other !== action && this.of(other).includes(key)) own[other] = this.of(other).filter((one) => one !== key);
    }
    return own;
  }
}

/** A key as people read it.
 * @param {string} name */
export function keyLabel(name) {
  if (name === "+") return "+";
  return name
    .split("+")
    .map((part) => SPOKEN[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
