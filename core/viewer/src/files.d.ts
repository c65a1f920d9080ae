// What the bundler makes of files that are not JavaScript.

declare module "*.css" {
  const text: string;
  export default text;
}

/** A worker, bundled on its own, as text. */
declare module "*?worker" {
  const source: string;
  export default source;
}
