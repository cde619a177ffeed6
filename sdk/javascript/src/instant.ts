/**
 * Dates and times as instants, so that they can be compared.
 *
 * It knows RFC 3339 and nothing of the clock: what "now" is, an attribute has to say.
 */

/** Whole seconds since the first day of year 1, and the digits after the point without the zeros at their end. */
export type Instant = readonly [seconds: number, fraction: string];

const MOMENT = new RegExp(
  "^([0-9]{4})-([0-9]{2})-([0-9]{2})" +
    "(?:[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\\.([0-9]+))?" +
    "(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9])))?$",
);
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * The instant of an RFC 3339 date-time with its offset, or of midnight UTC of a `YYYY-MM-DD`.
 *
 * Null for neither of them: a time without an offset, a day that the calendar does not have, the year 0000, a leap second.
 */
export function instant(text: string): Instant | null {
  const found = MOMENT.exec(text);
  if (found === null) return null;
  const number = (place: number): number => Number(found[place] ?? 0);
  const day = ordinal(number(1), number(2), number(3));
  if (day === null) return null;
  const seconds = (day * 24 + number(4)) * 3600 + number(5) * 60 + number(6);
  const offset = (number(9) * 60 + number(10)) * 60;
  return [seconds + (found[8] === "-" ? offset : -offset), (found[7] ?? "").replace(/0+$/, "")];
}

/** Negative, zero or positive. */
export function compareInstants(one: Instant, other: Instant): number {
  if (one[0] !== other[0]) return one[0] - other[0];
  return one[1] < other[1] ? -1 : one[1] > other[1] ? 1 : 0;
}

/** The number of a day, 1 for the first of year 1 in the Gregorian calendar; null for a day that there is not. */
function ordinal(year: number, month: number, day: number): number | null {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = DAYS.map((days, place) => (place === 1 && isLeap ? 29 : days));
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1]!) return null;
  const years = year - 1;
  const before = years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return before + lengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0) + day;
}
