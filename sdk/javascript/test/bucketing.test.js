/** The hash and the arithmetic of shares: the golden vectors, and Node's own hash as an independent judge. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { InvalidUnit, bucket, h32, thresholds } from "../dist/index.js";
import { golden } from "./golden.js";

test("every language hashes to the same bucket", () => {
  for (const vector of golden("bucketing/sha256_v1.json").vectors) {
    assert.equal(h32(vector.salt, vector.unit), vector.h32, vector.unit);
    assert.equal(bucket(vector.salt, vector.unit), vector.bucket, vector.unit);
  }
});

test("the hash is that of the engine for texts of every length and width", () => {
  for (let length = 0; length < 300; length++) {
    for (const character of ["a", "ü", "本", "😀"]) {
      const unit = character.repeat(length);
      const digest = createHash("sha256").update(`salt:${unit}`, "utf8").digest();
      assert.equal(h32("salt", unit), digest.readUInt32BE(0), `${length} × ${character}`);
    }
  }
});

test("a lone surrogate is a clear error", () => {
  for (const [salt, unit, position] of [["s", "😀a\ud800", 2], ["\udfff", "a", 0], ["s", "\ude00\ud83d", 0]]) {
    assert.throws(() => bucket(salt, unit), (error) => {
      assert.ok(error instanceof InvalidUnit);
      assert.match(error.message, new RegExp(`lone surrogate at position ${position}`));
      return true;
    });
  }
});

test("the thresholds of the study choose the arms of the study", () => {
  const study = golden("bucketing/shares_and_thresholds.json");
  const weights = study.thresholds.map((end, place) => end - (study.thresholds[place - 1] ?? 0));
  assert.deepEqual(thresholds(weights), study.thresholds);
  for (const each of study.cases) {
    const place = bucket(study.salt, each.unit);
    const chosen = study.thresholds.findIndex((end) => place < end);
    assert.deepEqual([place, chosen, weights[chosen]], [each.bucket, each.arm, each.propensity_ppm]);
  }
});
