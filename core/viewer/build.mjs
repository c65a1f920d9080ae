// Bundles src/ into the file named on the command line. Run by build.py with the Node that comes from PyPI.
import { resolve } from "node:path";
import { build } from "esbuild";

const [, , out] = process.argv;

/** A worker travels inside the bundle, as text: one file is all that a page needs. */
const inWorker = {
  name: "worker",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\?worker$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace("?worker", "")),
      namespace: "worker",
    }));
    onLoad({ filter: /./, namespace: "worker" }, async ({ path }) => {
      const made = await build({
        entryPoints: [path],
        bundle: true,
        format: "iife",
        target: "es2022",
        minify: true,
        write: false,
      });
      return { contents: made.outputFiles[0].text, loader: "text" };
    });
  },
};

await build({
  entryPoints: ["src/main.js"],
  outfile: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "eof",
  loader: { ".css": "text" },
  alias: { xmlbuilder2: "./src/nothing.js" },
  plugins: [inWorker],
  logLevel: "warning",
});
