/**
 * The decision itself: one pure function, the same answer on every machine and in every language.
 *
 * It knows a compiled experiment; it must not know of stored assignments, which are honoured by the caller between
 * `forced` and `holdout`.
 */

import { BUCKETS, bucketAfter } from "./bucketing.js";
import type { Experiment } from "./snapshot.js";
import type { Attributes } from "./targeting.js";

export type Reason =
  | "not_started" // draft: control for everybody
  | "paused" // control for everybody
  | "shipped" // completed or archived, and a winner was named: the winner for everybody
  | "completed" // completed or archived without a winner: control for everybody
  | "forced" // the caller named the variant, or the configuration did for this unit: a preview that logs nothing
  | "holdout" // outside: this unit is kept out of every experiment
  | "layer" // outside: the layer gave this unit to another experiment, or to none
  | "audience" // outside: the attributes do not match
  | "traffic" // outside: beyond the share of traffic
  | "assigned" // inside: drawn with the propensity that the decision carries
  | "flag" // drawn likewise, where nothing is measured
  | "needs_server"; // outside: admitted, and its shares are its own, which only a server computes

/** What a unit gets, why, and everything that is needed to draw it again. */
export interface Decision {
  /** Ordinal. Outside the experiment it is the control's, or the shipped winner's. */
  readonly variant: number;
  /** In ppm: the probability of this variant given the reason, thus 1,000,000 wherever nothing was drawn. */
  readonly propensity: number;
  readonly reason: Reason;
  /** True exactly when the reason is `assigned`: only then may an exposure be logged. */
  readonly inExperiment: boolean;
  /** Where the unit fell in the draw that settled the matter (variant, else traffic, layer or holdout); null without one. */
  readonly bucket: number | null;
  readonly revision: number;
  readonly epoch: number;
  /** Null where fixed weights were in force. */
  readonly policyVersion: number | null;
}

/**
 * Decide in the fixed order status → forced → holdout → layer → audience → traffic → variant.
 *
 * A total function: any text that has a UTF-8 form gets a decision. `forced`, the ordinal of a variant, is a preview and
 * comes before the units that the configuration forces. Where units are drawn anew after a while, `unit` is a stay: its unit,
 * "/", its number. Throws InvalidUnit for a lone surrogate (when a draw is needed),
 * RangeError for a forced ordinal that the experiment does not have.
 */
export function decide(
  experiment: Experiment,
  unit: string,
  attributes: Attributes | null = null,
  forced: number | null = null,
): Decision {
  if (experiment.status !== "running" || experiment.archived) return notRunning(experiment);
  if (forced !== null) {
    if (experiment.variants[forced] === undefined) throw new RangeError(`there is no variant with ordinal ${forced}`);
    return settled(experiment, forced, "forced", null);
  }
  const drawn = unit;
  if (experiment.ttlSeconds !== null) unit = unitOf(unit);
  const named = experiment.forced.get(unit);
  if (named !== undefined) return settled(experiment, named, "forced", null);
  for (const gate of experiment.gates) {
    const place = bucketAfter(gate.salted, unit);
    if (place < gate.start || place >= gate.stop) return settled(experiment, experiment.control, gate.step, place);
  }
  if (experiment.audience !== null && !experiment.audience.matches(attributes ?? {})) {
    return settled(experiment, experiment.control, "audience", null);
  }
  if (experiment.entrance !== null) {
    const place = bucketAfter(experiment.entrance.salted, unit);
    if (place >= experiment.entrance.stop) return settled(experiment, experiment.control, "traffic", place);
  }
  if (experiment.needsServer) return settled(experiment, experiment.control, "needs_server", null);
  const place = bucketAfter(experiment.variantSalted, drawn);
  const variant = experiment.thresholds.findIndex((threshold) => place < threshold);
  return {
    variant,
    propensity: experiment.propensities[variant]!,
    reason: experiment.isFlag ? "flag" : "assigned",
    inExperiment: !experiment.isFlag,
    bucket: place,
    revision: experiment.revision,
    epoch: experiment.epoch,
    policyVersion: experiment.policyVersion,
  };
}

/** The unit of a stay, which is named "unit/number". */
export function unitOf(stay: string): string {
  return stay.slice(0, Math.max(0, stay.lastIndexOf("/")));
}

function notRunning(experiment: Experiment): Decision {
  if (experiment.archived || experiment.status === "completed") {
    return experiment.winner === null
      ? settled(experiment, experiment.control, "completed", null)
      : settled(experiment, experiment.winner, "shipped", null);
  }
  return settled(experiment, experiment.control, experiment.status === "paused" ? "paused" : "not_started", null);
}

function settled(experiment: Experiment, variant: number, reason: Reason, place: number | null): Decision {
  return {
    variant,
    propensity: BUCKETS,
    reason,
    inExperiment: false,
    bucket: place,
    revision: experiment.revision,
    epoch: experiment.epoch,
    policyVersion: experiment.policyVersion,
  };
}
