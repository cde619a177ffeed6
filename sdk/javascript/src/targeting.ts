/**
 * Who is eligible: a condition document becomes a predicate over attributes.
 *
 * It knows JSON values and nothing else. A condition is one of
 *
 *     {"all": [condition, …]}    {"any": [condition, …]}    {"not": condition}
 *     {"attribute": "country", "operator": "in", "value": ["DE", "CA"]}
 *     {"audience": "key"}: the condition that is known by this name; only before it is published
 *
 * An operator looks only at an attribute that is there: missing or null never matches, not even `not_equals`. Text,
 * number (a bigint is one) and boolean are three kinds, and nothing is coerced from one to another. Text is ordered by
 * code point. How many bytes a condition may have, the server has judged before it was published.
 */

import { escaped } from "./document.js";
import { compareInstants, instant } from "./instant.js";
import { InvalidPattern, MAX_STATES, Pattern } from "./pattern.js";
import { comparePrecedence, precedence } from "./semver.js";
import { compareTexts, hasUtf8, isAtMost } from "./text.js";

export type Attributes = Readonly<Record<string, unknown>>;
/** It never throws. */
export type Predicate = (attributes: Attributes) => boolean;
type Test = (have: unknown) => boolean;
type Build = (want: unknown) => Test;
type Kind = "text" | "number" | "boolean";

const MAX_DEPTH = 20;
/** Conditions within a condition, itself included, with all names replaced by what they stand for. */
const MAX_NODES = 1_000;
/** Values of one list. */
const MAX_LIST = 10_000;
/** Code points of a version or a date, in a condition and in an attribute; a longer text is none. */
const MAX_PLACED = 255;
/** Size of an integer. */
const MAX_BITS = 4_096;

/** The condition cannot be evaluated as written; `pointer` (RFC 6901) says where, "" is the root of the document. */
export class InvalidCondition extends Error {
  override name = "InvalidCondition";
  readonly pointer: string;
  readonly reason: string;

  constructor(pointer: string, reason: string) {
    super(`${reason} (at ${pointer || "the root"})`);
    this.pointer = pointer;
    this.reason = reason;
  }
}

/** A condition that can be evaluated. */
export interface Condition {
  /** As it is published: without names. */
  readonly document: Readonly<Record<string, unknown>>;
  /** `all`, `any`, `not`, or the operator. */
  readonly word: string;
  readonly parts: readonly Condition[];
  readonly matches: Predicate;
}

/** The condition that a document describes, its names looked up in `audiences`. Throws InvalidCondition. */
export function compileCondition(document: unknown, audiences: Readonly<Record<string, unknown>> = {}): Condition {
  return new Compiler(audiences).condition(document, "", 0);
}

/** Which of the three comparable kinds a JSON value is; null for null, lists and objects. */
export function kind(value: unknown): Kind | null {
  switch (typeof value) {
    case "string":
      return "text";
    case "boolean":
      return "boolean";
    case "number":
    case "bigint":
      return "number";
    default:
      return null;
  }
}

/** One walk over one document. It counts what it meets, so that no document costs more than the limits. */
class Compiler {
  readonly #audiences: Readonly<Record<string, unknown>>;
  readonly #open: string[] = [];
  #nodes = 0;
  #states = 0;

  constructor(audiences: Readonly<Record<string, unknown>>) {
    this.#audiences = audiences;
  }

  condition(document: unknown, at: string, depth: number): Condition {
    if (typeof document !== "object" || document === null || Array.isArray(document)) {
      throw new InvalidCondition(at, "a condition is an object");
    }
    if (depth > MAX_DEPTH) throw new InvalidCondition(at, `conditions nest at most ${MAX_DEPTH} deep`);
    if (++this.#nodes > MAX_NODES) throw new InvalidCondition(at, `at most ${MAX_NODES} conditions stand in one`);
    const found = document as Readonly<Record<string, unknown>>;
    const [first, second, ...others] = Object.keys(found).sort(compareTexts);
    if (second === undefined) {
      switch (first) {
        case "all": {
          const parts = this.#parts(found.all, `${at}/all`, depth);
          return group("all", parts, (attributes) => parts.every((part) => part.matches(attributes)));
        }
        case "any": {
          const parts = this.#parts(found.any, `${at}/any`, depth);
          return group("any", parts, (attributes) => parts.some((part) => part.matches(attributes)));
        }
        case "not": {
          const part = this.condition(found.not, `${at}/not`, depth + 1);
          return {
            document: { not: part.document },
            word: "not",
            parts: [part],
            matches: (attributes) => !part.matches(attributes),
          };
        }
        case "audience":
          return this.#named(found.audience, `${at}/audience`, depth);
      }
    }
    if (first === "attribute" && second === "operator") return this.#rule(found, at, others);
    throw new InvalidCondition(at, "a condition is one of all, any, not, audience, or an attribute with an operator");
  }

  #parts(documents: unknown, at: string, depth: number): readonly Condition[] {
    if (!Array.isArray(documents) || documents.length === 0) {
      throw new InvalidCondition(at, "a list of at least one condition is needed");
    }
    return documents.map((document, index) => this.condition(document, `${at}/${index}`, depth + 1));
  }

