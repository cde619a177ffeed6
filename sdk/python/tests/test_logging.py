"""Exposures and metrics, from the call to the acknowledgement, against a server that may or may not
cooperate.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from litmus import ExperimentClient, FlushResult, InvalidArgumentError, ServerError
from scripted_server import Say, ScriptedServer

MakeClient = Callable[..., ExperimentClient]
DOWN = Say(503, {"error": "Service unavailable"})


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_the_quickstart_of_the_mission_arrives_as_logged(
    client: ExperimentClient, server: ScriptedServer
) -> None:
    assignment = client.get_variant("suggested_order_v4", "store-123", {"country": "CA"})
    client.log_exposure("suggested_order_v4", "store-123", assignment.variant_key)
    client.log_metric("suggested_order_v4", "store-123", assignment.variant_key, "order_value", 1250.30)
    assert client.flush() == FlushResult(sent=2, pending=0, dropped=0, rejected=0)
    (request,) = server.asked("events")
    assert request.path == "/api/v1/events"
    assert request.headers["Authorization"] == "Bearer dev-token"
    exposure, metric = request.body["events"]
    same = {"experiment_id": "suggested_order_v4", "unit_id": "store-123", "variant_key": "treatment"}
    ids = {exposure.pop("event_id"), metric.pop("event_id")}
    times = [
        datetime.fromisoformat(each) for each in (exposure.pop("occurred_at"), metric.pop("occurred_at"))
    ]
    assert len(ids) == 2
    assert times == sorted(times)
    assert times[1] <= datetime.fromisoformat(request.body["sent_at"]) <= datetime.now(UTC)
    assert exposure == {"type": "exposure", **same}
    assert metric == {"type": "metric", "metric_name": "order_value", "value": 1250.3, **same}


def test_track_names_no_experiment(client: ExperimentClient, server: ScriptedServer) -> None:
    client.track("purchase", 7)
    client.flush()
    (event,) = server.events.values()
    assert (event["metric_name"], event["unit_id"], event["value"]) == ("purchase", "7", 1.0)
    assert "experiment_id" not in event
    assert "variant_key" not in event


def test_what_the_caller_gives_is_sent(client: ExperimentClient, server: ScriptedServer) -> None:
    moment = datetime(2026, 5, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    client.log_metric("e", "u", "b", "m", 3, moment, {"country": "ü"}, "my-id")
    client.log_exposure("e", "u", "b", occurred_at=moment, metadata={"page": 1}, event_id="my-exposure")
    client.flush()
    assert server.events["my-id"]["occurred_at"] == "2026-05-01T12:00:00Z"
    assert server.events["my-id"]["metadata"] == {"country": "ü"}
    assert server.events["my-exposure"]["metadata"] == {"page": 1}


def test_metadata_is_what_it_was_when_it_was_logged(client: ExperimentClient, server: ScriptedServer) -> None:
    metadata = {"step": 1}
    client.track("m", "u", metadata=metadata)
    metadata["step"] = 2
    client.flush()
    assert [event["metadata"] for event in server.events.values()] == [{"step": 1}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.100000"), b"0.100000"),
        (Decimal("999999999999.999999"), b"999999999999.999999"),
        (0.1, b"0.1"),
        (10**17 + 1, b"100000000000000001"),
        (True, b"1"),
        (-2.5, b"-2.5"),
    ],
)
def test_a_value_reaches_the_wire_digit_by_digit(
    client: ExperimentClient, server: ScriptedServer, value: Any, text: bytes
) -> None:
    client.track("m", "u", value)
    client.flush()
    assert b'"value":' + text + b"}" in server.requests[0].raw


BAD: list[dict[str, Any]] = [
    {"value": float("nan")},
    {"value": float("inf")},
    {"value": Decimal("NaN")},
    {"value": "12"},
    {"value": None},
    {"value": object},
    {"metric_name": ""},
    {"metric_name": None},
    {"unit_id": None},
    {"unit_id": "\ud800"},
    {"experiment_id": ""},
    {"variant_key": 5},
    {"occurred_at": datetime(2026, 1, 1)},  # noqa: DTZ001
    {"occurred_at": "2026-01-01T00:00:00Z"},
    {"metadata": {"x": object}},
    {"metadata": {"x": float("nan")}},
    {"metadata": {"x": "\udfff"}},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_an_event_that_can_never_be_accepted_is_counted_and_spoils_no_other(
    make_client: MakeClient, server: ScriptedServer, bad: dict[str, Any]
) -> None:
    arguments = {
        "experiment_id": "e",
        "unit_id": "u",
        "variant_key": "b",
        "metric_name": "m",
        "value": 1,
        **bad,
    }
    client = make_client()
    client.log_metric(**arguments)
    client.log_exposure("e", "u", "b")
    assert client.flush() == FlushResult(sent=1, pending=0, dropped=0, rejected=1)
    assert client.stats().recent_rejections[0].reason == "invalid_argument"
    with pytest.raises(InvalidArgumentError):
        make_client(fail_safe_enabled=False).log_metric(**arguments)


def test_a_full_batch_is_sent_without_being_asked(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(batch_size=10)
    for number in range(10):
        client.track("m", f"u{number}")
    assert until(lambda: len(server.events) == 10)


def test_a_batch_that_is_not_full_is_sent_after_the_interval(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(flush_interval_seconds=0.05)
    client.track("m", "u")
    assert until(lambda: len(server.events) == 1)
    assert until(lambda: client.stats().sent == 1)


def test_an_idle_client_has_no_thread_and_the_next_event_starts_one(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    def senders() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "litmus-outbox"]

    client = make_client(flush_interval_seconds=0.05)
    assert senders() == []
    for count in (1, 2):
        client.track("m", "u")
        assert until(lambda count=count: len(server.events) == count)  # type: ignore[misc]
        assert until(lambda: senders() == [])


def test_no_batch_is_larger_than_batch_size(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(batch_size=30, max_queue_size=1_000)
    for number in range(100):
        client.track("m", f"u{number}")
    client.flush()
    assert until(lambda: client.stats().sent == 100)
    assert max(len(request.body["events"]) for request in server.requests) <= 30
    assert [event["unit_id"] for event in server.events.values()] == [f"u{number}" for number in range(100)]


@pytest.mark.parametrize(
    "trouble", [DOWN, Say(429), Say(trick="cut"), Say(200, b"not json"), Say(200, {"accepted": 1})]
)
def test_a_batch_whose_fate_is_unknown_is_sent_again_with_the_same_ids(
    make_client: MakeClient, server: ScriptedServer, trouble: Say
) -> None:
    client = make_client(retries=0)
    server.script("events", trouble)
    for number in range(3):
        client.track("m", f"u{number}")
    assert client.flush() == FlushResult(sent=0, pending=3, dropped=0, rejected=0)
    client.track("m", "later")
    assert client.flush() == FlushResult(sent=4, pending=0, dropped=0, rejected=0)
    first, second, third = [
        [event["event_id"] for event in request.body["events"]] for request in server.requests
    ]
    assert first == second
    assert len(third) == 1
    assert client.stats().pending == 0


def test_one_event_id_logged_twice_is_delivered_and_counted_as_a_duplicate(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client()
    client.log_metric("e", "u", "b", "m", 1, event_id="twice")
    client.log_metric("e", "u", "b", "m", 1, event_id="twice")
    assert client.flush().sent == 2
    assert client.stats().duplicates == 1
    assert len(server.events) == 1


def test_the_background_tries_again_by_itself(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(flush_interval_seconds=0.05, retries=0)
    server.script("events", DOWN, DOWN)
    client.track("m", "u")
    assert until(lambda: client.stats().sent == 1)
    assert len({request.body["events"][0]["event_id"] for request in server.requests}) == 1


def test_retries_happen_within_one_flush(make_client: MakeClient, server: ScriptedServer) -> None:
    server.script("events", DOWN, DOWN)
    client = make_client(retries=2)
    client.track("m", "u")
    assert client.flush().sent == 1


def test_rejected_events_are_counted_kept_and_said_once_a_reason(
    client: ExperimentClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.rejecting = {"late": "clock", "gone": "archived"}
    for unit in ["late", "fine", "late", "gone"]:
        client.track("m", unit)
    assert client.flush() == FlushResult(sent=1, pending=0, dropped=0, rejected=3)
    assert [each.reason for each in client.stats().recent_rejections] == ["clock", "clock", "archived"]
    assert client.stats().recent_rejections[0].message == "because of clock"
    assert len([record for record in caplog.records if "rejected (" in record.message]) == 2
    client.flush()
    assert len(server.asked("events")) == 1


@pytest.mark.parametrize(("status", "reason"), [(400, "malformed"), (413, "too_large"), (422, "malformed")])
def test_one_event_that_the_server_cannot_read_does_not_block_the_others(
    make_client: MakeClient, server: ScriptedServer, status: int, reason: str
) -> None:
    client = make_client(retries=0)
    refuse = Say(status, {"error": "cannot be read"})
    server.script("events", refuse)  # four events; then the halves: the first is read, of the second …
    for number in range(4):
        client.track("m", f"u{number}")
    server.script("events", Say(body=None, trick="cut"))  # … nothing is known yet
    assert client.flush().pending == 4
    server.script("events", refuse, refuse, refuse)  # 4 refused, 2 refused, the first alone refused
    assert client.flush() == FlushResult(sent=3, pending=0, dropped=0, rejected=1)
    assert client.stats().recent_rejections[0].reason == reason
    assert [event["unit_id"] for event in server.events.values()] == ["u1", "u2", "u3"]


def test_a_refused_key_keeps_the_events_and_is_said_once(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(flush_interval_seconds=0.02)
    server.always("events", Say(401, {"error": "Unauthorized"}))
    client.track("m", "u")
    assert until(lambda: len(server.requests) == 1)
    assert client.flush().pending == 1
    assert len(server.requests) == 2  # one by itself, one because flush was called
    assert [record.levelno for record in caplog.records if record.name == "litmus"] == [logging.ERROR]
    server.always("events", None)
    assert client.flush().sent == 1


def test_flush_never_hangs(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(timeout=30, batch_size=2)
    server.always("events", Say(trick="hang"))
    client.track("m", "u")
    client.track("m", "v")
    assert until(lambda: len(server.requests) == 1)  # the background hangs now, and holds the right to send
    start = time.monotonic()
    assert client.flush(timeout=0.3) == FlushResult(sent=0, pending=2, dropped=0, rejected=0)
    assert time.monotonic() - start < 5


def test_flush_gives_up_at_its_timeout(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(timeout=30)
    server.always("events", Say(trick="hang"))
    client.track("m", "u")
    start = time.monotonic()
    assert client.flush(timeout=0.3).pending == 1
    assert time.monotonic() - start < 5


def test_flush_with_nothing_to_send_asks_nobody(client: ExperimentClient, server: ScriptedServer) -> None:
    assert client.flush() == FlushResult(sent=0, pending=0, dropped=0, rejected=0)
    assert server.requests == []


def test_flush_results_add_up_to_the_history(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(batch_size=3)
    results = []
    for number in range(20):
        client.track("m", f"u{number}")
        if number % 7 == 0:
            results.append(client.flush())
    assert until(lambda: client.stats().pending <= 2)
    results.append(client.close())
    assert sum(result.sent for result in results) == 20
    assert len(server.events) == 20


def test_a_full_buffer_gives_up_the_oldest_metrics_before_any_exposure(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(max_queue_size=4, batch_size=100)
    for name in ["m1", "m2"]:
        client.track(name, "u")
    for number in range(3):
        client.log_exposure("e", f"u{number}", "b")
    client.track("m3", "u")
    client.log_exposure("e", "u3", "b")
    assert client.flush() == FlushResult(sent=4, pending=0, dropped=3, rejected=0)
    assert server.kinds() == ["exposure"] * 4
    assert (client.stats().dropped_exposures, client.stats().dropped_metrics) == (0, 3)
    assert len([record for record in caplog.records if "buffer is full" in record.message]) == 1


def test_after_a_fallback_the_events_of_that_unit_are_dropped_counted_and_said_once(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(retries=0)
    server.script("assign", DOWN)
    fallback = client.get_variant("exp", "u")
    client.log_exposure("exp", "u", fallback.variant_key)
    client.log_metric("exp", "u", fallback.variant_key, "m", 1)
    client.log_exposure("exp", "v", "b")  # another unit
    client.log_exposure("other", "u", "b")  # another experiment
    client.track("m", "u")  # names no experiment: the server knows which it was exposed to
    client.flush()
    assert [(event.get("experiment_id"), event["unit_id"]) for event in server.events.values()] == [
        ("exp", "v"),
        ("other", "u"),
        (None, "u"),
    ]
    assert client.stats().suppressed_after_fallback == 2
    assert len([record for record in caplog.records if "shown a fallback" in record.message]) == 1


def test_a_true_answer_ends_the_suppression(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(retries=0)
    server.script("assign", DOWN)
    assert client.get_variant("exp", "u").source == "fallback"
    assert client.get_variant("exp", "u").source == "server"
    client.log_exposure("exp", "u", "treatment")
    client.flush()
    assert server.kinds() == ["exposure"]


def test_a_unit_outside_logs_no_exposure_while_its_metrics_are_judged_by_the_server(
    client: ExperimentClient, server: ScriptedServer
) -> None:
    server.assigning = {"in_experiment": False, "reason": "traffic", "variant_key": "control"}
    client.get_variant("exp", "u", log_exposure=True)
    client.log_exposure("exp", "u", "control")
    client.log_exposure("id-of-exp", "u", "control")
    client.log_metric("exp", "u", "control", "m", 1)
    client.flush()
    assert server.kinds() == ["metric"]
    assert client.stats().suppressed_outside == 2


def test_get_variant_logs_the_exposure_only_when_it_is_told_to(
    client: ExperimentClient, server: ScriptedServer
) -> None:
    client.get_variant("exp", "u")
    client.flush()
    assert server.kinds() == []
    client.get_variant("exp", "u", log_exposure=True)
    client.flush()
    assert server.kinds() == ["exposure"]


@pytest.mark.parametrize(("dedupe", "expected"), [(False, 3), (True, 2)])
def test_every_exposure_is_sent_unless_they_are_to_be_deduplicated(
    make_client: MakeClient, server: ScriptedServer, dedupe: bool, expected: int
) -> None:
    client = make_client(dedupe_exposures=dedupe)
    for unit in ["u", "u", "v"]:
        client.log_exposure("exp", unit, "b")
    client.flush()
    assert len(server.events) == expected


def test_close_sends_what_is_left_and_later_events_are_counted_as_dropped(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    with make_client() as client:
        client.track("m", "u")
    assert len(server.events) == 1
    client.track("m", "v")
    assert client.flush() == FlushResult(sent=0, pending=0, dropped=1, rejected=0)


def test_close_says_what_it_could_not_send(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(retries=0)
    server.always("events", DOWN)
    client.track("m", "u")
    assert client.close() == FlushResult(sent=0, pending=0, dropped=1, rejected=0)
    assert "1 events were not sent" in caplog.text


def test_a_failure_in_the_background_is_told_to_on_error(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    told: list[type[Exception]] = []
    client = make_client(
        flush_interval_seconds=0.02, retries=0, on_error=lambda error: told.append(type(error))
    )
    server.script("events", DOWN)
    client.track("m", "u")
    assert until(lambda: client.stats().sent == 1)
    assert told == [ServerError]


def test_many_threads_log_at_once_and_nothing_is_lost_or_doubled(
    make_client: MakeClient, server: ScriptedServer
) -> None:
    client = make_client(batch_size=50, flush_interval_seconds=0.01)

    def work(name: int) -> None:
        for number in range(100):
            client.track("m", f"{name}-{number}")
            if number % 40 == 0:
                client.flush()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.flush()
    assert until(lambda: client.stats().sent == 800)
    assert len(server.events) == 800
    assert client.stats().duplicates == 0
