// Exits with 0 if node_modules matches the lock file.
import { readFileSync } from "node:fs";

function packages(path) {
  const lock = JSON.parse(readFileSync(new URL(path, import.meta.url)));
  // Optional packages are for other platforms.
  const isMeant = ([folder, { optional }]) => folder !== "" && !optional;
  const installed = Object.entries(lock.packages).filter(isMeant);
  return JSON.stringify(
    installed.map(([folder, { version, integrity }]) => [folder, version, integrity]),
  );
}

try {
  // npm writes the second file at the end of an installation.
  const same = packages("package-lock.json") === packages("node_modules/.package-lock.json");
  process.exitCode = same ? 0 : 1;
} catch {
  process.exitCode = 1;
}
