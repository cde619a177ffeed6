/**
 * What a decision is made from: published entries, parsed once into immutable objects.
 *
 * It knows the format of the entry and of the policy; it must not know where they come from. The format stands in the
 * Python kernel's `snapshot.py`, which this file follows line by line. (r, v) is one state: a policy counts only when its
 * revision is the entry's, else the weights do. Unknown keys are ignored, so that an older reader can serve a newer
 * document.
 */

import { BUCKETS, prefix, thresholds } from "./bucketing.js";
import { Document, InvalidEntry } from "./document.js";
import { type Condition, InvalidCondition, compileCondition } from "./targeting.js";

export type Status = "draft" | "running" | "paused" | "completed";
export type VariantState = "active" | "paused" | "retired";

/** One alternative. Its ordinal is its place in weights and propensities, for ever. */
export interface Variant {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly ordinal: number;
  readonly isControl: boolean;
  readonly config: unknown;
  readonly state: VariantState;
}

/** A step that lets through the units whose bucket is in [start, stop). */
export interface Gate {
  readonly step: "holdout" | "layer" | "traffic";
  readonly salted: Uint8Array;
  readonly start: number;
  readonly stop: number;
}

/** Propensities in ppm by ordinal that a learner published as `version`, for configuration `revision`. */
export interface Policy {
  readonly version: number;
  readonly revision: number;
  readonly propensities: readonly number[];
}

interface Given {
  readonly id: string;
  readonly key: string;
  readonly revision: number;
  readonly status: Status;
  readonly archived: boolean;
  readonly type: string;
  readonly unitType: string;
  readonly salt: string;
  readonly traffic: number;
  readonly forced: ReadonlyMap<string, number>;
  readonly holdout: Gate | null;
  readonly layer: Gate | null;
  readonly audience: Condition | null;
  readonly variants: readonly Variant[];
  readonly weights: readonly number[];
  readonly epoch: number;
  readonly winner: number | null;
  readonly policy: Policy | null;
  /** Shares are each unit's own: whoever has only this entry cannot draw. */
  readonly needsServer: boolean;
  /** How long a stay lasts; null where a unit is drawn once. */
  readonly ttlSeconds: number | null;
}

/** One entry, with everything that does not depend on the unit worked out. Made by `compileEntry`. */
export interface Experiment extends Given {
  readonly control: number;
  /** Those in force: the policy's, or the weights. */
  readonly propensities: readonly number[];
  /** Null where the weights are in force. */
  readonly policyVersion: number | null;
  readonly thresholds: readonly number[];
  readonly variantSalted: Uint8Array;
  /** Those before the audience, in their order. */
  readonly gates: readonly Gate[];
  /** The traffic's, after the audience; null where all of it enters. */
  readonly entrance: Gate | null;
  readonly isFlag: boolean;
}

/** The experiment that a published entry describes. Throws InvalidEntry, and nothing else. */
export function compileEntry(document: unknown): Experiment {
  const entry = new Document(document);
  if (![null, "sha256_v1"].includes(entry.value("hash") as string | null)) {
    throw entry.wrong("hash", "only sha256_v1 is known");
  }
  const variants = entry.documents("variants").map(variant);
  const weights = entry.integers("weights");
  checkShares(weights, variants, "/weights");
  const revision = entry.integer("revision", 0);
  return worked({
    id: entry.text("id"),
    key: entry.text("key"),
    revision,
    status: entry.choice("status", ["draft", "running", "paused", "completed"]),
    archived: entry.flag("archived"),
    type: entry.text("type"),
    unitType: entry.text("unit_type"),
    salt: entry.text("salt"),
    traffic: entry.integer("traffic", 0, BUCKETS),
    forced: entry.ordinals("forced", variants.length),
    holdout: holdout(entry.document("holdout")),
    layer: layer(entry.document("layer")),
    audience: audience(entry.value("audience")),
    variants,
    weights,
    epoch: entry.integer("epoch", 0),
    winner: entry.value("winner") === null ? null : entry.integer("winner", 0, variants.length - 1),
    policy: policyOf(entry.document("policy"), revision, variants),
    needsServer: entry.flag("needs_server"),
    ttlSeconds: entry.value("ttl_seconds") === null ? null : entry.integer("ttl_seconds", 1),
  });
}

/** The policy that a published document describes, not yet held against an entry. Throws InvalidEntry. */
export function parsePolicy(document: unknown): Policy {
  return readPolicy(new Document(document, "/policy"));
}

/**
 * The same entry under a newer policy of the same revision; itself when the policy is older or another's.
 *
 * Throws InvalidEntry when the propensities do not fit the variants.
 */
export function withPolicy(experiment: Experiment, policy: Policy): Experiment {
  if (policy.revision !== experiment.revision || policy.version <= (experiment.policyVersion ?? 0)) return experiment;
  checkShares(policy.propensities, experiment.variants, "/policy/propensities");
  return worked({ ...experiment, policy });
}

/**
 * All entries by id and by key. Immutable: a change is a new table, and the owner swaps one reference.
 *
 * An entry never goes back: publications are hinted at in any order, so what is older than the table's own (by revision,
 * then by policy version) is ignored.
 */
