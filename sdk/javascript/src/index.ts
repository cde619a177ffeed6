/**
 * The kernel: which variant a unit gets, as a pure function of a published configuration.
 *
 * The same as the Python package's `litmus.decide`, and held to it by the same golden files: no I/O, no clock, no dice, no
 * dependency.
 */

export { BUCKETS, InvalidUnit, bucket, h32, thresholds } from "./bucketing.js";
export { InvalidEntry } from "./document.js";
export { type Finding, STEPS, type Step, type StepName, explain, find } from "./explanation.js";
export { readJson } from "./json.js";
export { type Decision, type Reason, decide } from "./kernel.js";
export { InvalidPattern, Pattern } from "./pattern.js";
export {
  DecisionTable,
  type Experiment,
  type Gate,
  type Policy,
  type Status,
  type Variant,
  type VariantState,
  compileEntry,
  parsePolicy,
  withPolicy,
} from "./snapshot.js";
export {
  type Attributes,
  type Condition,
  InvalidCondition,
  OPERATORS,
  type Predicate,
  compileCondition,
} from "./targeting.js";
