"""What time does to an experiment: it starts, its share of traffic grows by steps, it ends.

It must not know what time it is, nor who looks at the clock.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from litmus_server.domain.alarm import Alarm
from litmus_server.domain.experiment import Experiment, Status, rfc3339
from litmus_server.domain.ramp import Hold, Progress

ALARM = "alarm"
"""By whom a ramp is held when no person holds it."""


class Advance(NamedTuple):
    """What becomes of an experiment, as the audit calls it, and why."""

    after: Experiment
    action: str
    reason: str


def due_at(experiment: Experiment) -> dt.datetime | None:
    """When time changes it next; None while it waits for somebody, or for nothing."""
    match experiment.status:
        case Status.DRAFT:
            return experiment.starts_at
        case Status.RUNNING:
            moments = [at for at in (experiment.ends_at, experiment.raised_at) if at is not None]
            return min(moments, default=None)
        case Status.PAUSED:
            return experiment.ends_at
        case _:
            return None


def advanced(experiment: Experiment, at: dt.datetime, alarms: Sequence[Alarm]) -> Advance | None:
    """What is to be done at this moment, one thing at a time, and None when there is nothing more.

    However late it is: a start is a start, and each step of a ramp has its time from when it was really reached. Raises as
    `Experiment.moved`, when it cannot be done.
    """
    starts, ends = experiment.starts_at, experiment.ends_at
    if experiment.status is Status.DRAFT:
        if starts is None or starts > at:
            return None
        return Advance(experiment.moved(Status.RUNNING, at), "start", f"due at {rfc3339(starts)}")
    if experiment.status is Status.COMPLETED:
        return None
    if ends is not None and ends <= at:
        return Advance(experiment.moved(Status.COMPLETED, at), "stop", f"due at {rfc3339(ends)}")
    return None if experiment.progress is None else _ramped(experiment, experiment.progress, at, alarms)


def failed(experiment: Experiment, at: dt.datetime, why: str) -> Advance | None:
    """The draft whose start was due and cannot be done: it says why, and waits no more. None for anything else."""
    due = experiment.starts_at
    if experiment.status is not Status.DRAFT or due is None or due > at:
        return None
    at = experiment.after(at)
    failure = {"due_at": rfc3339(due), "at": rfc3339(at), "message": why}
    after = replace(experiment, starts_at=None, start_failed=failure, updated_at=at)
    return Advance(after, "start_failed", f"due at {rfc3339(due)}: {why}")


def _ramped(
    experiment: Experiment, progress: Progress, at: dt.datetime, alarms: Sequence[Alarm]
) -> Advance | None:
    """Under an alarm nobody more comes in; pausing is for people to decide."""
    if alarms and progress.alarm is None:
        reason = "; ".join(f"{alarm.kind}: {alarm.message}" for alarm in alarms)
        hold = Hold(ALARM, reason, at)
        return Advance(_with(experiment, replace(progress, alarm=hold), at), "hold_ramp", reason)
    if not alarms and progress.alarm is not None:
        reason = f"no alarm stands any more ({progress.alarm.reason})"
        return Advance(_with(experiment, replace(progress, alarm=None), at), "resume_ramp", reason)
    due = experiment.raised_at
    if due is None or due > at:
        return None
    at = experiment.after(at)
    steps, step = experiment.steps, progress.step + 1
    after = replace(
        experiment,
        # Somebody may have raised it beyond this step meanwhile: it only ever grows.
        traffic=max(experiment.traffic, steps[step].traffic),
        progress=None if step == len(steps) - 1 else Progress(step, at),
        updated_at=at,
    )
    return Advance(after, "raise_traffic", f"step {step + 1} of {len(steps)}, due at {rfc3339(due)}")


def _with(experiment: Experiment, progress: Progress, at: dt.datetime) -> Experiment:
    return replace(experiment, progress=progress, updated_at=experiment.after(at))