export class DecisionTable implements Iterable<Experiment> {
  readonly #byId: ReadonlyMap<string, Experiment>;
  readonly #byKey: ReadonlyMap<string, Experiment>;

  /** A table of these entries; of two with one id the last counts. */
  constructor(experiments: Iterable<Experiment> = []) {
    this.#byId = new Map([...experiments].map((each) => [each.id, each]));
    this.#byKey = new Map([...this.#byId.values()].map((each) => [each.key, each]));
  }

  /** The entry of this id, else of this key. */
  get(idOrKey: string): Experiment | null {
    return this.#byId.get(idOrKey) ?? this.#byKey.get(idOrKey) ?? null;
  }

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<Experiment> {
    return this.#byId.values();
  }

  /** A table with this entry put in or replaced; this table when it holds a newer one. */
  withEntry(entry: Experiment): DecisionTable {
    const mine = this.#byId.get(entry.id);
    if (mine !== undefined && mine.revision > entry.revision) return this;
    return this.#with(mine?.policy ? withPolicy(entry, mine.policy) : entry);
  }

  /** A table with this policy in force; this table when the policy is not newer, or of another revision. */
  withPolicy(experimentId: string, policy: Policy): DecisionTable {
    const mine = this.#byId.get(experimentId);
    if (mine === undefined) return this;
    const newer = withPolicy(mine, policy);
    return newer === mine ? this : this.#with(newer);
  }

  #with(entry: Experiment): DecisionTable {
    return new DecisionTable(new Map(this.#byId).set(entry.id, entry).values());
  }
}

/** With the derived fields, so that they cannot disagree with the given ones. */
function worked(given: Given): Experiment {
  const current = given.policy?.revision === given.revision ? given.policy : null;
  const propensities = current === null ? given.weights : current.propensities;
  return {
    ...given,
    control: control(given.variants),
    propensities,
    policyVersion: current === null ? null : current.version,
    thresholds: thresholds(propensities),
    variantSalted: prefix(`variant:${given.salt}`),
    gates: [given.holdout, given.layer].filter((gate) => gate !== null),
    entrance:
      given.traffic === BUCKETS
        ? null
        : { step: "traffic", salted: prefix(`traffic:${given.salt}`), start: 0, stop: given.traffic },
    isFlag: given.type === "flag",
  };
}

function readPolicy(policy: Document): Policy {
  return {
    version: policy.integer("version", 1),
    revision: policy.integer("revision", 0),
    propensities: policy.integers("propensities"),
  };
}

function policyOf(document: Document | null, revision: number, variants: readonly Variant[]): Policy | null {
  if (document === null) return null;
  const policy = readPolicy(document);
  // One of another revision may have had other variants, and is not used.
  if (policy.revision === revision) checkShares(policy.propensities, variants, "/policy/propensities");
  return policy;
}

function variant(item: Document, ordinal: number): Variant {
  if (item.integer("ordinal", 0) !== ordinal) {
    throw item.wrong("ordinal", "variants stand in the order of their ordinals, from 0");
  }
  return {
    id: item.text("id"),
    key: item.text("key"),
    name: item.text("name"),
    ordinal,
    isControl: item.flag("is_control"),
    config: item.value("config"),
    state: item.choice("state", ["active", "paused", "retired"]),
  };
}

function holdout(holdout: Document | null): Gate | null {
  if (holdout === null) return null;
  const salted = prefix(`holdout:${holdout.text("salt")}`);
  return { step: "holdout", salted, start: holdout.integer("share", 0, BUCKETS), stop: BUCKETS };
}

function layer(layer: Document | null): Gate | null {
  if (layer === null) return null;
  const start = layer.integer("from", 0, BUCKETS);
  const salted = prefix(`layer:${layer.text("salt")}`);
  return { step: "layer", salted, start, stop: layer.integer("to", start, BUCKETS) };
}

function audience(document: unknown): Condition | null {
  if (document === null) return null;
  try {
    return compileCondition(document);
  } catch (error) {
    if (!(error instanceof InvalidCondition)) throw error;
    throw new InvalidEntry(`/audience${error.pointer}`, error.reason);
  }
}

function control(variants: readonly Variant[]): number {
  const found = variants.find((each) => each.isControl) ?? variants.find((each) => each.key === "control");
  return found === undefined ? 0 : found.ordinal;
}

function checkShares(shares: readonly number[], variants: readonly Variant[], at: string): void {
  if (shares.length !== variants.length) {
    throw new InvalidEntry(at, `${variants.length} shares are needed, one a variant`);
  }
  if (Math.min(...shares) < 0 || shares.reduce((sum, share) => sum + share, 0) !== BUCKETS) {
    throw new InvalidEntry(at, `shares are not negative and sum to ${BUCKETS}`);
  }
  for (const { ordinal, state } of variants) {
    if (shares[ordinal]! > 0 && state !== "active") {
      throw new InvalidEntry(`${at}/${ordinal}`, `a ${state} variant has share 0`);
    }
  }
}
