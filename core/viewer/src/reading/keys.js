// Keys and what they do. Every action can be given other keys by its reader; letters of the study's classes come first.

/** id -> [group, label, default keys]. Names of keys as `keyName` makes them. */
export const ACTIONS = {
  "next": ["Move", "Next slice", ["ArrowDown"]],
  "previous": ["Move", "Previous slice", ["ArrowUp"]],
  "next10": ["Move", "10 slices on", ["PageDown"]],
  "previous10": ["Move", "10 slices back", ["PageUp"]],
  "first": ["Move", "First slice", ["Home"]],
  "last": ["Move", "Last slice", ["End"]],
  "cine": ["Move", "Play or stop", ["space"]],
  "slower": ["Move", "Play slower", [","]],
  "faster": ["Move", "Play faster", ["."]],
  "axial": ["Move", "Axial", ["4"]],
  "coronal": ["Move", "Coronal", ["5"]],
  "sagittal": ["Move", "Sagittal", ["6"]],
  "lung": ["Image", "Lung window", ["1"]],
  "soft": ["Image", "Soft tissue window", ["2"]],
  "bone": ["Image", "Bone window", ["3"]],
  "wide": ["Image", "Mediastinum wide window", ["w"]],
  "liver": ["Image", "Liver window", ["v"]],
  "wider": ["Image", "Window wider", ["ctrl+ArrowRight"]],
  "narrower": ["Image", "Window narrower", ["ctrl+ArrowLeft"]],
  "brighter": ["Image", "Level lower (brighter)", ["ctrl+ArrowUp"]],
  "darker": ["Image", "Level higher (darker)", ["ctrl+ArrowDown"]],
  "zoomIn": ["Image", "Zoom in", ["+"]],
  "zoomOut": ["Image", "Zoom out", ["-"]],
  "fit": ["Image", "Fit", ["*"]],
  "invert": ["Image", "Invert", ["i"]],
  "reset": ["Image", "Reset view", ["r"]],
  "overlay": ["Image", "AI overlay (once revealed)", ["m"]],
  "window": ["Tools", "Window by left drag", ["9"]],
  "length": ["Tools", "Length", ["l"]],
  "ellipse": ["Tools", "Ellipse: mean, SD, area", ["e"]],
  "point": ["Tools", "Mark a point", ["7"]],
  "box": ["Tools", "Mark a box", ["8"]],
  "remove": ["Tools", "Remove the chosen or last mark", ["Delete", "Backspace"]],
  "key": ["Answers", "Key image on or off", ["k"]],
  "indeterminate": ["Answers", "Indeterminate (where allowed)", ["0"]],
  "undo": ["Answers", "Undo", ["ctrl+z", "u"]],
  "lock": ["Answers", "Summary, then lock", ["Enter"]],
  "cancel": ["Answers", "Back, cancel", ["Escape"]],
  "pause": ["Page", "Pause and blank", ["p"]],
  "help": ["Page", "Keys", ["?"]],
};

const RATING_KEYS = { Backquote: 0, Digit0: 100 };

/** "a", "ctrl+z", "ArrowUp", "space", "?": one name for a key press. Command counts as Control. */
export function keyName(event) {
  const plain = event.key === " " ? "space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && event.key.length > 1) parts.push("shift");
  return [...parts, plain].join("+");
}

/** Shift+1 ... Shift+9 are 10 ... 90, Shift+0 is 100, Shift and the key left of 1 is 0; by place, whatever it prints. */
export function ratingOf(event) {
  if (!event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.code in RATING_KEYS) return RATING_KEYS[event.code];
  const digit = /^Digit([1-9])$/.exec(event.code);
  return digit ? Number(digit[1]) * 10 : null;
}

export class Keys {
  constructor(own = {}) {
    this.set(own);
  }

  /** own: {action: key or keys}; unknown actions are kept out. */
  set(own) {
    this.own = Object.fromEntries(Object.entries(own ?? {}).filter(([action]) => action in ACTIONS));
    this.byKey = new Map();
    for (const action of Object.keys(ACTIONS)) for (const key of this.of(action)) this.byKey.set(key, action);
  }

  of(action) {
    const own = this.own[action];
    return own === undefined ? ACTIONS[action][2] : [own].flat();
  }

  action(name) {
    return this.byKey.get(name);
  }

  /** The bindings after giving `action` this key; another action that had it loses it. */
  with(action, key) {
    const own = { ...this.own, [action]: key };
    for (const other of Object.keys(ACTIONS)) {
      if (other !== action && this.of(other).includes(key)) own[other] = this.of(other).filter((one) => one !== key);
    }
    return own;
  }
}

const NAMES = {
  ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", PageDown: "Page ↓", PageUp: "Page ↑",
  space: "Space", Escape: "Esc", Backspace: "⌫", Delete: "Del", ctrl: "Ctrl", alt: "Alt", shift: "Shift",
};

/** A key as people read it. */
export function keyLabel(name) {
  if (name === "+") return "+";
  return name.split("+").map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}
