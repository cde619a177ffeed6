/** What the README prints is what it says. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the example of the README prints what its comments say", async () => {
  const [, code] = /```js\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  const kernel = new URL("../dist/index.js", import.meta.url).href;
  const printed = [];
  globalThis.printedByReadme = (...words) => printed.push(words.join(" "));
  const runnable = code.replace('"litmus-sdk"', JSON.stringify(kernel)).replaceAll("console.log", "printedByReadme");
  await import(`data:text/javascript,${encodeURIComponent(runnable)}`);
  assert.deepEqual(printed, [...code.matchAll(/\/\/ (.*)$/gm)].map(([, comment]) => comment));
});
