"""The dashboard's files as browsers get them. They are the ones that were built: `make dashboard` where there are none."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256

import httpx2
import pytest
from litmus_server.http.dashboard import Dashboard, built

Opened = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]
PAGES = [
    "/",
    "/experiments",
    "/experiments/a.b:c",
    "/experiments/x/results",
    "/static/frontend/index.html",
    "/static/frontend/login.html",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_the_same_document_and_is_asked_for_again(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<div id="__nuxt"' in answer.text
    again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_the_page_names_is_there_for_ever_and_packed(client: httpx2.AsyncClient) -> None:
    named = set(re.findall(r'"(/_nuxt/[^"]+)"', (await client.get("/")).text))
    assert named
    for path in named:
        plain = await client.get(path, headers={"accept-encoding": "identity"})
        assert plain.status_code == 200
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        packed = await client.get(path, headers={"accept-encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "accept-encoding"
        assert packed.content == plain.content


@pytest.mark.parametrize(
    "path",
    [
        "/_nuxt/gone.js",
        "/robots.txt",
        "/.env",
        "/api/v1/nope",
        "/static/nope",
        "/docs/nope",
        "/ofrep/x",
        "/worker/x",
    ],
)
async def test_what_is_no_page_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_what_is_not_read_is_no_page_either(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/experiments", json={})).status_code == 404


async def test_no_path_leads_out_of_the_folder(client: httpx2.AsyncClient) -> None:
    for path in ("/_nuxt/../../package.json", "/_nuxt/%2e%2e/%2e%2e/package.json", "/_nuxt//etc/passwd"):
        assert (await client.get(path)).status_code == 404


async def test_the_page_runs_its_own_scripts_and_nothing_else(client: httpx2.AsyncClient) -> None:
    page = await client.get("/experiments")
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    scripts = re.findall(r"<script>(.+?)</script>", page.text, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts}
    assert scripts
    assert set(policy["script-src"].split()) == {"'self'", *hashes}
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert (page.headers["x-content-type-options"], page.headers["x-frame-options"]) == ("nosniff", "DENY")


async def test_the_page_asks_the_api_where_it_is_when_the_server_starts(opened: Opened) -> None:
    async with opened(api_base="https://api.example/api/v1/") as client:
        page = await client.get("/")
    assert '<meta name="litmus-api-base" content="https://api.example/api/v1">' in page.text
    assert (
        "connect-src 'self' https://api.example wss://api.example;" in page.headers["content-security-policy"]
    )


async def test_without_a_build_the_first_page_says_how_it_is_made() -> None:
    transport = httpx2.ASGITransport(app=Dashboard(None))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")
    assert answer.status_code == 404
    assert "make dashboard" in answer.text


def test_a_file_is_packed_as_it_is() -> None:
    folder = built()
    assert folder is not None, "make dashboard"
    for packed in folder.rglob("*.gz"):
        assert gzip.decompress(packed.read_bytes()) == packed.with_suffix("").read_bytes()


async def test_metrics_know_pages_by_one_name(client: httpx2.AsyncClient) -> None:
    await client.get("/experiments/one")
    await client.get("/experiments/two")
    metrics = (await client.get("/metrics")).text
    assert 'litmus_requests_total{method="GET",route="/{page}",status="200"} 2.0' in metrics
