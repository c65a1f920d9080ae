// Shapes that several files of the viewer share. What goes over the wire is in contract.d.ts.

import type { ImageMark as Mark } from "./contract.js";

export type Plane = Mark["plane"];
/** (z, y, x) */
export type Triple = [number, number, number];
export type Pair = [number, number];
export interface Size {
  width: number;
  height: number;
}
/** In HU. */
export interface Window {
  width: number;
  level: number;
}
/** An image of the stack. */
export interface Shown {
  plane: Plane;
  index: number;
}
/** A place to go to; axial where no plane is named. */
export interface Place {
  plane?: Plane;
  slice: number;
}
export type Tool = "window" | "length" | "ellipse" | "point" | "box" | "sphere";
export type Rendering = "cpu" | "gpu" | undefined;
export interface OverlayChange {
  on?: boolean;
  opacity?: number;
  lungs?: boolean;
  heat?: boolean;
}
export interface ViewerHooks {
  painted(first: boolean): void;
  acted(): void;
  count(name: string, by?: number): void;
  seen(slices: number): void;
  marks(marks: Mark[]): void;
  made(kind: Tool, kept: boolean): void;
  changed(): void;
}
/** What a stream tells; `seconds` until the next attempt, null where there is none. */
export interface StreamHooks {
  arrived(z: number): void;
  coarse(): void;
  trouble(sentence: string, seconds: number | null): void;
  expired(): void;
  done(): void;
}
/** An image to fetch; z is null for the coarse view. */
export interface Wanted {
  z: number | null;
  rows: number;
  columns: number;
}
/** A request that was answered, but not with pixels. */
export interface PixelRefusal {
  message: string;
  expired: boolean;
  final: boolean;
}
export interface Drag {
  kind: "pan" | "zoom" | "window";
  start: Pair;
  last: Pair;
  width: number;
  level: number;
  changed: boolean;
}
