"""`get_variant` against a server that answers, stalls, refuses, lies and disappears."""

import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from litmus import (
    AuthError,
    DeadlineError,
    ExperimentClient,
    InvalidArgumentError,
    LitmusError,
    NotAskedError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerError,
    UnreachableError,
)
from scripted_server import Say, ScriptedServer

MakeClient = Callable[..., ExperimentClient]
DOWN = Say(503, {"error": "Service unavailable", "message": "the database is away"})


def test_the_answer_is_handed_over_whole(client: ExperimentClient, server: ScriptedServer) -> None:
    assignment = client.get_variant("suggested_order_v4", "store-123", {"country": "CA"})
    assert assignment.variant_key == "treatment"
    assert assignment.variant_name == "Treatment"
    assert assignment.variant_id == "id-of-treatment"
    assert assignment.config == assignment.payload == {"color": "blue"}
    assert (assignment.in_experiment, assignment.reason, assignment.source) == (True, "assigned", "server")
    assert (assignment.experiment_id, assignment.experiment_key) == (
        "id-of-suggested_order_v4",
        "suggested_order_v4",
    )
    assert (assignment.propensity, assignment.fresh) == (0.5, True)
    assert (assignment.revision, assignment.policy_version, assignment.assignment_id) == (12, None, "as_1")
    (request,) = server.requests
    assert request.path == "/api/v1/experiments/suggested_order_v4/assign"
    assert request.headers["Authorization"] == "Bearer dev-token"
    assert request.body == {"unit_id": "store-123", "attributes": {"country": "CA"}}


