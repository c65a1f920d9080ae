// @ts-check
// Windows by name. Width and level in HU, common practice in chest CT.

export const WINDOWS = {
  lung: { width: 1500, level: -600, label: "Lung" },
  soft: { width: 400, level: 40, label: "Soft tissue" },
  wide: { width: 700, level: 40, label: "Mediastinum wide" },
  angio: { width: 700, level: 100, label: "CT angiography" },
  liver: { width: 150, level: 60, label: "Liver" },
  bone: { width: 2500, level: 480, label: "Bone" },
};
