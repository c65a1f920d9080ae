// @ts-check
// Measuring tools and marks, by Cornerstone. Window, zoom and pan are drags.js.

import {
  CircleROITool,
  EllipticalROITool,
  Enums,
  LengthTool,
  ProbeTool,
  RectangleROITool,
  ToolGroupManager,
  utilities,
} from "@cornerstonejs/tools";

class MarkPoint extends ProbeTool {}
MarkPoint.toolName = "MarkPoint";
class MarkBox extends RectangleROITool {}
MarkBox.toolName = "MarkBox";
class MarkSphere extends CircleROITool {}
MarkSphere.toolName = "MarkSphere";

export const TOOLS = [LengthTool, EllipticalROITool, MarkPoint, MarkBox, MarkSphere];

/** What a person calls them -> Cornerstone's name. With "window", which is not among them, nothing is measured.
 * @type {{ [name: string]: string }} */
export const BY_NAME = {
  length: LengthTool.toolName,
  ellipse: EllipticalROITool.toolName,
  point: MarkPoint.toolName,
  box: MarkBox.toolName,
  sphere: MarkSphere.toolName,
};

const { MouseBindings, KeyboardBindings } = Enums;
const NEAR = 6; // CSS pixels from a mark within which a press takes hold of it
// A press with Shift pans and does not come here; no other modifier changes what the left button does.
const LEFT = [
  undefined,
  KeyboardBindings.Ctrl,
  KeyboardBindings.Alt,
  KeyboardBindings.Meta,
  KeyboardBindings.CtrlAlt,
  KeyboardBindings.CtrlMeta,
  KeyboardBindings.AltMeta,
].map((modifierKey) => ({ mouseButton: MouseBindings.Primary, modifierKey }));

export class Tools {
  /** @type {import("../types.js").Tool} */
  chosen = "window";

  /**
   * @param {string} name
   * @param {import("./stack.js").Stack} stack
   */
  constructor(name, stack) {
    this.name = name;
    this.stack = stack;
    const group = ToolGroupManager.createToolGroup(name);
    if (!group) throw new Error(`There are tools named ${name} already`);
    this.group = group;
    this.group.addTool(LengthTool.toolName, { getTextLines: (data, id) => lengthText(data.cachedStats?.[id]) });
    this.group.addTool(EllipticalROITool.toolName, { getTextLines: (data, id) => ellipseText(data.cachedStats?.[id]) });
    this.group.addTool(MarkPoint.toolName, { getTextLines: () => [] });
    this.group.addTool(MarkBox.toolName, { getTextLines: () => [], calculateStats: false });
    this.group.addTool(MarkSphere.toolName, { getTextLines: () => [], calculateStats: false });
    this.group.addViewport(stack.viewportId, stack.engineId);
    this.choose("window");
  }

  /** @param {import("../types.js").Tool} name */
  choose(name) {
    this.chosen = name;
    for (const tool of Object.values(BY_NAME)) {
      if (tool !== BY_NAME[name]) this.group.setToolPassive(tool, { removeAllBindings: true });
    }
    if (name in BY_NAME) this.group.setToolActive(BY_NAME[name], { bindings: LEFT });
  }

  /** Whether a press of the left button there is for a tool or a mark, and not for the window.
   * @param {import("../types.js").Pair} point */
  takes(point) {
    return this.chosen in BY_NAME || Boolean(utilities.getAnnotationNearPoint(this.stack.element, point, NEAR));
  }

  destroy() {
    ToolGroupManager.destroyToolGroup(this.name);
  }
}

function lengthText(stats) {
  return stats?.length === undefined || stats.length === null ? [] : [`${stats.length.toFixed(1)} mm`];
}

function ellipseText(stats) {
  if (!stats || stats.mean === undefined || stats.mean === null) return [];
  return [`${stats.mean.toFixed(0)} HU, SD ${stats.stdDev.toFixed(0)}`, `${stats.area.toFixed(0)} mm²`];
}
