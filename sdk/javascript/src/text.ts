/** Text as code points, where JavaScript counts UTF-16 code units: the other languages of the kernel count code points. */

/** Whether a text has a UTF-8 form: it has no lone surrogate. */
export function hasUtf8(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || loneSurrogate(text) < 0;
}

/** The UTF-8 form of a text; null for one with a lone surrogate, which has none. */
export function utf8(text: string): Uint8Array | null {
  const bytes = new Uint8Array(3 * text.length);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      bytes[size++] = unit;
    } else if (unit < 0x800) {
      bytes[size++] = 0xc0 | (unit >> 6);
      bytes[size++] = 0x80 | (unit & 63);
    } else if (unit < 0xd800 || unit > 0xdfff) {
      bytes[size++] = 0xe0 | (unit >> 12);
      bytes[size++] = 0x80 | ((unit >> 6) & 63);
      bytes[size++] = 0x80 | (unit & 63);
    } else {
      const point = text.codePointAt(at)!;
      if (point < 0x10000) return null;
      at++;
      bytes[size++] = 0xf0 | (point >> 18);
      bytes[size++] = 0x80 | ((point >> 12) & 63);
      bytes[size++] = 0x80 | ((point >> 6) & 63);
      bytes[size++] = 0x80 | (point & 63);
    }
  }
  return bytes.subarray(0, size);
}

/** At which code point the first lone surrogate stands; -1 when there is none. */
export function loneSurrogate(text: string): number {
  let at = 0;
  for (const character of text) {
    if (character >= "\ud800" && character <= "\udfff" && character.length === 1) return at;
    at++;
  }
  return -1;
}

/** Whether a text has at most this many code points. */
export function isAtMost(text: string, points: number): boolean {
  if (text.length <= points) return true;
  if (text.length > 2 * points) return false;
  let size = 0;
  for (const _ of text) size++;
  return size <= points;
}

/** The order of code points: negative, zero or positive. JavaScript's own order puts U+1F600 before U+FFFD. */
export function compareTexts(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  let at = 0;
  while (at < shorter && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  if (at > 0 && isHigh(one.charCodeAt(at - 1)) && (isLow(one.charCodeAt(at)) || isLow(other.charCodeAt(at)))) at--;
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
