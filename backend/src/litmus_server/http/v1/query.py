"""What the paths and queries of several routes have in common: references, times, words, cursors."""

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Path, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from litmus_server.domain.errors import Fault, Invalid


def _no_number(value: object) -> object:
    """Pydantic would take a number for Unix time."""
    if isinstance(value, str) and not _DATE.match(value):
        raise PydanticCustomError("time", "must be a time such as 2026-11-20T12:00:00Z")
    return value


_DATE = re.compile(r"\d{4}-\d\d-\d\d")

W = TypeVar("W", bound=StrEnum)

Reference = Annotated[str, Path(alias="id", description="The experiment's id or key")]
Moment = Annotated[dt.datetime, BeforeValidator(_no_number)]
"""A time in RFC 3339, not yet in UTC."""
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before")]


def utc(moment: dt.datetime | None, name: str) -> dt.datetime | None:
    """The same time in UTC, which is also meant where no zone is given. Raises Invalid for one that has no such form."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError:
        raise invalid(name, "must be a time that has a UTC form") from None


def stored(text: str | None, name: str) -> str | None:
    """The same text. Raises Invalid for what PostgreSQL cannot hold, and so nothing can be called."""
    if text is not None and "\0" in text:
        raise invalid(name, "must not hold NUL")
    return text


def word(text: str | None, name: str, words: type[W]) -> W | None:
    """The word that the text is. Raises Invalid with those that there are."""
    if text is None:
        return None
    try:
        return words(text)
    except ValueError:
        raise invalid(name, f"must be one of {', '.join(words)}") from None


def words(values: list[str] | None) -> list[str]:
    """The words of a parameter that may be repeated, separated by commas, or both."""
    return [word for value in values or () for part in value.split(",") if (word := part.strip())]


def invalid(name: str, message: str) -> Invalid:
    """The error that this parameter deserves."""
    return Invalid(f"{name}: {message}", (Fault(f"/query/{name}", message),))
