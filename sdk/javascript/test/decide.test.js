/** The kernel against the golden decisions, and its explanation against the kernel. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DecisionTable, InvalidEntry, STEPS, compileEntry, decide, explain, withPolicy } from "../dist/index.js";
import { golden, names } from "./golden.js";

for (const name of names("decide")) {
  const document = golden(`decide/${name}.json`);
  const experiment = compileEntry(document.entry);

  test(`${name.replaceAll("_", " ")}`, () => {
    for (const { unit, attributes, forced, expect } of document.cases) {
      assert.deepEqual(decide(experiment, unit, attributes, forced), {
        variant: expect.variant,
        propensity: expect.propensity,
        reason: expect.reason,
        inExperiment: expect.in_experiment,
        bucket: expect.bucket,
        revision: expect.revision,
        epoch: expect.epoch,
        policyVersion: expect.policy_version,
      });
    }
  });

  test(`${name.replaceAll("_", " ")}, and is explained`, () => {
    for (const { unit, attributes, forced, expect } of document.cases) {
      const steps = explain(experiment, unit, attributes, forced);
      assert.deepEqual(steps.map((step) => step.name), STEPS);
      const [settled, ...others] = steps.filter((step) => step.outcome === "settled");
      assert.deepEqual(others, []);
      assert.deepEqual(
        [settled.reason, settled.variant, settled.propensity, settled.bucket ?? null],
        [expect.reason, expect.variant, expect.propensity, expect.bucket],
      );
    }
  });
}

const ENTRY = golden("decide/policy_of_this_revision_is_in_force.json").entry;

test("a stored assignment comes after forced and before everything that draws", () => {
  const closed = { ...ENTRY, traffic: 0, holdout: { salt: "h", share: 1_000_000 }, forced: { qa: 1 } };
  const settled = (entry, unit, forced) =>
    explain(compileEntry(entry), unit, null, forced, 1).find((step) => step.outcome === "settled");
  assert.deepEqual(settled(closed, "unit-1"), { name: "stored", outcome: "settled", reason: "stored", variant: 1 });
  assert.equal(settled(closed, "qa").name, "forced");
  assert.equal(settled(closed, "unit-1", 0).name, "forced");
  assert.equal(settled({ ...closed, status: "paused" }, "unit-1").reason, "paused");
});

test("the tree of an audience shows the value that was looked at", () => {
  const audience = { not: { attribute: "country", operator: "in", value: ["DE"] } };
  const step = explain(compileEntry({ ...ENTRY, audience }), "unit-1", { country: "FR" }).find(
    (each) => each.name === "audience",
  );
  const rule = { word: "in", matched: false, parts: [], attribute: "country", wanted: ["DE"], found: "FR" };
  assert.deepEqual(step.finding, {
    word: "not", matched: true, parts: [rule], attribute: null, wanted: null, found: null,
  });
});

test("a forced ordinal that does not exist is an error", () => {
  for (const forced of [-1, 2, 0.5]) assert.throws(() => decide(compileEntry(ENTRY), "u", null, forced), RangeError);
});

test("an attribute is what the object itself has", () => {
  const audience = { attribute: "constructor", operator: "present" };
  const experiment = compileEntry({ ...ENTRY, audience });
  assert.equal(decide(experiment, "u", {}).reason, "audience");
  assert.equal(decide(experiment, "u", JSON.parse('{"constructor": 1}')).reason, "assigned");
});

test("a table swaps one entry and never goes back", () => {
  const [one, other] = [compileEntry(ENTRY), compileEntry({ ...ENTRY, id: "other", key: "other" })];
  const old = new DecisionTable([one, other]);
  const policy = { version: 8, revision: 12, propensities: [0, 1_000_000] };
  const table = old.withPolicy(ENTRY.id, policy);
  assert.deepEqual([old.get("golden").policyVersion, table.get("golden").policyVersion], [7, 8]);
  assert.equal(table.get("other"), other);
  assert.equal(table.withEntry(compileEntry({ ...ENTRY, revision: 11 })), table);
  assert.equal(table.withEntry(compileEntry({ ...ENTRY, status: "paused" })).get(ENTRY.id).policyVersion, 8);
  const renamed = table.withEntry(compileEntry({ ...ENTRY, key: "renamed", revision: 13 }));
  assert.deepEqual([renamed.get("golden"), renamed.get("renamed").revision, renamed.size], [null, 13, 2]);
  for (const older of [{ ...policy, version: 7 }, { ...policy, revision: 13 }]) {
    assert.equal(withPolicy(one, older), one);
  }
  assert.throws(() => withPolicy(one, { ...policy, propensities: [1_000_000] }), InvalidEntry);
});