  #named(name: unknown, at: string, depth: number): Condition {
    if (typeof name !== "string" || !Object.hasOwn(this.#audiences, name)) {
      throw new InvalidCondition(at, `there is no audience ${JSON.stringify(name)}`);
    }
    if (this.#open.includes(name)) {
      const cycle = [...this.#open.slice(this.#open.indexOf(name)), name].join(" → ");
      throw new InvalidCondition(at, `an audience cannot stand for itself: ${cycle}`);
    }
    this.#open.push(name);
    this.#nodes--; // the name is no condition of its own
    try {
      return this.condition(this.#audiences[name], "", depth + 1);
    } catch (error) {
      if (!(error instanceof InvalidCondition)) throw error;
      const where = error.pointer && ` at ${error.pointer}`;
      throw new InvalidCondition(at, `audience ${JSON.stringify(name)}${where}: ${error.reason}`);
    } finally {
      this.#open.pop();
    }
  }

  #rule(document: Readonly<Record<string, unknown>>, at: string, others: readonly string[]): Condition {
    const { attribute: name, operator: word, value } = document;
    if (typeof name !== "string" || name === "" || !canBeKept(name)) {
      throw new InvalidCondition(`${at}/attribute`, "the name of an attribute is needed");
    }
    if (typeof word !== "string" || !Object.hasOwn(OPERATORS, word)) {
      throw new InvalidCondition(
        `${at}/operator`,
        `unknown operator ${typeof word === "string" ? word : "that is no text"}; one of ${Object.keys(OPERATORS).join(", ")}`,
      );
    }
    const unknown = others.find((key) => key !== "value");
    if (unknown !== undefined) throw new InvalidCondition(`${at}/${escaped(unknown)}`, "unknown key");
    const test = this.#test(word, value, at);
    return {
      document,
      word,
      parts: [],
      matches: (attributes) => {
        const have = Object.hasOwn(attributes, name) ? attributes[name] : null;
        return have !== null && have !== undefined && test(have);
      },
    };
  }

  #test(word: string, value: unknown, at: string): Test {
    try {
      if (word !== "matches") return OPERATORS[word]!(value);
      const pattern = compiled(value);
      this.#states += pattern.states;
      if (this.#states > MAX_STATES) {
        throw new WrongValue(`that all regular expressions together have at most ${MAX_STATES} states`);
      }
      return (have) => pattern.matches(have);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      throw new InvalidCondition(`${at}/value`, `${word} needs ${error.message}`);
    }
  }
}

function group(word: string, parts: readonly Condition[], matches: Predicate): Condition {
  return { document: { [word]: parts.map((part) => part.document) }, word, parts, matches };
}

/** What the operator needs in the condition's `value`. */
class WrongValue extends Error {}

function equal(want: unknown): Test {
  const of = kind(scalar(want));
  return (have) => kind(have) === of && have == want; // a bigint and a number are compared by value
}

function among(want: unknown): Test {
  if (!Array.isArray(want) || want.length === 0 || want.length > MAX_LIST) {
    throw new WrongValue(`a list of 1 to ${MAX_LIST} texts, numbers or booleans`);
  }
  const wanted = new Set(want.map((value) => exact(scalar(value))));
  return (have) => kind(have) !== null && wanted.has(exact(have));
}

