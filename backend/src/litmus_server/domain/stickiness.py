"""How long a unit keeps its variant: for ever, for a while, or for one decision.

Where it keeps it for a while, what is drawn, logged and analysed is a stay: one draw of the unit, and what the unit does until
the stay ends. Its name stands for a unit everywhere below the doors, which alone know whose it is.
"""

import datetime as dt
from enum import StrEnum
from re import compile as pattern
from typing import NamedTuple

from litmus_server.domain.assignment import Stored
from litmus_server.domain.form import Form

LEAST_SECONDS, MOST_SECONDS = 60, 366 * 86_400
"""A stay's length. Below a minute an answer would be old by the time that it is shown."""
DECISION = "decision"
"""The type of units that are one decision each."""

_UNIT_TYPE = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SOFT = (
    "soft is not offered: of a unit that was moved nobody can say with what probability it has its variant; take ttl, which "
    "earns about as much (docs/statistics/stickiness.md)"
)


class Sticky(StrEnum):
    """What keeps a unit's variant."""

    FOREVER = "forever"
    """The first draw holds, whatever comes."""
    TTL = "ttl"
    """A draw holds for `ttl_seconds`; who comes back later is drawn anew."""
    NONE = "none"
    """Each decision is a unit of its own: the type of units is `decision`."""


class Stay(NamedTuple):
    """One draw of a unit that is drawn anew after a while: the assignment of `name`, made at `began_at`."""

    name: str
    stored: Stored
    began_at: dt.datetime
    age: float
    """Seconds since then, by the database's clock at the moment when it was asked: the one clock that stays go by."""

    @property
    def number(self) -> int:
        """1 is the unit's first."""
        return int(self.name.rpartition("/")[2])


def stay_name(unit: str, number: int) -> str:
    """What the k-th stay of a unit is called; the last slash separates, so two stays never share a name."""
    return f"{unit}/{number}"


def sticky_of(unit_type: str, ttl_seconds: int | None) -> Sticky:
    """What an experiment's other fields say of it: there is no third place where it could say something else."""
    if unit_type == DECISION:
        return Sticky.NONE
    return Sticky.FOREVER if ttl_seconds is None else Sticky.TTL


def read_stickiness(form: Form, *, is_flag: bool) -> tuple[str, int | None]:
    """The type of units, and for how many seconds a draw holds, None where it is not drawn anew; faults are noted in `form`."""
    named = form.has("unit_type")
    unit_type = form.text("unit_type", 64, "user", shape=_UNIT_TYPE)
    seconds = form.integer("ttl_seconds", LEAST_SECONDS, MOST_SECONDS)
    if form.value("sticky") == "soft":
        form.fault("sticky", _SOFT)
        return unit_type, None
    noted = form.noted
    sticky = form.choice("sticky", Sticky, Sticky.NONE if unit_type == DECISION else Sticky.FOREVER)
    if form.noted > noted:
        return unit_type, None
    if sticky is Sticky.NONE and not named:
        unit_type = DECISION
    if (sticky is Sticky.NONE) is not (unit_type == DECISION):
        form.fault(
            "sticky",
            f"{sticky} does not go with units of type {unit_type}: `none` and the type `{DECISION}` are one thing, each decision "
            "a unit of its own",
        )
    if sticky is Sticky.TTL and not form.has("ttl_seconds"):
        form.fault("ttl_seconds", f"is required where sticky is ttl: from {LEAST_SECONDS} to {MOST_SECONDS}")
    if sticky is not Sticky.TTL and form.has("ttl_seconds"):
        form.fault("ttl_seconds", f"is for sticky ttl, and this is {sticky}")
    if sticky is Sticky.TTL and is_flag:
        form.fault(
            "sticky", "ttl is for what is measured: nothing is stored of a flag's units, and nothing expires"
        )
    return unit_type, seconds if sticky is Sticky.TTL else None
