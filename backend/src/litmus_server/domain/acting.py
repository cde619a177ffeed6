"""What is done by itself: what an experiment allows, and what became of it. The rules are in `litmus_server.rules`.

It must not know when a rule speaks, nor who carries out what it says.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from litmus_server.domain.form import Form


class GuardrailAction(StrEnum):
    """What evidence of harm to a guardrail does."""

    PAUSE = "pause"
    """The experiment is paused, and an alarm stands until a person resumes it."""
    ALARM = "alarm"
    """An alarm stands, and the experiment goes on."""
    OFF = "off"


class RatioTest(StrEnum):
    """How it is tested whether units arrive in the variants as the weights say. It never ends anything."""

    SEQUENTIAL = "sequential"
    """Right at every look."""
    FIXED = "fixed"
    """Pearson's chi-squared test: right for one look only; who watches it is alarmed too often."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Acting:
    """What an experiment allows."""

    guardrails: GuardrailAction = GuardrailAction.PAUSE
    sample_ratio: RatioTest = RatioTest.SEQUENTIAL

    @property
    def document(self) -> dict[str, Any]:
        """As JSON: what `read_acting` reads."""
        return {"guardrails": str(self.guardrails), "sample_ratio": str(self.sample_ratio)}


def read_acting(form: Form) -> Acting:
    """The form's `acting`; the default when it is absent."""
    given = form.form("acting")
    return Acting(
        guardrails=given.choice("guardrails", GuardrailAction, GuardrailAction.PAUSE),
        sample_ratio=given.choice("sample_ratio", RatioTest, RatioTest.SEQUENTIAL),
    )


def acting_of(document: Mapping[str, Any]) -> Acting:
    """What `Acting.document` says."""
    return Acting(GuardrailAction(document["guardrails"]), RatioTest(document["sample_ratio"]))


@dataclass(frozen=True, slots=True)
class Promotion:
    """The variant that a rule has promoted. That is no proof: it is what the rule does, whose false alarms are known.

    `confidence` is the probability of being the best that the rule went by, at its look `look` of `looks`, after `units` exposed
    units; a bandit looks at every moment and plans none, which is 1 of 1. `concluded`: the experiment was completed with it as the winner; else it is recommended, and a person decides.
    """

    variant_id: str
    variant_key: str
    confidence: float
    rule: str
    look: int
    looks: int
    units: int
    at: dt.datetime
    concluded: bool

    @property
    def document(self) -> dict[str, Any]:
        """As JSON: what `promotion_of` reads."""
        return {
            "variant_id": self.variant_id,
            "variant_key": self.variant_key,
            "confidence": self.confidence,
            "rule": self.rule,
            "look": self.look,
            "looks": self.looks,
            "units": self.units,
            "at": self.at.isoformat(),
            "concluded": self.concluded,
        }


def promotion_of(document: Mapping[str, Any]) -> Promotion:
    """What `Promotion.document` says."""
    return Promotion(**{**document, "at": dt.datetime.fromisoformat(document["at"])})
