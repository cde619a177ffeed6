"""Alarms: what was found wrong with an experiment that runs, and stands until it is right again or a person bears with it.

It must not know how anything is found.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AlarmKind(StrEnum):
    """What is wrong: units are not split as they should be, or a metric that must not suffer does."""

    SAMPLE_RATIO = "sample_ratio"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`message` is a sentence for people, `evidence` the numbers that the rule went by; `metric` names a guardrail.

    It stands while `cleared_at` is None. `acknowledged_by` is the person who bore with it; None where it became right by itself.
    """

    id: int
    kind: AlarmKind
    metric: str | None
    raised_at: dt.datetime
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    cleared_at: dt.datetime | None = None
    acknowledged_by: str | None = None