def test_the_address_and_the_key_come_from_the_environment(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITMUS_BASE_URL", f"{server.url}/api/v1/")
    monkeypatch.setenv("LITMUS_API_KEY", "from-the-environment")
    with ExperimentClient() as client:
        assert client.get_variant("exp", "u").source == "server"
    assert server.requests[0].path == "/api/v1/experiments/exp/assign"
    assert server.requests[0].headers["Authorization"] == "Bearer from-the-environment"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": None},
        {"base_url": "localhost:8000"},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"retries": -1},
        {"batch_size": 0},
        {"max_queue_size": 0},
    ],
)
def test_a_constructor_that_makes_no_sense_is_refused(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITMUS_BASE_URL", raising=False)
    with pytest.raises(ValueError, match=next(iter(options)).replace("_", ".")):
        ExperimentClient(**{"base_url": "http://localhost:1", **options})


def test_an_experiment_key_is_escaped_in_the_path(client: ExperimentClient, server: ScriptedServer) -> None:
    client.get_variant("a/b ü?", "u")
    assert server.requests[0].path == "/api/v1/experiments/a%2Fb%20%C3%BC%3F/assign"


def test_a_unit_that_is_an_integer_is_sent_as_decimal_text(
    client: ExperimentClient, server: ScriptedServer
) -> None:
    assert client.get_variant("exp", 17).unit_id == "17"
    assert server.requests[0].body == {"unit_id": "17"}


def test_a_second_call_is_answered_from_the_cache(client: ExperimentClient, server: ScriptedServer) -> None:
    first = client.get_variant("exp", "u", {"a": 1, "b": 2})
    second = client.get_variant("exp", "u", {"b": 2, "a": 1})
    assert (second.source, second.fresh) == ("cache", False)
    assert second.variant_key == first.variant_key
    assert len(server.requests) == 1
    assert client.stats().from_cache == 1


def test_other_units_and_attributes_are_asked_for_themselves(
    client: ExperimentClient, server: ScriptedServer
) -> None:
    for experiment, unit, attributes in [
        ("e", "u", None),
        ("e", "v", None),
        ("f", "u", None),
        ("e", "u", {"a": 1}),
    ]:
        assert client.get_variant(experiment, unit, attributes).source == "server"
    assert len(server.requests) == 4


def test_an_expired_answer_is_asked_for_again(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(cache_ttl_seconds=0)
    assert [client.get_variant("exp", "u").source for _ in range(2)] == ["server", "server"]
    assert len(server.requests) == 2


@pytest.mark.parametrize(("ahead", "asked"), [(-1, 2), (3600, 1)])
def test_an_answer_is_remembered_no_longer_than_it_holds(
    make_client: MakeClient, server: ScriptedServer, ahead: int, asked: int
) -> None:
    server.assigning = {"expires_at": (datetime.now(UTC) + timedelta(seconds=ahead)).isoformat()}
    client = make_client(cache_ttl_seconds=60)
    first = client.get_variant("exp", "u")
    assert first.expires_at is not None
    client.get_variant("exp", "u")
    assert len(server.requests) == asked


def test_an_expired_answer_still_serves_when_the_server_is_away(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(cache_ttl_seconds=0, retries=0)
    client.get_variant("exp", "u")
    server.always("assign", DOWN)
    stale = client.get_variant("exp", "u")
    assert (stale.source, stale.variant_key, stale.in_experiment, stale.fresh) == (
        "stale",
        "treatment",
        True,
        False,
    )
    assert client.stats().stale == 1


def test_without_any_answer_the_default_variant_is_shown_outside_the_experiment(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(retries=0, default_variant="classic")
    server.always("assign", DOWN)
    fallback = client.get_variant("exp", "u")
    assert (fallback.variant_key, fallback.source, fallback.in_experiment) == ("classic", "fallback", False)
    assert (fallback.reason, fallback.config, fallback.experiment_id) == ("server", None, "exp")
    assert client.stats().fallbacks == 1


@pytest.mark.parametrize(
    "trouble",
    [Say(408), Say(429), Say(500), Say(502), Say(503), Say(200, b"<html>"), Say(200, [1]), Say(trick="cut")],
    ids=lambda say: say.trick or str(say.status),
)
def test_a_transient_error_is_retried(make_client: MakeClient, server: ScriptedServer, trouble: Say) -> None:
    server.script("assign", trouble)
    retried = make_client(retries=1).get_variant("exp", "u")
    expected = (
        ("fallback", 1) if trouble.body == [1] else ("server", 2)
    )  # JSON, and yet no assignment: no transient
    assert (retried.source, len(server.requests)) == expected


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 422])
def test_a_refusal_is_not_retried(make_client: MakeClient, server: ScriptedServer, status: int) -> None:
    server.always("assign", Say(status, {"error": "No"}, {"Location": "/elsewhere"}))
    assert make_client(retries=5).get_variant("exp", "u").source == "fallback"
    assert len(server.requests) == 1


def test_retries_are_counted(make_client: MakeClient, server: ScriptedServer) -> None:
    server.always("assign", DOWN)
    make_client(retries=2).get_variant("exp", "u")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(make_client: MakeClient, server: ScriptedServer, status: int) -> None:
    server.script("assign", Say(status, headers={"Retry-After": "0.4"}))
    start = time.monotonic()
    assert make_client(retries=1).get_variant("exp", "u").source == "server"
    assert time.monotonic() - start >= 0.4


def test_a_retry_after_beyond_the_budget_ends_the_call_at_once(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    server.always("assign", Say(429, {"error": "Too many"}, {"Retry-After": "60"}))
    with pytest.raises(RateLimitedError) as caught:
        make_client(fail_safe_enabled=False).get_variant("exp", "u")
    assert caught.value.retry_after == 60
    assert len(server.requests) == 1


def test_retry_after_may_be_a_date(make_client: MakeClient, server: ScriptedServer) -> None:
    server.always("assign", Say(503, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}))
    with pytest.raises(ServerError) as caught:
        make_client(fail_safe_enabled=False, retries=1).get_variant("exp", "u")
    assert caught.value.retry_after == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize("trick", ["hang", "drip"])
def test_a_server_that_stalls_costs_the_budget_and_no_more(
    make_client: MakeClient, server: ScriptedServer, trick: Any
) -> None:
    server.always("assign", Say(body={"variant_key": "x" * 500}, trick=trick))
    start = time.monotonic()
    with pytest.raises(DeadlineError):
        make_client(timeout=0.5, retries=5, fail_safe_enabled=False).get_variant("exp", "u")
    assert 0.5 <= time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (401, AuthError),
        (403, AuthError),
        (404, NotFoundError),
        (408, ServerError),
        (429, RateLimitedError),
        (500, ServerError),
    ],
)
def test_without_fail_safe_each_status_is_an_error_of_its_kind(
    make_client: MakeClient, server: ScriptedServer, status: int, kind: type[LitmusError]
) -> None:
    server.always("assign", Say(status, {"error": "No", "message": "because"}))
    with pytest.raises(kind, match=f"{status}: No: because") as caught:
        make_client(fail_safe_enabled=False, retries=0).get_variant("exp", "u")
    assert caught.value.status == status


