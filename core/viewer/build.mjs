// Bundles src/ into the file named on the command line. Run by build.py with the Node that comes from PyPI.
import { build } from "esbuild";

const [, , out] = process.argv;
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
  logLevel: "warning",
});
