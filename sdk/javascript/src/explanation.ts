/**
 * Why a unit gets what it gets: every step of a decision, for people who ask.
 *
 * It decides nothing: the kernel's decision says which step settled the matter, and this module shows what each step up to
 * there looked at.
 */

import { bucketAfter } from "./bucketing.js";
import { type Decision, type Reason, decide, unitOf } from "./kernel.js";
import type { Experiment } from "./snapshot.js";
import type { Attributes, Condition } from "./targeting.js";

/** In the order of a decision. */
export const STEPS = ["status", "forced", "stored", "holdout", "layer", "audience", "traffic", "variant"] as const;
export type StepName = (typeof STEPS)[number];

const SETTLED_BY: Readonly<Record<Reason, StepName>> = {
  not_started: "status",
  paused: "status",
  shipped: "status",
  completed: "status",
  forced: "forced",
  holdout: "holdout",
  layer: "layer",
  audience: "audience",
  traffic: "traffic",
  assigned: "variant",
  flag: "variant",
  needs_server: "variant",
};

/** What a condition came to for these attributes. All its parts were looked at, also those that settle nothing. */
export interface Finding {
  /** `all`, `any`, `not`, or the operator. */
  readonly word: string;
  readonly matched: boolean;
  readonly parts: readonly Finding[];
  readonly attribute: string | null;
  /** The value of the condition. */
  readonly wanted: unknown;
  /** The value of the attribute; null when it is missing. */
  readonly found: unknown;
}

/** One step of a decision. Exactly one of all has the outcome `settled`, and with it reason, variant and propensity. */
export interface Step {
  readonly name: StepName;
  /** `not_set`: the experiment has no such step; `not_reached`: an earlier one settled the matter. */
  readonly outcome: "passed" | "settled" | "not_reached" | "not_set";
  readonly reason?: Reason | "stored";
  readonly variant?: number;
  /** In ppm; absent for a stored assignment, whose row has it. */
  readonly propensity?: number;
  /** Where the unit fell, in a step that draws. */
  readonly bucket?: number;
  /** The buckets [start, stop) pass; in the last step they are those of the variant. */
  readonly start?: number;
  readonly stop?: number;
  /** What the audience came to. */
  readonly finding?: Finding;
}

/**
 * All STEPS in their order; the one that is settled says what `decide` says. `unit` is what `decide` takes.
 *
 * `stored` is the ordinal of the unit's assignment, when the caller has one: it settles what neither the status nor a
 * forced variant did. Throws what `decide` throws.
 */
export function explain(
  experiment: Experiment,
  unit: string,
  attributes: Attributes | null = null,
  forced: number | null = null,
  stored: number | null = null,
): readonly Step[] {
  const decision = decide(experiment, unit, attributes, forced);
  const asked = experiment.ttlSeconds === null ? unit : unitOf(unit);
  const settling = STEPS.indexOf(SETTLED_BY[decision.reason]);
  const last = stored === null ? settling : Math.min(settling, STEPS.indexOf("stored"));
  const optional: Partial<Record<StepName, boolean>> = {
    forced: forced !== null || experiment.forced.size > 0,
    stored: stored !== null,
    holdout: experiment.holdout !== null,
    layer: experiment.layer !== null,
    audience: experiment.audience !== null,
    traffic: experiment.entrance !== null,
  };
  return STEPS.map((name, place): Step => {
    if (optional[name] === false) return { name, outcome: "not_set" };
    if (place > last) return { name, outcome: "not_reached" };
    const looked = lookedAt(experiment, asked, attributes ?? {}, name);
    return place < last ? { name, outcome: "passed", ...looked } : settled(experiment, decision, stored, name, looked);
  });
}

/** What the condition comes to for these attributes. */
export function find(condition: Condition, attributes: Attributes): Finding {
  const parts = condition.parts.map((part) => find(part, attributes));
  const results = parts.map((part) => part.matched);
  const { attribute, value } = condition.document as { attribute?: string; value?: unknown };
  return {
    word: condition.word,
    matched: parts.length === 0 ? condition.matches(attributes) : combined(condition.word, results),
    parts,
    attribute: attribute ?? null,
    wanted: value ?? null,
    found: attribute !== undefined && Object.hasOwn(attributes, attribute) ? (attributes[attribute] ?? null) : null,
  };
}

function combined(word: string, results: readonly boolean[]): boolean {
  if (word === "not") return !results[0];
  return word === "all" ? results.every(Boolean) : results.some(Boolean);
}

type Looked = Pick<Step, "bucket" | "start" | "stop" | "finding">;

function lookedAt(experiment: Experiment, unit: string, attributes: Attributes, name: StepName): Looked {
  if (name === "audience" && experiment.audience !== null) return { finding: find(experiment.audience, attributes) };
  const gate = [...experiment.gates, experiment.entrance].find((each) => each?.step === name);
  return gate ? { bucket: bucketAfter(gate.salted, unit), start: gate.start, stop: gate.stop } : {};
}

function settled(
  experiment: Experiment,
  decision: Decision,
  stored: number | null,
  name: StepName,
  looked: Looked,
): Step {
  if (name === "stored" && stored !== null) return { name, outcome: "settled", reason: "stored", variant: stored };
  const { reason, variant, propensity, bucket } = decision;
  const step: Step = { name, outcome: "settled", ...looked, reason, variant, propensity };
  if (name !== "variant" || bucket === null) return step;
  const stop = experiment.thresholds[variant]!;
  return { ...step, bucket, start: stop - experiment.propensities[variant]!, stop };
}
