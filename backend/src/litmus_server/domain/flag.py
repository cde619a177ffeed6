"""Flags: what the value of one may be. All else of a flag is an experiment's, with nothing measured.

It must not know how a flag is drawn.
"""

from collections.abc import Mapping
from enum import StrEnum


class ValueType(StrEnum):
    """What every variant of a flag has as its config."""

    BOOLEAN = "boolean"
    STRING = "string"
    NUMBER = "number"
    OBJECT = "object"


_KINDS: Mapping[ValueType, tuple[type, ...]] = {
    ValueType.BOOLEAN: (bool,),
    ValueType.STRING: (str,),
    ValueType.NUMBER: (int, float),
    ValueType.OBJECT: (Mapping,),
}


def wrong_value(value: object, value_type: ValueType) -> str | None:
    """What keeps this JSON value from being one of the type, or None. True is no number."""
    is_flag = isinstance(value, bool)
    if isinstance(value, _KINDS[value_type]) and is_flag is (value_type is ValueType.BOOLEAN):
        return None
    return f"must be the flag's value, of type {value_type}"
