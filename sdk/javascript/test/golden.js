/** The shared truth in `spec/`, as it is read by the tests. */

import { readFileSync, readdirSync } from "node:fs";

import { readJson } from "../dist/index.js";

const SPEC = new URL("../../../spec/", import.meta.url);

export function golden(path) {
  return readJson(readFileSync(new URL(path, SPEC), "utf8"));
}

export function names(folder) {
  return readdirSync(new URL(`${folder}/`, SPEC))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.replace(/\.json$/, ""))
    .sort();
}
