/**
 * Where a unit falls: the hash `sha256_v1`, and the arithmetic of parts per million.
 *
 * It knows text and integers; it must not know what an experiment is.
 */

import { sha256 } from "./sha256.js";
import { loneSurrogate, utf8 } from "./text.js";

/** Buckets, weights, thresholds and propensities are all counted in parts per million. */
export const BUCKETS = 1_000_000;

/** The text holds a lone surrogate, so it has no UTF-8 form and no language would agree on its hash. */
export class InvalidUnit extends Error {
  override name = "InvalidUnit";
}

/**
 * First four bytes, big endian, of SHA-256 over the UTF-8 of `salt + ":" + unit`, as an unsigned number.
 *
 * Byte-exact: no normalisation, no case folding, no trimming. Throws InvalidUnit for a lone surrogate.
 */
export function h32(salt: string, unit: string): number {
  return h32After(prefix(salt), unit);
}

/** Where a unit falls on [0, 1_000_000). */
export function bucket(salt: string, unit: string): number {
  return bucketAfter(prefix(salt), unit);
}

/** The part of the hash's input that does not depend on the unit, for `bucketAfter`. */
export function prefix(salt: string): Uint8Array {
  return bytes(`${salt}:`);
}

/** `bucket`, for a salt that was made into bytes once, by `prefix`. */
export function bucketAfter(salted: Uint8Array, unit: string): number {
  return Math.floor((h32After(salted, unit) * BUCKETS) / 2 ** 32); // below 2^53: exact
}

/** Running sums of weights in ppm: the first variant whose threshold exceeds the bucket is chosen. */
export function thresholds(weights: readonly number[]): number[] {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

function h32After(salted: Uint8Array, unit: string): number {
  const tail = bytes(unit);
  const message = new Uint8Array(salted.length + tail.length);
  message.set(salted);
  message.set(tail, salted.length);
  return sha256(message)[0]!;
}

function bytes(text: string): Uint8Array {
  const found = utf8(text);
  if (found === null) {
    throw new InvalidUnit(`lone surrogate at position ${loneSurrogate(text)}: this text has no UTF-8 form`);
  }
  return found;
}
