"""How well the whole is: what was seen, and what about it needs a hand. No I/O: others look, this judges."""

from dataclasses import dataclass

FOLD_LATE = 30.0
"""Seconds after which an unfolded event means that numbers are no longer live."""
WORKER_SILENT = 30.0
"""Seconds without a sign of life after which the worker counts as gone."""
DISK_LOW = 512 * 2**20
"""Free bytes under which PostgreSQL may soon be unable to write."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the database says about itself and about the work behind the API. Times are seconds."""

    database: bool
    """Whether it answered; when not, everything below is unknown."""
    error: str | None = None
    """Why not, for operators; None also where that is nobody's business."""
    ping: float | None = None
    writable: bool = True
    """False on a standby: it answers, and stores nothing."""
    schema: str | None = None
    """The migration that the database is at."""
    fold_lag: float = 0.0
    """Age of the oldest batch that is committed and not folded."""
    fold_queued: int = 0
    fold_faults: int = 0
    """Events that the fold had to leave out."""
    worker_silence: float | None = None
    """Since the worker's connection last did anything; None: there is no worker."""
    dead_jobs: int = 0


def concerns(vitals: Vitals, *, disk_free: int | None = None) -> list[str]:
    """What an operator should look at, a sentence each; none means that all is well."""
    found = []
    if not vitals.database:
        found.append("The database does not answer" + (f": {vitals.error}" if vitals.error else ""))
    elif not vitals.writable:
        found.append("The database is read-only: nothing can be stored")
    elif vitals.worker_silence is None:
        found.append("No worker is connected: events are stored and not counted")
    elif vitals.worker_silence > WORKER_SILENT:
        found.append(f"The worker has done nothing for {vitals.worker_silence:.0f} s")
    if vitals.fold_lag > FOLD_LATE:
        found.append(f"The fold is {vitals.fold_lag:.0f} s behind")
    if vitals.fold_faults:
        found.append(f"{vitals.fold_faults} events could not be folded; table fold_fault has the reasons")
    if vitals.dead_jobs:
        found.append(f"{vitals.dead_jobs} jobs have failed for good; table job has the reasons")
    if disk_free is not None and disk_free < DISK_LOW:
        found.append(f"Only {disk_free // 2**20} MB of disk are free")
    return found
