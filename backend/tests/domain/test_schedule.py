"""What time does to an experiment: starts, ramps and ends, whatever the clock says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.alarm import Alarm, AlarmKind
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, begin, definition, rfc3339
from litmus_server.domain.ramp import Hold, progress_of
from litmus_server.domain.schedule import advanced, due_at, failed

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RAMP = [
    {"traffic": 0.01, "hours": 24},
    {"traffic": 0.1, "hours": 24},
    {"traffic": 0.5, "hours": 2.5},
    {"traffic": 1},
]
ALARM = Alarm(1, AlarmKind.SAMPLE_RATIO, None, NOW, "48 % of units where 50 % should be")


def made(**changes: Any) -> Experiment:
    variants = [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]
    draft = parse_draft({"name": "x", "variants": variants} | changes)
    return begin(draft, uuid4(), tuple(uuid4() for _ in draft.variants), "0123456789abcdef", NOW)


def running(**changes: Any) -> Experiment:
    return replace(made(**changes), updated_at=NOW - HOUR).moved(Status.RUNNING, NOW)


def edit(experiment: Experiment, at: dt.datetime = NOW, **changes: Any) -> Experiment:
    return edited(experiment, changes, at, uuid4)


def refused(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        made(**changes)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def ahead(hours: float) -> str:
    return rfc3339(NOW + hours * HOUR)


def lived(experiment: Experiment, at: dt.datetime, alarms: tuple[Alarm, ...] = ()) -> Experiment:
    """All that time does to it at this moment."""
    while (advance := advanced(experiment, at, alarms)) is not None:
        assert advance.after != experiment
        experiment = advance.after
    return experiment


def test_an_experiment_starts_and_ends_when_it_is_due_and_not_before() -> None:
    draft = made(starts_at=ahead(1), ends_at=ahead(3))
    assert (draft.starts_at, draft.ends_at, due_at(draft)) == (NOW + HOUR, NOW + 3 * HOUR, NOW + HOUR)
    assert advanced(draft, NOW + HOUR - dt.timedelta(microseconds=1), ()) is None
    started = lived(draft, NOW + HOUR)
    assert (started.status, started.started_at, started.starts_at) == (Status.RUNNING, NOW + HOUR, None)
    assert due_at(started) == NOW + 3 * HOUR
    for status in (Status.RUNNING, Status.PAUSED):
        live = started if status is Status.RUNNING else started.moved(status, NOW + 2 * HOUR)
        over = lived(live, NOW + 3 * HOUR)
        assert (over.status, over.ends_at, due_at(over)) == (Status.COMPLETED, None, None)


def test_what_is_late_is_done_and_says_when_it_was_due() -> None:
    advance = advanced(made(starts_at=ahead(1)), NOW + 100 * HOUR, ())
    assert advance is not None
    assert (advance.after.started_at, advance.action, advance.reason) == (
        NOW + 100 * HOUR,
        "start",
        f"due at {ahead(1)}",
    )


def test_a_start_that_cannot_be_done_says_why_and_waits_no_more() -> None:
    draft, late = made(starts_at=ahead(1), ends_at=ahead(2)), NOW + 3 * HOUR
    with pytest.raises(Invalid) as caught:
        advanced(draft, late, ())
    assert failed(draft, NOW, "no") is None
    advance = failed(draft, late, str(caught.value))
    assert advance is not None
    assert (advance.after.status, due_at(advance.after)) == (Status.DRAFT, None)
    assert advance.after.start_failed is not None
    assert "has passed" in advance.after.start_failed["message"]
    again = edit(advance.after, late, starts_at=ahead(5), ends_at=None)
    assert (again.start_failed, due_at(again)) == (None, NOW + 5 * HOUR)
    assert advance.after.archived(late).start_failed is not None
    with pytest.raises(Invalid, match="archived"):
        advanced(made(starts_at=ahead(1)).archived(NOW), late, ())


def test_dates_are_held_against_the_clock_and_each_other() -> None:
    assert set(refused(starts_at=ahead(0))) == {"/starts_at"}
    assert set(refused(starts_at=ahead(-1), ends_at=ahead(-0.5))) == {"/starts_at", "/ends_at"}
    assert set(refused(starts_at=ahead(2), ends_at=ahead(2))) == {"/ends_at"}
    for wrong in (
        "tomorrow",
        "2026-11-20",
        "2026-11-20T12:00:00",
        7,
        "9999-12-31T23:59:59-12:00",
        "2026-02-30T12:00:00Z",
        True,
    ):
        assert set(refused(starts_at=wrong)) == {"/starts_at"}, wrong
    assert made(ends_at="2026-03-02T01:30:00.5+02:00").ends_at == dt.datetime(
        2026, 3, 1, 23, 30, 0, 500_000, dt.UTC
    )


def test_starting_by_hand_and_null_cancel_the_schedule() -> None:
    draft = made(starts_at=ahead(1), ends_at=ahead(2))
    assert draft.moved(Status.RUNNING, NOW).starts_at is None
    assert due_at(edit(draft, starts_at=None, ends_at=None)) is None
    live = draft.moved(Status.RUNNING, NOW)
    assert edit(live, ends_at=None).ends_at is None
    assert edit(live, ends_at=ahead(9)).ends_at == NOW + 9 * HOUR
    for name, when in (("starts_at", 5), ("ends_at", -5)):
        with pytest.raises(Invalid):
            edited(live, {name: ahead(when)}, NOW, uuid4)
    over = live.moved(Status.COMPLETED, NOW)
    assert over.ends_at is None
    with pytest.raises(Invalid):
        edit(over, ends_at=ahead(3))
    # What was right when it was said stays, whatever the time is.
    assert edit(draft, NOW + 9 * HOUR, name="y").starts_at == NOW + HOUR
    copy = cloned(draft, {"name": "again"}, NOW, uuid4, "f" * 16)
    assert (copy.starts_at, copy.ends_at) == (None, None)


WRONG: list[tuple[str, Any]] = [
    ("/ramp", RAMP[3:]),
    ("/ramp", "fast"),
    ("/ramp", [{"traffic": k / 100, "hours": 1} for k in range(1, 22)]),
    ("/ramp/1/traffic", [RAMP[1], RAMP[0], RAMP[3]]),
    ("/ramp/1/traffic", [RAMP[1], RAMP[1], RAMP[3]]),
    ("/ramp/0/traffic", [{"traffic": 0, "hours": 1}, RAMP[3]]),
    ("/ramp/1/traffic", [RAMP[0], {"traffic": 1.1}]),
    ("/ramp/0/hours", [{"traffic": 0.1}, RAMP[3]]),
    ("/ramp/0/hours", [{"traffic": 0.1, "hours": 0}, RAMP[3]]),
    ("/ramp/0/hours", [{"traffic": 0.1, "hours": float("nan")}, RAMP[3]]),
    ("/ramp/1/hours", [RAMP[0], {"traffic": 1, "hours": 1}]),
    ("/ramp/0/days", [{"traffic": 0.1, "hours": 1, "days": 1}, RAMP[3]]),
]


@pytest.mark.parametrize(("pointer", "ramp"), WRONG)
def test_what_is_no_ramp_is_refused_where_it_is_wrong(pointer: str, ramp: Any) -> None:
    assert pointer in refused(ramp=ramp)


def test_a_ramp_starts_with_its_first_share_and_grows_when_each_step_has_had_its_time() -> None:
    experiment = running(ramp=RAMP, traffic_allocation=0.7)
    assert (experiment.traffic, experiment.raised_at) == (10_000, NOW + 24 * HOUR)
    assert lived(experiment, NOW + 24 * HOUR - dt.timedelta(seconds=1)) is experiment
    second = lived(experiment, NOW + 30 * HOUR)  # late: the next step has its time from now
    assert (second.traffic, second.raised_at) == (100_000, NOW + 54 * HOUR)
    third = lived(second, NOW + 54 * HOUR)
    assert (third.traffic, third.raised_at) == (500_000, NOW + 56.5 * HOUR)
    last = lived(third, NOW + 57 * HOUR)
    assert (last.traffic, last.progress, due_at(last)) == (1_000_000, None, None)
    assert (last.epoch, last.weights) == (experiment.epoch, experiment.weights)


@given(st.lists(st.tuples(st.floats(0.01, 30), st.booleans()), min_size=1, max_size=12))
def test_only_time_spent_running_counts(stretches: list[tuple[float, bool]]) -> None:
    """Pauses and holds in any order: the share is the second step's exactly when it has run for a day and nobody holds it."""
    experiment, at, ran = running(ramp=RAMP[:1] + RAMP[3:]), NOW, dt.timedelta()
    for hours, paused in stretches:
        if (experiment.status is Status.PAUSED) is not paused:
            experiment = experiment.moved(Status.PAUSED if paused else Status.RUNNING, at)
            ran += experiment.updated_at - at if paused else dt.timedelta()
            at = experiment.updated_at
        at += hours * HOUR
        ran += dt.timedelta() if paused else hours * HOUR
        before = experiment
        experiment = lived(experiment, at)
        if ran >= 24 * HOUR and not paused:
            assert experiment.traffic == 1_000_000
            return
        assert experiment is before
    if experiment.status is Status.RUNNING:
        assert experiment.raised_at == at + 24 * HOUR - ran


