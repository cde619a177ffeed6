/** JSON without loss: an integer that no double carries exactly becomes a bigint, where `JSON.parse` would round it. */

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The value of a JSON text. Throws SyntaxError, as `JSON.parse` does. */
export function readJson(text: string): unknown {
  if (!/[0-9]{16}/.test(text)) return JSON.parse(text);
  const keys = new Set<string>();
  JSON.parse(text, (key, value: unknown) => {
    keys.add(key);
    return value;
  });
  let mark = "integer";
  while (keys.has(mark)) mark += "_";
  const marked = text.replace(TOKEN, (token) =>
    isHuge(token) ? `{${JSON.stringify(mark)}:"${token}"}` : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "object" && value !== null && Object.hasOwn(value, mark)
      ? BigInt((value as Record<string, string>)[mark]!)
      : value,
  );
}

/** A text, so that what looks like a number inside one is passed over; or a number. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;

function isHuge(token: string): boolean {
  if (token.length < 16 || !/^-?[0-9]+$/.test(token)) return false;
  const value = BigInt(token);
  return value > SAFE || value < -SAFE;
}
