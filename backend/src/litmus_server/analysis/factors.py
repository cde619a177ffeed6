"""Of a multivariate experiment: what each factor does, and which pairs do more, or less, than both."""

from collections.abc import Mapping
from typing import Any

from litmus_server.analysis.estimates import bare, estimate_of, reason_of
from litmus_server.analysis.frame import Frame
from litmus_server.domain import report as r
from litmus_server.domain.plan import Method
from litmus_server.stats.critical import AlwaysValid, Critical, Fixed
from litmus_server.stats.factorial import FactorEffect, NoEffect, factor_effects
from litmus_server.stats.moments import Moments
from litmus_server.stats.multiplicity import Method as Adjusting


def factors_of(frame: Frame, metric: Mapping[str, Any]) -> list[r.FactorEffect]:
    """Of conversions and means; none where weights are learned, since cells are then no longer compared alike.

    All units count, at the method's always-valid critical value (a single look's, where one was planned): a factor is asked of all
    cells at once, so its clock is that of the whole experiment.
    """
    cells = frame.entry.get("cells") or []
    if frame.adaptive or metric["kind"] not in {"conversion", "mean"} or not cells or cells[0] is None:
        return []
    names = list(cells[0])
    sums: dict[tuple[str, ...], Moments] = {}
    for k, cell in enumerate(cells):
        arm = frame.sheet.arm(metric["id"], k)
        if arm.outcome is None:
            return []
        sums[tuple(cell[name] for name in names)] = arm.outcome.marginal(0)
    base = tuple(cells[frame.control][name] for name in names)
    found = factor_effects(
        names, sums, base, _critical(frame, sums), frame.alpha, Adjusting(frame.plan.correction)
    )
    return [_told(each, frame.alpha) for each in found]


def _critical(frame: Frame, sums: Mapping[tuple[str, ...], Moments]) -> Critical:
    units = sum(each.n for each in sums.values())
    if frame.method is Method.FIXED or not units:
        return Fixed()
    return AlwaysValid.of_units(units, frame.planned_units, frame.alpha)


def _told(found: FactorEffect | NoEffect, alpha: float) -> r.FactorEffect:
    changes = [r.FactorChange(each.factor, each.level, each.base) for each in found.changes]
    if not isinstance(found, FactorEffect):
        why = reason_of(found.absence)
        nothing = bare(None, 1 - alpha, why)
        return r.FactorEffect(
            changes, nothing, None, significant=False, combinations=0, missing={"p_value": why}
        )
    return r.FactorEffect(
        changes,
        estimate_of(found.comparison),
        found.p_adjusted,
        significant=found.rejected,
        combinations=found.combinations,
    )