def test_a_held_ramp_waits_and_goes_on_at_once_where_its_time_has_come() -> None:
    experiment = running(ramp=RAMP)
    held = experiment.held(Hold("ann", "looking", NOW + HOUR))
    assert held.held(Hold("bob", None, NOW)) is held
    assert (due_at(held), lived(held, NOW + 100 * HOUR)) == (None, held)
    resumed = held.resumed(NOW + 100 * HOUR)
    assert resumed.resumed(NOW) is resumed
    assert lived(resumed, NOW + 100 * HOUR).traffic == 100_000
    for other in (made(ramp=RAMP), running(), lived(running(ramp=RAMP[2:]), NOW + 9 * HOUR)):
        with pytest.raises(Invalid, match="no ramp"):
            other.held(Hold("ann", None, NOW))
        with pytest.raises(Invalid, match="no ramp"):
            other.resumed(NOW)


def test_an_alarm_holds_the_ramp_as_long_as_it_stands() -> None:
    experiment = running(ramp=RAMP)
    advance = advanced(experiment, NOW + HOUR, (ALARM,))
    assert advance is not None
    assert (advance.action, advance.reason) == ("hold_ramp", f"sample_ratio: {ALARM.message}")
    alarmed = advance.after
    assert lived(alarmed, NOW + 100 * HOUR, (ALARM,)) is alarmed
    assert (
        alarmed.held(Hold("ann", None, NOW)).resumed(NOW).raised_at is None
    )  # nobody resumes against an alarm
    assert alarmed.progress is not None
    assert progress_of(alarmed.progress.document) == alarmed.progress
    assert lived(alarmed, NOW + 100 * HOUR).traffic == 100_000
    assert lived(replace(alarmed, ends_at=NOW + HOUR), NOW + HOUR, (ALARM,)).status is Status.COMPLETED


