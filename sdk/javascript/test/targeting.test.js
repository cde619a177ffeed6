/** Conditions and patterns against the golden files, and the numbers that JavaScript would round. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidCondition, InvalidPattern, OPERATORS, Pattern, compileCondition, find, readJson } from "../dist/index.js";
import { golden, names } from "./golden.js";

for (const name of names("targeting").filter((each) => !each.startsWith("refused"))) {
  test(name.replaceAll("_", " "), () => {
    const document = golden(`targeting/${name}.json`);
    const condition = compileCondition(document.condition, document.audiences);
    if (document.expanded) assert.deepEqual(condition.document, document.expanded);
    for (const { attributes, matches } of document.cases) {
      assert.equal(condition.matches(attributes), matches, JSON.stringify(attributes));
      assert.equal(find(condition, attributes).matched, matches);
    }
  });
}

for (const name of ["refused", "refused_beyond_the_schema"]) {
  test(`${name.replaceAll("_", " ")}, with the place`, () => {
    for (const { condition, audiences, pointer } of golden(`targeting/${name}.json`).refused) {
      assert.throws(
        () => compileCondition(condition, audiences),
        (error) => error instanceof InvalidCondition && error.pointer === pointer,
        JSON.stringify(condition),
      );
    }
  });
}

for (const name of names("targeting/patterns").filter((each) => each !== "refused")) {
  test(`patterns: ${name.replaceAll("_", " ")}`, () => {
    for (const { pattern, matches, misses } of golden(`targeting/patterns/${name}.json`).patterns) {
      const compiled = new Pattern(pattern);
      for (const text of matches) assert.equal(compiled.matches(text), true, `${pattern} in ${text}`);
      for (const text of misses) assert.equal(compiled.matches(text), false, `${pattern} in ${text}`);
    }
  });
}

test("patterns that engines read differently are refused", () => {
  for (const pattern of golden("targeting/patterns/refused.json").refused) {
    assert.throws(() => new Pattern(pattern), InvalidPattern, pattern);
  }
});

test("no attribute makes a condition throw", () => {
  const values = [NaN, 10n ** 5000n, "\ud800", "9".repeat(5000) + ".0.0", { a: [] }, [], Symbol("s"), () => 1, new Date(0)];
  for (const operator of Object.keys(OPERATORS)) {
    for (const value of [undefined, "a", "1.2.3", "2026-11-20", 1, ["a", 1]]) {
      let condition;
      try {
        condition = compileCondition(value === undefined ? { attribute: "x", operator } : { attribute: "x", operator, value });
      } catch (error) {
        assert.ok(error instanceof InvalidCondition, String(error));
        continue;
      }
      for (const x of values) assert.equal(typeof condition.matches({ x }), "boolean", operator);
    }
  }
});

test("an integer that no double carries is read and compared exactly", () => {
  const rule = (operator, value) => compileCondition(readJson(`{"attribute": "x", "operator": "${operator}", "value": ${value}}`));
  const has = (text) => readJson(`{"x": ${text}}`);
  assert.equal(rule("equals", "9007199254740993").matches(has("9007199254740993")), true);
  assert.equal(rule("equals", "9007199254740993").matches(has("9007199254740992")), false);
  assert.equal(rule("greater", "9007199254740992").matches(has("9007199254740993")), true);
  assert.equal(rule("in", "[1, 100000000000000000000]").matches(has("1e20")), true);
  assert.equal(rule("in", "[1e20]").matches(has("100000000000000000001")), false);
  assert.equal(rule("in", "[7]").matches({ x: 7n }), true);
});

test("a JSON text is read without loss, and what looks like a number inside a text is left alone", () => {
  const text = '{"integer": "1234567890123456789", "a\\"1234567890123456789": [-1234567890123456789, 12345678901234567.5, 1e30]}';
  assert.deepEqual(readJson(text), {
    integer: "1234567890123456789",
    'a"1234567890123456789': [-1234567890123456789n, 12345678901234567.5, 1e30],
  });
  assert.throws(() => readJson('{"x": 01234567890123456789}'), SyntaxError);
});