def test_without_fail_safe_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            ExperimentClient(url, fail_safe_enabled=False, retries=0) as client,
            pytest.raises(UnreachableError),
        ):
            client.get_variant("exp", "u")


def test_after_five_failed_calls_the_server_is_left_alone(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(retries=0, fail_safe_enabled=False)
    server.always("assign", DOWN)
    for _ in range(5):
        with pytest.raises(ServerError):
            client.get_variant("exp", "u")
    for _ in range(3):
        with pytest.raises(NotAskedError, match="database is away"):
            client.get_variant("exp", "u")
    assert len(server.requests) == 5
    assert client.stats().breaker_open


def test_an_open_breaker_serves_what_is_known(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(retries=0, cache_ttl_seconds=0)
    client.get_variant("exp", "known")
    server.always("assign", DOWN)
    for _ in range(5):
        client.get_variant("exp", "u")
    assert client.get_variant("exp", "known").source == "stale"
    assert client.get_variant("exp", "u").source == "fallback"
    assert len(server.requests) == 6


def test_a_refused_key_is_said_once_and_not_tried_again(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client()
    server.always("assign", Say(401, {"error": "Unauthorized"}))
    for unit in "abc":
        assert client.get_variant("exp", unit).source == "fallback"
    assert len(server.requests) == 1
    assert [record.levelno for record in caplog.records if record.name == "litmus"] == [logging.ERROR]


def test_an_unknown_experiment_is_not_asked_for_again_at_once(
    client: ExperimentClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.always("assign", Say(404, {"error": "Experiment not found"}))
    answers = [client.get_variant("typo", "u") for _ in range(3)]
    assert {(answer.source, answer.reason) for answer in answers} == {("fallback", "notfound")}
    assert len(server.requests) == 1
    assert "typo" in caplog.text


def test_an_override_needs_no_server_and_is_not_in_the_experiment(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(overrides={"exp": "blue"})
    assignment = client.get_variant("exp", "u")
    assert (assignment.variant_key, assignment.source, assignment.in_experiment) == (
        "blue",
        "override",
        False,
    )
    client.log_exposure("exp", "u", "blue")
    client.log_metric("exp", "u", "blue", "revenue", 1)
    assert client.flush().pending == 0
    assert server.requests == []
    assert client.stats().suppressed_outside == 2


@pytest.mark.parametrize(
    ("experiment", "unit", "attributes"),
    [
        ("", "u", None),
        ("exp", "", None),
        (None, "u", None),
        ("exp", None, None),
        ("exp", True, None),
        ("exp", 1.5, None),
        ("exp", "a\ud800", None),
        ("exp\udfff", "u", None),
        ("exp", "u", {"x": float("nan")}),
        ("exp", "u", {"x": object()}),
        ("exp", "u", {"x": "\ud800"}),
        ("exp", "u", "country=CA"),
    ],
)
def test_arguments_that_can_never_be_accepted_are_not_sent(
    make_client: MakeClient, server: ScriptedServer, experiment: Any, unit: Any, attributes: Any
) -> None:
    assert make_client().get_variant(experiment, unit, attributes).source == "fallback"
    with pytest.raises(InvalidArgumentError):
        make_client(fail_safe_enabled=False).get_variant(experiment, unit, attributes)
    assert server.requests == []


def test_every_hidden_failure_is_told_to_on_error(make_client: MakeClient, server: ScriptedServer) -> None:
    told: list[LitmusError] = []

    def listen(error: LitmusError) -> None:
        told.append(error)
        raise RuntimeError("the listener itself fails")

    server.always("assign", DOWN)
    assert make_client(retries=0, on_error=listen).get_variant("exp", "u").source == "fallback"
    assert [type(error) for error in told] == [ServerError]


def test_a_transport_of_httpx2_replaces_the_network() -> None:
    answer = httpx2.Response(200, json={"variant_key": "blue", "in_experiment": True})
    with ExperimentClient("http://nowhere", transport=httpx2.MockTransport(lambda _: answer)) as client:
        assert client.get_variant("exp", "u").variant_key == "blue"


def test_a_closed_client_answers_and_asks_no_more(client: ExperimentClient, server: ScriptedServer) -> None:
    client.get_variant("exp", "u")
    client.close()
    assert client.get_variant("exp", "u").source == "cache"
    assert client.get_variant("exp", "v").source == "fallback"
    assert len(server.requests) == 1
