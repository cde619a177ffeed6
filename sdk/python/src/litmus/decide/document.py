"""A JSON object read strictly: every answer has the type it should have, or InvalidEntry says where it has
not.

It knows JSON; it must not know what the fields mean.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

T = TypeVar("T")


def escaped(key: object) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def has_utf8(text: str) -> bool:
    """Whether a text has a UTF-8 form: it has no lone surrogate."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


class InvalidEntry(ValueError):
    """The document is not a configuration entry; `pointer` (RFC 6901) says which part is wrong."""

    def __init__(self, pointer: str, message: str) -> None:
        """`pointer` is relative to the entry."""
        super().__init__(f"{message} (at {pointer or 'the root'})")
        self.pointer = pointer
        self.message = message


class Document:
    """A JSON object and its place in the whole. Keys that nobody asks for are ignored."""

    __slots__ = ("_fields", "at")

    def __init__(self, value: object, at: str = "") -> None:
        """`at` is the pointer of this object. Raises InvalidEntry when it is no object."""
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise InvalidEntry(at, "an object is needed")
        self._fields: Mapping[str, object] = value
        self.at = at

    def value(self, name: str) -> object:
        """Any JSON value; None when it is null or absent."""
        return self._fields.get(name)

    def text(self, name: str) -> str:
        """A text that is not empty and has a UTF-8 form."""
        value = self._typed(name, str, "a text")
        if not value or not has_utf8(value):
            raise self.wrong(name, "a text that is not empty and has no lone surrogate is needed")
        return value

    def choice(self, name: str, options: tuple[T, ...]) -> T:
        """One of these texts."""
        value = self.value(name)
        for option in options:
            if option == value:
                return option
        raise self.wrong(name, f"one of {', '.join(map(str, options))} is needed")

    def flag(self, name: str) -> bool:
        """True or false; false when absent."""
        return self._typed(name, bool, "true or false", default=False)

    def integer(self, name: str, low: int, high: int | None = None) -> int:
        """An integer of at least `low` and, if given, at most `high`."""
        value = self._typed(name, int, "an integer")
        if value < low or (high is not None and value > high):
            raise self.wrong(name, f"an integer from {low} to {'…' if high is None else high} is needed")
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of integers."""
        items = self._typed(name, list, "a list")
        if not all(type(item) is int for item in items):
            raise self.wrong(name, "a list of integers is needed")
        return tuple(items)

    def ordinals(self, name: str, count: int) -> dict[str, int]:
        """An object of texts to integers below `count`; empty when it is null or absent."""
        found = self.document(name)
        if found is None:
            return {}
        for each in cast(
            "Iterable[object]", found._fields
        ):  # a document that was never JSON may have other names
            if not isinstance(each, str) or not each or not has_utf8(each):
                raise self.wrong(name, "its names are texts that are not empty and have no lone surrogate")
        return {each: found.integer(each, 0, count - 1) for each in found._fields}

    def documents(self, name: str) -> tuple["Document", ...]:
        """A list of at least one object."""
        items = self._typed(name, list, "a list")
        if not items:
            raise self.wrong(name, "at least one is needed")
        return tuple(Document(item, f"{self.at}/{name}/{index}") for index, item in enumerate(items))

    def document(self, name: str) -> "Document | None":
        """An object, or None when it is null or absent."""
        value = self.value(name)
        return None if value is None else Document(value, f"{self.at}/{name}")

    def wrong(self, name: str, message: str) -> InvalidEntry:
        """The error that this field deserves."""
        return InvalidEntry(f"{self.at}/{escaped(name)}", message)

    def _typed(self, name: str, expected: type[T], described: str, default: T | None = None) -> T:
        value = self._fields.get(name, default)
        if type(value) is not expected:  # exact, since a boolean is an integer to isinstance
            raise self.wrong(name, f"{described} is needed")
        return value
