#!/usr/bin/env node
/**
 * The kernel as a filter, so that programs in other languages can hold it against theirs: one line of JSON in, one line out.
 *
 *     {"forget": true, "entries": {"a": {…}}, "decisions": [["a", "unit-1", {"country": "DE"}, null, null], …]}
 *     {"entries": {"a": null}, "decisions": [[variant, propensity, reason, bucket, revision, epoch, policy_version], …]}
 *
 * A decision names its entry, the unit, its attributes, a forced variant, and shares in ppm where the unit has its own: then the
 * draw is from these. Entries are remembered by the names they were given until they are forgotten; the answer has null for one that was
 * compiled, else {"error", "pointer"}. A decision that cannot be made is {"error"}.
 */

import { createInterface } from "node:readline";

import { compileEntry, decide, readJson, thresholds } from "../dist/index.js";

const compiled = new Map();

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { forget = false, entries = {}, decisions = [] } = readJson(line);
  if (forget) compiled.clear();
  const answer = {
    entries: Object.fromEntries(Object.entries(entries).map(([name, document]) => [name, learn(name, document)])),
    decisions: decisions.map(answered),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function learn(name, document) {
  try {
    compiled.set(name, compileEntry(document));
    return null;
  } catch (error) {
    return { error: error.name, pointer: error.pointer };
  }
}

function answered([name, unit, attributes, forced, shares]) {
  try {
    const made = decide(compiled.get(name), unit, attributes, forced);
    const { reason, bucket, revision, epoch, policyVersion } = made;
    const own = shares && made.inExperiment;
    const variant = own ? thresholds(shares).findIndex((threshold) => bucket < threshold) : made.variant;
    const propensity = own ? shares[variant] : made.propensity;
    return [variant, propensity, reason, bucket, revision, epoch, policyVersion];
  } catch (error) {
    return { error: error.name };
  }
}
