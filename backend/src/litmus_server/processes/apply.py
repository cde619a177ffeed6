"""`litmus apply` and `litmus export`: definitions in files, kept the same as those of a server, over its API.

Every document of all files is one plan and one transaction. Nothing here needs a database or settings.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from litmus_server.domain.errors import Invalid
from litmus_server.domain.notation import read_json, read_yaml, write_yaml

SUFFIXES = (".yaml", ".yml", ".json")
_MOST = 8 << 20
"""Bytes of a file."""
_TIMEOUT = 60.0
_MARKS = {"create": "+", "update": "~", "unchanged": "=", "refused": "!"}


class Failed(Exception):
    """What a person has to know; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document, and where it stands: the n-th of a file."""

    path: Path
    number: int
    document: Any

    def __str__(self) -> str:
        return f"{self.path}, document {self.number}"


class Server:
    """The definitions of a server."""

    def __init__(self, url: str, token: str | None) -> None:
        """`url` without /api/v1."""
        self._base, self._token = url.rstrip("/"), token

    def plan(self, documents: Sequence[Any]) -> dict[str, Any]:
        """What applying them would change. Raises Failed."""
        return self._sent("plan", documents, {})

    def apply(self, documents: Sequence[Any], token: str, actor: str, reason: str) -> dict[str, Any]:
        """Apply what the plan of this token shows. Raises Failed, also when that is not so any more."""
        query = {name: value for name, value in (("actor", actor), ("reason", reason)) if value}
        return self._sent(
            f"apply?{urlencode(query)}" if query else "apply", documents, {"If-Match": f'"{token}"'}
        )

    def definition(self, key: str) -> dict[str, Any]:
        """That of one experiment. Raises Failed."""
        found: dict[str, Any] = self._answer(f"experiments/{quote(key, safe='')}/definition")
        return found

    def definitions(self) -> list[dict[str, Any]]:
        """All. Raises Failed."""
        found: list[dict[str, Any]] = self._answer("definitions")
        return found

    def _sent(self, what: str, documents: Sequence[Any], headers: Mapping[str, str]) -> dict[str, Any]:
        body = json.dumps(documents).encode()
        found: dict[str, Any] = self._answer(f"definitions/{what}", body, headers)
        return found

    def _answer(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        url = f"{self._base}/api/v1/{path}"
        try:
            if not url.startswith(("http://", "https://")):
                raise Failed(f"{self._base} is no address of a server: it begins with http:// or https://")
            with urlopen(Request(url, body, sent), timeout=_TIMEOUT) as answer:  # noqa: S310 - looked at above
                return json.load(answer)
        except HTTPError as error:
            raise Failed(_said(error)) from None
        except (URLError, HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Failed(f"{self._base} does not answer as Litmus does: {reason}") from None


def gathered(paths: Iterable[Path]) -> list[Source]:
    """The documents of these files, and of the files with such suffixes in these folders, by name. Raises Failed."""
    found = [source for path in paths for file in _files(path) for source in _documents(file)]
    if not found:
        raise Failed(f"There are no documents there; files end in {', '.join(SUFFIXES)}")
    return found


def shown(plan: Mapping[str, Any], sources: Sequence[Source]) -> Iterator[str]:
    """The plan as people read it: a line a document, and below it what changes, or why it is refused."""
    for item in plan["items"]:
        source = sources[item["document"]]
        name = f"{item['kind'] or 'document'} {item['key'] or ''}".rstrip()
        yield f"{_MARKS[item['outcome']]} {name}  {item['outcome']}  ({source})"
        for each in item["differences"]:
            after = _value(each["after"])
            before = "" if item["outcome"] == "create" else f"{_value(each['before'])} → "
            yield f"    {each['pointer']}: {before}{after}"
        for error in item["errors"]:
            yield f"    {source}: {error['pointer'] or '/'}: {error['message']}"


def written(documents: Iterable[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Each document in a file of its own, `experiments/<key>.yaml` and so on; what else is there stays. Raises Failed."""
    files: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    for document in documents:
        path = folder / f"{document['kind']}s" / f"{quote(str(document['key']), safe='')}.yaml"
        other, _ = files.setdefault(str(path).casefold(), (path, document))
        if other != path:
            raise Failed(
                f"{other} and {path} would be one file where case does not count: export them one by one"
            )
    try:
        for path, document in files.values():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(write_yaml([document]), encoding="utf-8")
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from None
    return [path for path, _ in files.values()]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        return sorted(
            each for each in inside if not any(part.startswith(".") for part in each.relative_to(path).parts)
        )
    if path.suffix.lower() not in SUFFIXES:
        raise Failed(f"{path}: files end in {', '.join(SUFFIXES)}")
    return [path]


def _documents(path: Path) -> list[Source]:
    try:
        if path.stat().st_size > _MOST:
            raise Failed(f"{path}: may have {_MOST:,} bytes: split it")
        text = path.read_text(encoding="utf-8-sig")
        read = [read_json(text)] if path.suffix.lower() == ".json" else read_yaml(text, _MOST)
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Failed(f"{path}: is not UTF-8: {error.reason} at byte {error.start}") from None
    except Invalid as error:
        raise Failed(f"{path}: {error}") from None
    flat = [each for document in read for each in (document if isinstance(document, list) else [document])]
    for number, document in enumerate(flat, 1):
        if not isinstance(document, dict):
            raise Failed(f"{path}, document {number}: must be an object")
    return [Source(path, number, document) for number, document in enumerate(flat, 1)]


def _said(error: HTTPError) -> str:
    try:
        message = json.load(error)["message"]
    except (ValueError, KeyError, TypeError, OSError):
        message = error.reason
    return f"{error.code}: {message}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"
