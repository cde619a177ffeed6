/**
 * Semantic versions in the order of their precedence.
 *
 * It knows semver.org 2.0.0 (sections 2, 9 and 11) and nothing else.
 */

/** What versions are ordered by. Numbers are texts without leading zeros: they may have more digits than a double. */
export interface Precedence {
  readonly numbers: readonly string[];
  readonly identifiers: readonly string[];
}

const VERSION = new RegExp(
  "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)" +
    "(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$",
);
const DIGITS = /^[0-9]+$/;

/** The precedence of a version of three numbers; null for what is none, such as `v1.2.3` and `1.2`. */
export function precedence(text: string): Precedence | null {
  const found = VERSION.exec(text);
  if (found === null) return null;
  const identifiers = found[4] === undefined ? [] : found[4].split(".");
  if (identifiers.some((each) => DIGITS.test(each) && each !== "0" && each.startsWith("0"))) return null;
  return { numbers: found.slice(1, 4), identifiers };
}

/** Negative, zero or positive: less exactly where semver.org says so, zero where only build metadata differ. */
export function comparePrecedence(one: Precedence, other: Precedence): number {
  for (let place = 0; place < 3; place++) {
    const sign = compareNumbers(one.numbers[place]!, other.numbers[place]!);
    if (sign !== 0) return sign;
  }
  const [mine, theirs] = [one.identifiers, other.identifiers];
  if (mine.length === 0 || theirs.length === 0) return Number(mine.length === 0) - Number(theirs.length === 0);
  for (let place = 0; place < Math.min(mine.length, theirs.length); place++) {
    const sign = compareIdentifiers(mine[place]!, theirs[place]!);
    if (sign !== 0) return sign;
  }
  return mine.length - theirs.length;
}

function compareIdentifiers(one: string, other: string): number {
  const [isNumber, otherIsNumber] = [DIGITS.test(one), DIGITS.test(other)];
  if (isNumber && otherIsNumber) return compareNumbers(one, other);
  return isNumber !== otherIsNumber ? (isNumber ? -1 : 1) : compareAscii(one, other);
}

function compareNumbers(one: string, other: string): number {
  return one.length - other.length || compareAscii(one, other);
}

function compareAscii(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
