"""The kernel: which variant a unit gets, as a pure function of a published configuration.

It is shared by the SDK and the server and knows neither: no I/O, no clock, no dice, standard library only.
"""

from litmus.decide.bucketing import BUCKETS, InvalidUnit, bucket, h32, thresholds
from litmus.decide.document import InvalidEntry
from litmus.decide.kernel import REASONS, Decision, Reason, decide
from litmus.decide.snapshot import (
    DecisionTable,
    Experiment,
    Layer,
    Policy,
    Variant,
    compile_entry,
    parse_policy,
)
from litmus.decide.targeting import InvalidCondition, Predicate, compile_condition

__all__ = [
    "BUCKETS",
    "REASONS",
    "Decision",
    "DecisionTable",
    "Experiment",
    "InvalidCondition",
    "InvalidEntry",
    "InvalidUnit",
    "Layer",
    "Policy",
    "Predicate",
    "Reason",
    "Variant",
    "bucket",
    "compile_condition",
    "compile_entry",
    "decide",
    "h32",
    "parse_policy",
    "thresholds",
]
