"""The kernel: which variant a unit gets, as a pure function of a published configuration.

It is shared by the SDK and the server and knows neither: no I/O, no clock, no dice, standard library only.
"""

from litmus.decide.bucketing import BUCKETS, InvalidUnit, bucket, h32, thresholds
from litmus.decide.document import InvalidEntry
from litmus.decide.explanation import Finding, Step, explain, find
from litmus.decide.kernel import REASONS, Decision, Reason, decide
from litmus.decide.snapshot import (
    DecisionTable,
    Experiment,
    Gate,
    Policy,
    Variant,
    compile_entry,
    parse_policy,
)
from litmus.decide.targeting import Condition, InvalidCondition, compile_condition, expand, names

__all__ = [
    "BUCKETS",
    "REASONS",
    "Condition",
    "Decision",
    "DecisionTable",
    "Experiment",
    "Finding",
    "Gate",
    "InvalidCondition",
    "InvalidEntry",
    "InvalidUnit",
    "Policy",
    "Reason",
    "Step",
    "Variant",
    "bucket",
    "compile_condition",
    "compile_entry",
    "decide",
    "expand",
    "explain",
    "find",
    "h32",
    "names",
    "parse_policy",
    "thresholds",
]
