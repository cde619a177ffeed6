"""The dashboard's files: read once at the start, answered from memory, with the headers that browsers should have.

It knows files and paths; it must not know what is in the pages, nor who may see what: that is the API's business.
"""

import base64
import gzip
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from litmus_server.domain.errors import NotFound
from litmus_server.http.traffic import HEADERS, Receive, Scope, Send

API_BASE = "/api/v1"
"""Where pages find the API when nobody says otherwise: at the server that they come from."""

_SHELL = "200.html"
_NOT_PAGES = frozenset(
    {"api", "docs", "openapi.json", "health", "ready", "metrics", "ofrep", "worker", "static"}
)
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_PRINTED = frozenset({"/static/frontend/index.html", "/static/frontend/login.html"})
_IMMUTABLE = "/_nuxt/"  # names that hold a hash of what is in them
_BASE = re.compile(r'(<meta name="litmus-api-base" content=")[^"]*(")')
_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>(.+?)</script>", re.DOTALL)

_NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Litmus</title>
<h1>The dashboard is not built</h1>
<p>In a checkout: <code>make dashboard</code> (Node 20 or later), then start Litmus again.</p>
<p>The API is there: <a href="/docs">its documentation</a>.</p>
"""


@dataclass(frozen=True, slots=True)
class _File:
    headers: tuple[tuple[bytes, bytes], ...]
    plain: bytes
    packed: bytes | None
    """With gzip; None where that would not make it smaller."""
    tag: bytes


class _Route(NamedTuple):
    path: str


# What metrics and logs call them.
_FILES, _PAGES = _Route("/_nuxt/{file}"), _Route("/{page}")


class Dashboard:
    """An ASGI application for the paths that are its own. Every page is the same document: the browser shows the right one."""

    def __init__(self, folder: Path | None, api_base: str | None = None) -> None:
        """`folder`: what `npm run build` made; None says at / how it is made. `api_base`: the API's, when it is elsewhere."""
        self._files = {} if folder is None else dict(_read(folder))
        self._shell = _not_built() if folder is None else _shell(folder, api_base or API_BASE)
        self._found = 404 if folder is None else 200

    def handles(self, scope: Scope) -> bool:
        """Whether this request is for the dashboard: what is read, and neither the API's nor the documentation's."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return False
        path: str = scope["path"]
        return path in _PRINTED or path.split("/", 2)[1] not in _NOT_PAGES

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer a file, or the page where there is none. Raises NotFound for what is no page's address."""
        path: str = scope["path"]
        file = self._files.get(path)
        if file is None:
            # A page's address has no dot in its first part; /robots.txt and /.env have.
            if path.startswith(_IMMUTABLE) or "." in path.split("/", 2)[1]:
                raise NotFound("File", path)
            file = self._shell
        scope["route"] = _FILES if path.startswith(_IMMUTABLE) else _PAGES
        asked: dict[bytes, bytes] = scope.get(HEADERS) or dict(scope["headers"])
        status, headers, body = self._found, file.headers, file.plain
        if file.tag in asked.get(b"if-none-match", b""):
            status, body = 304, b""
        elif file.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            headers, body = (*headers, (b"content-encoding", b"gzip")), file.packed
        if status != 304:
            headers = (*headers, (b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def built() -> Path | None:
    """The folder of the build: what a wheel brought along, in a checkout what was made there last, else None."""
    here = Path(__file__).resolve()
    packed = here.parents[1] / "dashboard"
    made = (root / "frontend" / ".output" / "public" for root in here.parents[4:5])
    return next((folder for folder in (packed, *made) if (folder / _SHELL).is_file()), None)


def _read(folder: Path) -> Iterator[tuple[str, _File]]:
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.suffix in {".gz", ".html"}:
            continue
        path = f"/{file.relative_to(folder).as_posix()}"
        packed = file.with_name(f"{file.name}.gz")
        lasting = path.startswith(_IMMUTABLE)
        yield (
            path,
            _file(
                file.read_bytes(),
                packed.read_bytes() if packed.is_file() else None,
                _KINDS.get(file.suffix, "application/octet-stream"),
                b"public, max-age=31536000, immutable" if lasting else b"no-cache",
            ),
        )


def _shell(folder: Path, api_base: str) -> _File:
    text = (folder / _SHELL).read_text(encoding="utf-8")
    text = _BASE.sub(lambda found: found[1] + html.escape(api_base.rstrip("/")) + found[2], text)
    plain = text.encode()
    policy = (b"content-security-policy", _policy(text, api_base).encode())
    return _file(plain, gzip.compress(plain, mtime=0), "text/html; charset=utf-8", b"no-cache", policy)


def _not_built() -> _File:
    policy = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
    return _file(_NOT_BUILT, None, "text/html; charset=utf-8", b"no-store", policy)


def _file(plain: bytes, packed: bytes | None, kind: str, cache: bytes, *more: tuple[bytes, bytes]) -> _File:
    tag = b'"%b"' % sha256(plain).hexdigest()[:24].encode()
    headers = ((b"content-type", kind.encode()), (b"cache-control", cache), (b"etag", tag), *more)
    return _File((*headers, (b"vary", b"accept-encoding")) if packed else headers, plain, packed, tag)


def _policy(page: str, api_base: str) -> str:
    """What this page may do: run its own scripts (decision record 0016), ask its own server and the API's, and nothing else."""
    digests = [
        base64.b64encode(sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page)
    ]
    api = urlsplit(api_base)
    elsewhere = ""
    if api.netloc:
        elsewhere = f" {api.scheme}://{api.netloc} {'wss' if api.scheme == 'https' else 'ws'}://{api.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *(f"'sha256-{digest}'" for digest in digests))),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self'{elsewhere}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
