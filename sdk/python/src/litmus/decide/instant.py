"""Dates and times as instants, so that they can be compared.

It knows RFC 3339 and nothing of the clock: what "now" is, an attribute has to say.
"""

import re
from datetime import date
from typing import TypeAlias

Instant: TypeAlias = tuple[int, str]
"""Whole seconds since the first day of year 1, and the digits after the point without the zeros at their end."""

_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]+))?"
_ZONE = r"(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
_MOMENT = re.compile(f"{_DATE}(?:[Tt]{_TIME}{_ZONE})?")


def instant(value: object) -> Instant | None:
    """The instant of an RFC 3339 date-time with its offset, or of midnight UTC of a `YYYY-MM-DD`.

    None for what is no text or neither of them: a time without an offset, a day that the calendar does not
    have, the year 0000, a leap second.
    """
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    part = found.groupdict(default="0")
    try:
        day = date(int(part["year"]), int(part["month"]), int(part["day"])).toordinal()
    except ValueError:
        return None
    seconds = (day * 24 + int(part["hour"])) * 3600 + int(part["minute"]) * 60 + int(part["second"])
    offset = (int(part["hours"]) * 60 + int(part["minutes"])) * 60
    return seconds + (offset if part["sign"] == "-" else -offset), part["fraction"].rstrip("0")