/** Numbers that are equal as one value of one type: integers beyond the exact ones of a double as bigint. */
function exact(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

function ordered(holds: (sign: number) => boolean): Build {
  return (want) => {
    const of = kind(scalar(want));
    if (of === "boolean") throw new WrongValue("a number or a text");
    return (have) => kind(have) === of && holds(compare(have as Comparable, want as Comparable));
  };
}

type Comparable = string | number | bigint;

/** NaN for a number that cannot be compared: no sign holds. */
function compare(have: Comparable, want: Comparable): number {
  if (typeof have === "string" || typeof want === "string") return compareTexts(String(have), String(want));
  return have < want ? -1 : have > want ? 1 : have == want ? 0 : NaN;
}

/** Compare texts by what they mean; what has no such meaning does not match. */
function placed<Place>(
  place: (text: string) => Place | null,
  order: (one: Place, other: Place) => number,
  needed: string,
): (holds: (sign: number) => boolean) => Build {
  const find = (value: unknown): Place | null =>
    typeof value === "string" && isAtMost(value, MAX_PLACED) ? place(value) : null;
  return (holds) => (want) => {
    const bound = find(want);
    if (bound === null) throw new WrongValue(needed);
    return (have) => {
      const found = find(have);
      return found !== null && holds(order(found, bound));
    };
  };
}

const versions = placed(precedence, comparePrecedence, "a semantic version, like 2.10.0 or 2.10.0-rc.1");
const instants = placed(
  instant,
  compareInstants,
  "a date or a date-time with its offset, like 2026-11-20 or 2026-11-20T14:00:00Z",
);

function textual(holds: (have: string, part: string) => boolean): Build {
  return (want) => {
    const part = text(want);
    return (have) => typeof have === "string" && holds(have, part);
  };
}

function compiled(want: unknown): Pattern {
  try {
    return new Pattern(text(want));
  } catch (error) {
    if (!(error instanceof InvalidPattern)) throw error;
    throw new WrongValue(`a regular expression that is not beyond RE2's: ${error.message}`);
  }
}

function negated(build: Build): Build {
  return (want) => {
    const test = build(want);
    return (have) => !test(have);
  };
}

function present(want: unknown): Test {
  if (want !== null && want !== undefined) throw new WrongValue("no value");
  return () => true;
}

function scalar(value: unknown): unknown {
  if (kind(value) === null || (typeof value === "number" && !Number.isFinite(value))) {
    throw new WrongValue("a text, a finite number or a boolean");
  }
  if (typeof value === "bigint" && (value < 0n ? -value : value) >> BigInt(MAX_BITS) > 0n) {
    throw new WrongValue(`an integer of at most ${MAX_BITS} bits`);
  }
  if (typeof value === "string" && !canBeKept(value)) throw new WrongValue("a text without NUL and lone surrogates");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "" || !canBeKept(value)) {
    throw new WrongValue("a text that is not empty, without NUL and lone surrogates");
  }
  return value;
}

/** PostgreSQL's JSON, too, holds any text but these. */
function canBeKept(value: string): boolean {
  return !value.includes("\0") && hasUtf8(value);
}

const SIGNS = {
  equals: (sign: number) => sign === 0,
  greater: (sign: number) => sign > 0,
  greater_or_equal: (sign: number) => sign >= 0,
  less: (sign: number) => sign < 0,
  less_or_equal: (sign: number) => sign <= 0,
};

/** Every operator by its word. */
export const OPERATORS: Readonly<Record<string, Build>> = {
  equals: equal,
  not_equals: negated(equal),
  in: among,
  not_in: negated(among),
  greater: ordered(SIGNS.greater),
  greater_or_equal: ordered(SIGNS.greater_or_equal),
  less: ordered(SIGNS.less),
  less_or_equal: ordered(SIGNS.less_or_equal),
  present,
  starts_with: textual((have, part) => have.startsWith(part)),
  ends_with: textual((have, part) => have.endsWith(part)),
  contains: textual((have, part) => have.includes(part)),
  matches: (want) => {
    const pattern = compiled(want);
    return (have) => pattern.matches(have);
  },
  semver_equals: versions(SIGNS.equals),
  semver_greater: versions(SIGNS.greater),
  semver_greater_or_equal: versions(SIGNS.greater_or_equal),
  semver_less: versions(SIGNS.less),
  semver_less_or_equal: versions(SIGNS.less_or_equal),
  before: instants(SIGNS.less),
  on_or_before: instants(SIGNS.less_or_equal),
  after: instants(SIGNS.greater),
  on_or_after: instants(SIGNS.greater_or_equal),
};
