"""Does an answer hold what a document prints? More keys than printed are allowed; other values are not."""

from __future__ import annotations

import re
from collections.abc import Iterator

ANYTHING = "…"

# What differs from one run to the next, and is therefore compared by its form only.
_FORMS = [
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
]


def differences(printed: object, answer: object, at: str = "") -> Iterator[str]:
    """A sentence for each place where the answer is not what is printed."""
    if printed == ANYTHING:
        return
    if isinstance(printed, dict) and isinstance(answer, dict):
        yield from _objects(printed, answer, at)
    elif isinstance(printed, list) and isinstance(answer, list):
        yield from _arrays(printed, answer, at)
    elif not _equal(printed, answer):
        yield f"{at or '/'}: printed {printed!r}, answered {answer!r}"


def _objects(printed: dict[str, object], answer: dict[str, object], at: str) -> Iterator[str]:
    for key, value in printed.items():
        matches = [key] if key in answer else [each for each in answer if _same_form(key, each)]
        if matches:
            yield from differences(value, answer[matches[0]], f"{at}/{key}")
        else:
            yield f"{at}/{key}: printed, and not in the answer, which has {', '.join(answer)}"


def _arrays(printed: list[object], answer: list[object], at: str) -> Iterator[str]:
    if ANYTHING in printed:
        printed = printed[: printed.index(ANYTHING)]
        answer = answer[: len(printed)]
    if len(printed) != len(answer):
        yield f"{at}: printed {len(printed)} items, answered {len(answer)}"
        return
    for place, (one, other) in enumerate(zip(printed, answer, strict=True)):
        yield from differences(one, other, f"{at}/{place}")


def _equal(printed: object, answer: object) -> bool:
    if isinstance(printed, bool) or isinstance(answer, bool):
        return printed is answer
    return printed == answer or _same_form(printed, answer)


def _same_form(printed: object, answer: object) -> bool:
    return (
        isinstance(printed, str)
        and isinstance(answer, str)
        and any(form.fullmatch(printed) and form.fullmatch(answer) for form in _FORMS)
    )
