// Mouse tools. Left drag is the window unless a measuring tool is chosen; right is zoom, middle and shift are pan.

import {
  EllipticalROITool, Enums, LengthTool, PanTool, ProbeTool, RectangleROITool, ToolGroupManager, WindowLevelTool, ZoomTool,
} from "@cornerstonejs/tools";

class MarkPoint extends ProbeTool {}
MarkPoint.toolName = "MarkPoint";
class MarkBox extends RectangleROITool {}
MarkBox.toolName = "MarkBox";

export const TOOLS = [WindowLevelTool, PanTool, ZoomTool, LengthTool, EllipticalROITool, MarkPoint, MarkBox];

/** What a person calls them -> Cornerstone's name. The first is the one at rest. */
export const BY_NAME = {
  window: WindowLevelTool.toolName,
  length: LengthTool.toolName,
  ellipse: EllipticalROITool.toolName,
  point: MarkPoint.toolName,
  box: MarkBox.toolName,
};

const { MouseBindings, KeyboardBindings } = Enums;

export class Tools {
  constructor(name, viewportId, engineId) {
    this.name = name;
    this.group = ToolGroupManager.createToolGroup(name);
    this.group.addTool(WindowLevelTool.toolName);
    this.group.addTool(PanTool.toolName);
    this.group.addTool(ZoomTool.toolName);
    this.group.addTool(LengthTool.toolName, { getTextLines: (data, id) => lengthText(data.cachedStats?.[id]) });
    this.group.addTool(EllipticalROITool.toolName, { getTextLines: (data, id) => ellipseText(data.cachedStats?.[id]) });
    this.group.addTool(MarkPoint.toolName, { getTextLines: () => [] });
    this.group.addTool(MarkBox.toolName, { getTextLines: () => [], calculateStats: false });
    this.group.addViewport(viewportId, engineId);
    this.choose("window");
  }

  choose(name) {
    this.chosen = name;
    for (const tool of Object.values(BY_NAME)) {
      if (tool !== BY_NAME[name]) this.group.setToolPassive(tool, { removeAllBindings: true });
    }
    this.group.setToolActive(PanTool.toolName, {
      bindings: [
        { mouseButton: MouseBindings.Auxiliary },
        { mouseButton: MouseBindings.Primary, modifierKey: KeyboardBindings.Shift },
      ],
    });
    this.group.setToolActive(ZoomTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }] });
    this.group.setToolActive(BY_NAME[name], { bindings: [{ mouseButton: MouseBindings.Primary }] });
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
