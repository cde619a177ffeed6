"""A planned look that was taken: a fact, kept for ever. It must not know what is concluded from it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """One variant against control on one metric, as it was at `taken_at`.

    `number` is that of the planned look which was due; the first one after several were missed has the last one's. `fraction`
    is the information there was ÷ that of the plan of `planned_units`, which is the plan of the first look for all. `final`: the
    experiment was over, and this look used up what was left of alpha. `contrast` has the numbers that were compared, so that the
    interval can be computed at any level; `lower`, `upper` (null: unbounded) and `p_value` are of the difference, as told then.
    """

    metric: int
    variant: int
    number: int
    taken_at: dt.datetime
    fraction: float
    final: bool
    planned_units: int
    units: int
    contrast: Mapping[str, float]
    estimate: float
    lower: float | None
    upper: float | None
    p_value: float
    median_unbiased: float | None