def test_traffic_that_is_set_by_hand_holds_the_ramp_which_never_lowers_it() -> None:
    experiment = edit(running(ramp=RAMP), traffic_allocation=0.3)
    assert (experiment.traffic, experiment.raised_at) == (300_000, None)
    assert experiment.progress is not None
    assert experiment.progress.held is not None
    assert experiment.progress.held.by == "edit"
    assert lived(experiment.resumed(NOW), NOW + 24 * HOUR).traffic == 300_000
    killed = edit(running(type="flag", variants=None, ramp=RAMP), traffic_allocation=0)
    assert lived(killed, NOW + 1000 * HOUR).traffic == 0


def test_a_ramp_can_be_edited_before_the_start_and_taken_away_after_it() -> None:
    draft = made(ramp=RAMP)
    assert edit(draft, **definition(draft)) is draft
    assert edit(draft, ramp=RAMP[2:]).moved(Status.RUNNING, NOW).traffic == 500_000
    experiment = draft.moved(Status.RUNNING, NOW)
    gone = edit(experiment, ramp=None)
    assert (gone.traffic, gone.progress, due_at(gone)) == (10_000, None, None)
    with pytest.raises(Invalid, match="null"):
        edit(experiment, ramp=RAMP[1:])
    assert experiment.moved(Status.COMPLETED, NOW).progress is None
