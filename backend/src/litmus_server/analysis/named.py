"""The textbook's tests, for those who ask for them by name. The verdict never goes by them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from litmus_server.analysis.frame import Frame
from litmus_server.domain.report import NamedTest
from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import means, pooled_means, proportions
from litmus_server.stats.inference import Comparison
from litmus_server.stats.sheet import Arm
from litmus_server.stats.textbook import (
    ChiSquared,
    conversions_chi_squared_test,
    student_t_test,
    welch_t_test,
)

_T_TESTS = (("welch_t", welch_t_test, means), ("student_t", student_t_test, pooled_means))
_BIASED = "a bandit chose who was drawn, so that the test's assumptions do not hold"


class _Plain(NamedTuple):
    statistic: float
    p_value: float


def named_tests(frame: Frame, metric: Mapping[str, Any]) -> list[NamedTest]:
    """Over all units: t-tests for means, the pooled z and chi-squared for conversions, none for other kinds."""
    if metric["kind"] not in {"conversion", "mean"}:
        return []
    arms = [frame.sheet.arm(metric["id"], k) for k in range(len(frame.entry["variants"]))]
    if any(arm.outcome is None for arm in arms):
        return []
    control, found = arms[frame.control], []
    for k in frame.treatments:
        key = frame.entry["variants"][k]["key"]
        if metric["kind"] == "conversion":
            found.append(_test(frame, "two_proportion_z", key, _z(arms[k], control)))
            continue
        for name, test, of_name in _T_TESTS:
            outcome, base = arms[k].outcome, control.outcome
            assert outcome is not None
            assert base is not None
            moments = outcome.marginal(0), base.marginal(0)
            df = contrast.df if isinstance(contrast := of_name(*moments), LinearContrast) else None
            found.append(_test(frame, name, key, test(*moments, frame.alpha), df))
    if metric["kind"] == "conversion":
        table = conversions_chi_squared_test([(arm.seen, arm.n) for arm in arms])
        found.append(_test(frame, "chi_squared", None, table))
    return found


def _z(treatment: Arm, control: Arm) -> _Plain | Absence:
    """As `textbook.two_proportion_z_test`, without its interval, which costs more than all the rest."""
    contrast = proportions(treatment.seen, treatment.n, control.seen, control.n)
    if isinstance(contrast, TooFew | Undefined):
        return contrast
    statistic = contrast.statistic()
    return _Plain(statistic, Fixed().p_value(statistic))


def _test(frame: Frame, name: str, key: str | None, found: Any, df: float | None = None) -> NamedTest:
    if frame.adaptive:
        return NamedTest(name, key, None, None, None, _BIASED)
    if isinstance(found, Comparison | _Plain):
        return NamedTest(name, key, found.statistic, df, found.p_value, "")
    if isinstance(found, ChiSquared):
        return NamedTest(name, key, found.statistic, found.df, found.p_value, "")
    return NamedTest(name, key, None, None, None, found.reason)
