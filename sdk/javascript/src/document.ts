/**
 * A JSON object read strictly: every answer has the type it should have, or InvalidEntry says where it has not.
 *
 * It knows JSON; it must not know what the fields mean.
 */

import { hasUtf8 } from "./text.js";

/** A key as a step of a JSON pointer (RFC 6901). */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The document is not a configuration entry; `pointer` (RFC 6901) says which part is wrong. */
export class InvalidEntry extends Error {
  override name = "InvalidEntry";
  readonly pointer: string;
  readonly reason: string;

  constructor(pointer: string, reason: string) {
    super(`${reason} (at ${pointer || "the root"})`);
    this.pointer = pointer;
    this.reason = reason;
  }
}

/** A JSON object and its place in the whole. Keys that nobody asks for are ignored. */
export class Document {
  readonly at: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** `at` is the pointer of this object. Throws InvalidEntry when it is no object. */
  constructor(value: unknown, at = "") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new InvalidEntry(at, "an object is needed");
    }
    this.#fields = value as Readonly<Record<string, unknown>>;
    this.at = at;
  }

  /** Any JSON value; null when it is absent. */
  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? null) : null;
  }

  /** A text that is not empty and has a UTF-8 form. */
  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== "string" || value === "" || !hasUtf8(value)) {
      throw this.wrong(name, "a text that is not empty and has no lone surrogate is needed");
    }
    return value;
  }

  /** One of these texts. */
  choice<Option extends string>(name: string, options: readonly Option[]): Option {
    const value = this.value(name);
    const found = options.find((option) => option === value);
    if (found === undefined) throw this.wrong(name, `one of ${options.join(", ")} is needed`);
    return found;
  }

  /** True or false; false when absent. */
  flag(name: string): boolean {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : false;
    if (typeof value !== "boolean") throw this.wrong(name, "true or false is needed");
    return value;
  }

  /** An integer of at least `low` and, if given, at most `high`. */
  integer(name: string, low: number, high: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.value(name);
    if (!Number.isSafeInteger(value) || (value as number) < low || (value as number) > high) {
      throw this.wrong(name, `an integer from ${low} to ${high} is needed`);
    }
    return value as number;
  }

  /** A list of integers. */
  integers(name: string): readonly number[] {
    const items = this.value(name);
    if (!Array.isArray(items) || !items.every(Number.isSafeInteger)) {
      throw this.wrong(name, "a list of integers is needed");
    }
    return [...items];
  }

  /** An object of texts to integers below `count`; empty when it is null or absent. */
  ordinals(name: string, count: number): ReadonlyMap<string, number> {
    const found = this.document(name);
    if (found === null) return new Map();
    const names = Object.keys(found.#fields);
    if (!names.every((each) => each !== "" && hasUtf8(each))) {
      throw this.wrong(name, "its names are texts that are not empty and have no lone surrogate");
    }
    return new Map(names.map((each) => [each, found.integer(each, 0, count - 1)]));
  }

  /** A list of at least one object. */
  documents(name: string): readonly Document[] {
    const items = this.value(name);
    if (!Array.isArray(items) || items.length === 0) throw this.wrong(name, "a list of at least one is needed");
    return items.map((item, index) => new Document(item, `${this.at}/${name}/${index}`));
  }

  /** An object, or null when it is null or absent. */
  document(name: string): Document | null {
    const value = this.value(name);
    return value === null ? null : new Document(value, `${this.at}/${name}`);
  }

  /** The error that this field deserves. */
  wrong(name: string, reason: string): InvalidEntry {
    return new InvalidEntry(`${this.at}/${escaped(name)}`, reason);
  }
}
