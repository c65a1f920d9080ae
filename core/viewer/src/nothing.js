// @ts-check
// Stands in for xmlbuilder2 (an XML writer of vtk.js that needs Node's own modules); the viewer writes no XML.
export function create() {
  throw new Error("XML writing is not part of the viewer");
}
