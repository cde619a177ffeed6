"""Alarms: what was found wrong with an experiment that runs, and stands until it is right again.

It must not know how anything is found.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    """What is wrong: units are not split as they should be, or a metric that must not suffer does."""

    SAMPLE_RATIO = "sample_ratio"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One that stands; `message` is a sentence for people."""

    kind: AlarmKind
    raised_at: dt.datetime
    message: str
