// Builds the script that pages load from its modules in `liveops/assets/js`.
//
//   node bundle.js          writes `liveops/assets/liveops.js` and its source map
//   node bundle.js --check  exits with 1 if these files are out of date
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const assets = new URL("../../liveops/assets/", import.meta.url);

/** Returns the script and its source map. */
export function bundle({ minify }) {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("js/liveops.js", assets))],
    outfile: fileURLToPath(new URL("liveops.js", assets)),
    nodePaths: [fileURLToPath(new URL("node_modules", import.meta.url))],
    bundle: true,
    minify,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: { js: "/* liveops.js: the sources are in the source map. */" },
    sourcemap: minify ? "external" : false,
    sourcesContent: true,
    write: false,
  });
  const content = (extension) => outputFiles.find(({ path }) => path.endsWith(extension))?.text;
  const [script, map] = [content(".js"), content(".map")];
  if (!map) return { "liveops.js": script };
  // The name under which the server has the map.
  const hash = createHash("sha256").update(map).digest("hex").slice(0, 16);
  const link = `//# sourceMappingURL=liveops.js-${hash}.map\n`;
  return { "liveops.js": script + link, "liveops.js.map": map };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, content] of Object.entries(bundle({ minify: true }))) {
    const path = new URL(name, assets);
    if (!process.argv.includes("--check")) writeFileSync(path, content);
    else if (readFileSync(path, "utf8") !== content) process.exitCode = 1;
  }
}
