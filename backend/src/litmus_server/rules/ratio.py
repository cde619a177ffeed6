"""Sample ratio: do units arrive as the weights say? The rule raises an alarm and clears it. It never pauses and never ends anything.

(Ending an experiment in response to a sequential test of this kind is claimed by US patents 11,544,178 and 11,593,667.)
"""

from math import log
from typing import Any

from litmus_server.domain.acting import RatioTest
from litmus_server.domain.alarm import AlarmKind
from litmus_server.rules.act import Acknowledge, ClearAlarm, RaiseAlarm
from litmus_server.rules.observation import Observation
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.sample_ratio import SMALLEST_DEVIATION, FixedTest, SampleRatio, sample_ratio
from litmus_server.stats.sheet import of_epoch

ALPHA = 0.01
CLEARED = 0.1
"""The p-value above which an alarm is cleared: so far from ALPHA that it does not come and go."""

EVERYBODY = -1
"""In the place of an ordinal among what was acknowledged: the evidence of all variants together."""

_LEAST = 1e-300


def ratio_of(observed: Observation) -> SampleRatio | TooFew | Undefined:
    """Exposed units against the shares of their epochs, or versions. A unit has the epoch in which it was assigned.

    Undefined where features decide: then each unit has shares of its own, and those of the version are of nobody.
    """
    if observed.experiment.type.contextual:
        return Undefined("the sample ratio", "features gave each unit shares of its own")
    ordinals = range(len(observed.experiment.variants))
    epochs = [
        Epoch(
            tuple(observed.sheet.exposed(k, of_epoch(epoch)) for k in ordinals),
            tuple(observed.shares[epoch]),
        )
        for epoch in observed.epochs()
    ]
    return sample_ratio(epochs, ALPHA)


def judge(
    observed: Observation, ratio: SampleRatio | TooFew | Undefined
) -> RaiseAlarm | ClearAlarm | Acknowledge | str:
    """What follows, or why nothing does.

    After a person has borne with an alarm the evidence has to grow by as much as raised it, 1/ALPHA, to raise another: an e-value over what
    it was at some moment is the e-value of what came later, so that this is the same test begun anew.
    """
    test, stands = (
        observed.experiment.acting.sample_ratio,
        (AlarmKind.SAMPLE_RATIO, None) in observed.standing,
    )
    if test is RatioTest.OFF:
        if stands:
            return ClearAlarm(AlarmKind.SAMPLE_RATIO, None, "the test was switched off", {})
        return "the test is off"
    if isinstance(ratio, TooFew | Undefined):
        return ratio.reason
    p = _p_value(ratio, test)
    if p is None:
        return "there are too few units for the chi-squared test"
    borne = observed.acknowledged.get(None)
    if borne is not None and borne.floors is None:
        return Acknowledge(borne.alarm, {EVERYBODY: -log(max(p, _LEAST)), **_strays(ratio)})
    floors = {} if borne is None else borne.floors or {}
    evidence = _evidence(observed, ratio, test, p)
    stray = any(count > floors.get(k, 0.0) for k, count in _strays(ratio).items())
    grown = -log(max(p, _LEAST)) - floors.get(EVERYBODY, 0.0)
    mismatch = stray or (grown >= -log(ALPHA) and ratio.largest_deviation >= SMALLEST_DEVIATION)
    if mismatch and not stands:
        return RaiseAlarm(AlarmKind.SAMPLE_RATIO, None, _message(observed, ratio, p), evidence)
    if stands and not mismatch and p > CLEARED:
        return ClearAlarm(
            AlarmKind.SAMPLE_RATIO, None, f"units arrive as the weights say (p = {p:.2g})", evidence
        )
    return f"p = {p:.2g}; an alarm is raised at {ALPHA:g} and cleared above {CLEARED:g}"


def _strays(ratio: SampleRatio) -> dict[int, float]:
    """By ordinal, the units of variants that should have had none."""
    return {k: float(each.counted) for k, each in enumerate(ratio.variants) if each.stray}


def _p_value(ratio: SampleRatio, test: RatioTest) -> float | None:
    if test is RatioTest.SEQUENTIAL:
        return ratio.p
    return ratio.fixed.p if isinstance(ratio.fixed, FixedTest) else None


def _message(observed: Observation, ratio: SampleRatio, p: float) -> str:
    worst = max(
        range(len(ratio.variants)),
        key=lambda k: (ratio.variants[k].stray, abs(ratio.variants[k].share_deviation)),
    )
    found, key = ratio.variants[worst], observed.experiment.variants[worst].key
    if found.stray:
        return f"{key} has units that its weight of 0 rules out"
    return (
        f"{key} has {found.counted:,} units where {found.expected:,.0f} were expected (p = {p:.2g}): "
        "comparisons cannot be trusted until it is known why"
    )


def _evidence(observed: Observation, ratio: SampleRatio, test: RatioTest, p: float) -> dict[str, Any]:
    return {
        "test": str(test),
        "p_value": p,
        "alpha": ALPHA,
        "largest_deviation": ratio.largest_deviation,
        "variants": {
            variant.key: {
                "units": each.counted,
                "expected": each.expected,
                "p_value": each.p,
                "stray": each.stray,
            }
            for variant, each in zip(observed.experiment.variants, ratio.variants, strict=True)
        },
    }
