"""A named audience: a condition that experiments share. And the reading of conditions, named or not.

The grammar is `litmus.decide.targeting`'s. It must not know where audiences are stored, nor who uses them.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litmus.decide import InvalidCondition, compile_condition, expand, names

from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.form import Form

MOST_AUDIENCES = 1_000


@dataclass(frozen=True, slots=True)
class Audience:
    """As it is at `revision`; `condition` may name other audiences."""

    key: str
    name: str
    description: str
    condition: Mapping[str, Any]
    revision: int
    created_at: dt.datetime
    updated_at: dt.datetime


_ANY = {"attribute": "any", "operator": "present"}


def read_condition(form: Form, name: str) -> Mapping[str, Any] | None:
    """The condition in this field, or None when it is absent. Whether there are the audiences that it names is not looked at:
    `resolved` does.
    """
    document = form.value(name)
    if not isinstance(document, Mapping):
        if document is not None:
            form.fault(name, "must be a condition, which is an object")
        return None
    try:
        compile_condition(document, dict.fromkeys(names(document), _ANY))
    except InvalidCondition as error:
        form.fault_at(name, error.pointer, error.message)
    return document


def resolved(condition: Mapping[str, Any], audiences: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    """The condition without names. `at` is its place in the input. Raises Invalid for a name that nobody has, or that stands for
    itself, and for what is beyond the limits.
    """
    try:
        return expand(condition, audiences)
    except InvalidCondition as error:
        where = f"{at}{error.pointer}"
        raise Invalid(f"{where.removeprefix('/')}: {error.message}", (Fault(where, error.message),)) from None
