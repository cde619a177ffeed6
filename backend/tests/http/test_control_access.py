"""Who may do what: every route of both planes asks, and answers the same."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from drafts import ADMIN, WRITER, created, draft
from litmus_server.domain.access import Action, Role
from litmus_server.domain.errors import Unauthorized
from litmus_server.http.auth import Authenticator

OPEN = {"/health", "/ready", "/metrics"}
MANAGING = {
    "createExperiment", "setExperimentStatus", "startExperiment", "launchExperiment", "pauseExperiment",
    "resumeExperiment", "stopExperiment", "declareMetric", "editExperiment", "deleteExperiment", "cloneExperiment",
    "archiveExperiment", "restoreExperiment", "concludeExperiment", "exportUnits",
    "createAudience", "editAudience", "deleteAudience", "createLayer", "editLayer", "deleteLayer", "setHoldout",
    "createPreview", "applyDefinitions", "shipWinner", "holdRamp", "resumeRamp", "acknowledgeAlarm",
}  # fmt: skip


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def operations(client: httpx2.AsyncClient) -> list[tuple[str, str, str]]:
    """(operation id, method, path) of all that the served document knows."""
    paths: dict[str, dict[str, Any]] = (await client.get("/openapi.json")).json()["paths"]
    return [
        (
            operation["operationId"],
            method.upper(),
            path.replace("{id}", "x").replace("{unit_id}", "u").replace("{alarm}", "1"),
        )
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


async def test_every_documented_route_refuses_strangers_in_production(guarded: httpx2.AsyncClient) -> None:
    found = await operations(guarded)
    assert len(found) > 15
    for _, method, path in found:
        strange = [
            await guarded.request(method, path),
            await guarded.request(method, path, headers=bearer("guess")),
        ]
        if path in OPEN:
            assert strange[0].status_code in {200, 503}, path
            continue
        for answer in strange:
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["error"] == "Unauthorized"


async def test_writers_may_not_manage_and_admins_may_do_all(guarded: httpx2.AsyncClient) -> None:
    for operation, method, path in await operations(guarded):
        if path in OPEN:
            continue
        writer = await guarded.request(method, path, headers=bearer(WRITER))
        admin = await guarded.request(method, path, headers=bearer(ADMIN))
        assert (writer.status_code == 403) == (operation in MANAGING), operation
        assert admin.status_code not in {401, 403}, operation


async def test_credentials_are_asked_for_before_the_body_is_read(guarded: httpx2.AsyncClient) -> None:
    answer = await guarded.post("/api/v1/experiments", content=b"{not json")
    assert answer.status_code == 401


async def test_the_development_token_is_unknown_in_production(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get("/api/v1/meta", headers=bearer("dev-token"))).status_code == 401


async def test_the_audit_names_the_token_without_telling_it(guarded: httpx2.AsyncClient) -> None:
    answer = await guarded.post("/api/v1/experiments", json=draft(), headers=bearer(ADMIN))
    identity = answer.json()["experiment_id"]
    audit = await guarded.get(f"/api/v1/experiments/{identity}/audit", headers=bearer(WRITER))
    assert audit.json()["entries"][0]["principal"].startswith("admin:")
    assert ADMIN not in audit.text


async def test_in_development_nobody_needs_a_token_and_a_wrong_one_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    await created(client)
    assert (await client.get("/api/v1/meta", headers=bearer("dev-token"))).status_code == 200
    assert (await client.get("/api/v1/meta", headers=bearer("wrong"))).status_code == 401


async def test_in_development_another_sites_page_cannot_change_anything(client: httpx2.AsyncClient) -> None:
    url = f"/api/v1/experiments/{await created(client)}/start"
    strange = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert (await client.post(url, headers=strange)).status_code == 403
    assert (await client.post(url, headers=strange | bearer("dev-token"))).status_code == 200
    assert (await client.post(url, headers={"sec-fetch-site": "same-site"})).status_code == 200


STRANGE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"origin": "https://evil.example"},
    {"origin": "http://localhost.evil.example"},
    {"origin": "null"},
]


@pytest.mark.parametrize("strange", STRANGE)
async def test_in_development_another_sites_page_cannot_write_through_the_data_plane(
    client: httpx2.AsyncClient, strange: dict[str, str]
) -> None:
    for path in ("experiments/x/assign", "assignments", "events", "experiments/conversions"):
        refused = await client.post(f"/api/v1/{path}", content=b"{}", headers=strange)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), path
        ours = await client.post(
            f"/api/v1/{path}", content=b"{}", headers={"origin": "http://127.0.0.1:3000"}
        )
        assert ours.status_code in {200, 400, 404}, path
    assert (await client.get("/docs", headers={"sec-fetch-site": "cross-site"})).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/api/v1/experiments", "/api/v1/snapshot", "/docs"])
async def test_in_development_a_name_that_was_made_to_point_here_is_refused(
    client: httpx2.AsyncClient, guarded: httpx2.AsyncClient, path: str
) -> None:
    for host in (
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "10.0.0.1",
        "127.0.0.1.evil",
        "[x",
    ):
        refused = await client.get(path, headers={"host": host})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), host
        assert "Host" in refused.json()["detail"]
        assert (await guarded.get(path, headers={"host": host})).status_code in {200, 401}
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.0.0.9", "[::1]:8000", "app.localhost"):
        assert (await client.get(path, headers={"host": host})).status_code == 200, host


@pytest.mark.parametrize("header", [b"", b"Bearer", b"Bearer ", b"Basic abc", b"Bearer \xff", b"token"])
def test_a_header_that_is_no_known_bearer_is_unauthorized(header: bytes) -> None:
    authenticator = Authenticator(("w",), ("a",), development=True)
    with pytest.raises(Unauthorized):
        authenticator.authorize(header, Action.READ)


def test_a_principal_has_the_role_of_its_token_and_a_number_of_31_bits() -> None:
    authenticator = Authenticator(("w",), ("a", "b"))
    principals = [authenticator.principal(b"Bearer " + token) for token in (b"w", b"a", b"b")]
    assert [each.role for each in principals] == [Role.WRITER, Role.ADMIN, Role.ADMIN]
    numbers = [each.key_id for each in principals]
    assert len(set(numbers)) == 3
    assert all(number is not None and 0 <= number < 2**31 for number in numbers)
    assert authenticator.principal(b"bearer  w ") == principals[0]


async def test_cors_knows_exact_origins_only(client: httpx2.AsyncClient, opened: Any) -> None:
    asking = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    assert (
        "access-control-allow-origin"
        not in (await client.options("/api/v1/experiments", headers=asking)).headers
    )
    async with opened(cors_origins=("https://shop.example",)) as allowing:
        yes = await allowing.options("/api/v1/experiments", headers=asking)
        no = await allowing.options(
            "/api/v1/experiments", headers=asking | {"origin": "https://shop.example.evil"}
        )
        assert yes.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in no.headers
        assert "access-control-allow-credentials" not in yes.headers
        hot = await allowing.post(
            "/api/v1/events", json={"events": []}, headers={"origin": "https://shop.example"}
        )
        assert hot.headers["access-control-allow-origin"] == "https://shop.example"
