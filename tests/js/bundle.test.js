import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.js";

const files = bundle({ minify: true });

test("the script that pages load is built from its modules: npm run bundle", () => {
  for (const [name, content] of Object.entries(files)) {
    const shipped = readFileSync(new URL(`../../liveops/assets/${name}`, import.meta.url), "utf8");
    assert.ok(shipped === content, `liveops/assets/${name} is out of date`);
  }
});

test("the script has at most 12 kB, compressed", () => {
  const { length } = gzipSync(files["liveops.js"], { level: 9 });
  assert.ok(length <= 12_000, `${length} bytes`);
});

test("no module of the script needs itself", () => {
  const folder = new URL("../../liveops/assets/js/", import.meta.url);
  const needs = (name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/from "\.\/(.*)"/g)].map(([, other]) => other);
  const visit = (name, path) => {
    assert.ok(!path.includes(name), [...path, name].join(" → "));
    for (const other of needs(name)) visit(other, [...path, name]);
  };
  visit("liveops.js", []);
});
