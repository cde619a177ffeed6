"""The decision itself: one pure function, the same answer on every machine and in every language.

It knows a compiled experiment; it must not know of stored assignments, which are honoured by the caller
between `forced` and `holdout`.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from litmus.decide.bucketing import BUCKETS, bucket_after
from litmus.decide.snapshot import Experiment

Reason: TypeAlias = Literal[
    "not_started",  # draft: control for everybody
    "paused",  # control for everybody
    "shipped",  # completed or archived, and a winner was named: the winner for everybody
    "completed",  # completed or archived without a winner: control for everybody
    "forced",  # the caller named the variant, or the configuration did for this unit: a preview that logs nothing
    "holdout",  # outside: this unit is kept out of every experiment
    "layer",  # outside: the layer gave this unit to another experiment, or to none
    "audience",  # outside: the attributes do not match
    "traffic",  # outside: beyond the share of traffic
    "assigned",  # inside: drawn with the propensity that the decision carries
    "flag",  # drawn likewise, where nothing is measured
    "needs_server",  # outside: admitted, and its shares are its own, which only a server computes
]
REASONS: tuple[Reason, ...] = get_args(Reason)

_NOBODY: Mapping[str, object] = {}
_new = tuple.__new__  # takes half as long as the constructor that NamedTuple makes


class Decision(NamedTuple):
    """What a unit gets, why, and everything that is needed to draw it again."""

    variant: int
    """Ordinal. Outside the experiment it is the control's, or the shipped winner's."""
    propensity: int
    """In ppm: the probability of this variant given the reason, thus 1,000,000 wherever nothing was drawn."""
    reason: Reason
    in_experiment: bool
    """True exactly when the reason is `assigned`: only then may an exposure be logged."""
    bucket: int | None
    """Where the unit fell in the draw that settled the matter (variant, else traffic, layer or holdout); None
    without one.
    """
    revision: int
    epoch: int
    policy_version: int | None
    """None where fixed weights were in force."""


def decide(
    experiment: Experiment,
    unit: str,
    attributes: Mapping[str, object] | None = None,
    forced: int | None = None,
) -> Decision:
    """Decide in the fixed order status → forced → holdout → layer → audience → traffic → variant.

    A total function: any text that has a UTF-8 form gets a decision. `forced` is a preview and comes before the
    units that the configuration forces. Where units are drawn anew after a while, `unit` is a stay: its unit, "/", its number.
    Raises InvalidUnit for a lone surrogate (when a draw is needed),
    ValueError for a forced ordinal that the experiment does not have.
    """
    if experiment.status != "running" or experiment.archived:
        return _not_running(experiment)
    if forced is not None:
        if not 0 <= forced < len(experiment.variants):
            raise ValueError(f"there is no variant with ordinal {forced}")
        return _settled(experiment, forced, "forced", None)
    drawn = unit
    if experiment.ttl_seconds is not None:
        unit = unit_of(unit)
    if experiment.forced and unit in experiment.forced:
        return _settled(experiment, experiment.forced[unit], "forced", None)
    for step, salted, start, stop in experiment.gates:
        place = bucket_after(salted, unit)
        if not start <= place < stop:
            return _settled(experiment, experiment.control, step, place)
    if experiment.eligible is not None and not experiment.eligible(attributes or _NOBODY):
        return _settled(experiment, experiment.control, "audience", None)
    if experiment.entrance is not None:
        _, salted, _, stop = experiment.entrance
        place = bucket_after(salted, unit)
        if place >= stop:
            return _settled(experiment, experiment.control, "traffic", place)
    if experiment.needs_server:
        return _settled(experiment, experiment.control, "needs_server", None)
    place = bucket_after(experiment.variant_salted, drawn)
    variant = bisect_right(experiment.thresholds, place)
    return _new(
        Decision,
        (
            variant,
            experiment.propensities[variant],
            "flag" if experiment.is_flag else "assigned",
            not experiment.is_flag,
            place,
            experiment.revision,
            experiment.epoch,
            experiment.policy_version,
        ),
    )


def unit_of(stay: str) -> str:
    """The unit of a stay, which is named "unit/number"."""
    return stay.rpartition("/")[0]


def _not_running(experiment: Experiment) -> Decision:
    if experiment.archived or experiment.status == "completed":
        if experiment.winner is not None:
            return _settled(experiment, experiment.winner, "shipped", None)
        return _settled(experiment, experiment.control, "completed", None)
    return _settled(
        experiment, experiment.control, "paused" if experiment.status == "paused" else "not_started", None
    )


def _settled(experiment: Experiment, variant: int, reason: Reason, place: int | None) -> Decision:
    return _new(
        Decision,
        (
            variant,
            BUCKETS,
            reason,
            False,
            place,
            experiment.revision,
            experiment.epoch,
            experiment.policy_version,
        ),
    )
