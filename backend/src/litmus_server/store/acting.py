"""What rules go by, and the transactions in which their acts are carried out. It computes nothing."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from litmus_server.domain.alarm import AlarmKind
from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.metric import Role
from litmus_server.ports import Watched
from litmus_server.rules.observation import Acknowledged, Observation
from litmus_server.store.control import Change, locked, read_experiments
from litmus_server.store.database import available, snapshot
from litmus_server.store.reports import EVERYBODYS, WHOLE_SHARES, read_held, read_sheet

_ONE = 1_000_000


class Deed(Change):
    """See `ports.Deed`."""

    async def mark(self, experiment: int, looks: int, taken: int) -> bool:
        """See the port."""
        return await _mark(self._connection, experiment, looks, taken)

    async def raise_alarm(
        self, experiment: int, kind: AlarmKind, metric: int | None, message: str, evidence: Mapping[str, Any]
    ) -> bool:
        """See the port."""
        arguments = (experiment, str(kind), metric, message, dict(evidence), self.at)
        return await self._connection.fetchval(_RAISE, *arguments) is not None

    async def clear_alarm(self, experiment: int, kind: AlarmKind, metric: int | None) -> bool:
        """See the port."""
        return await self._connection.fetchval(_CLEAR, experiment, str(kind), metric, self.at) is not None


class ActBook:
    """`ports.ActBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def watched(self, rest: dt.timedelta, most: int) -> list[Watched]:
        """See the port. One look at the running experiments; nothing is written while none has moved."""
        async with available():
            rows = await self._pool.fetch(_WATCHED, rest, most)
            return [Watched(row["experiment"], str(row["id"])) for row in rows]

    async def observed(self, experiment: int) -> Observation | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            found = await read_experiments(connection, "no = $1", experiment)
            head = await connection.fetchrow(_HEAD, experiment)
            if not found or head is None:
                return None
            entry = head["document"]
            entry = entry | {"metrics": _needed(entry)}
            sheet = await read_sheet(connection, experiment, entry)
            return Observation(
                experiment=found[0],
                entry=entry,
                now=head["now"],
                seq=head["seq"],
                sheet=sheet,
                shares=await _shares(connection, found[0], sheet.epochs()),
                looks=head["looks"],
                standing=await _standing(connection, experiment),
                acknowledged={
                    row["metric"]: Acknowledged(row["id"], _floors(row["floors"]))
                    for row in await connection.fetch(_ACKNOWLEDGED, experiment)
                },
                held=await read_held(connection, experiment) if found[0].type.contextual else (),
            )

    async def judged(self, observed: Observation, looks: int) -> bool:
        """See the port."""
        no, revision = observed.experiment.no, observed.experiment.revision
        async with available(), self._pool.acquire() as connection, connection.transaction():
            if not await _mark(connection, no, looks, observed.looks):
                return False
            await connection.execute(_JUDGED, no, observed.seq, revision)
            return True

    async def acknowledge(self, alarm: int, floors: Mapping[int, float]) -> None:
        """See the port."""
        async with available():
            await self._pool.execute(_FLOORS, alarm, {str(k): floor for k, floor in floors.items()})

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Deed]:
        """See the port."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            yield Deed(connection, *await locked(connection))


async def _mark(connection: "asyncpg.Connection[Any]", experiment: int, looks: int, taken: int) -> bool:
    return await connection.fetchval(_MARK, experiment, looks, taken) is not None


def _needed(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics that rules go by, and those that a ratio among them is made of."""
    kind = ExperimentType(entry["type"])
    promotes = kind is ExperimentType.BAYESIAN_AB or (kind.adaptive and not kind.contextual)
    roles = {Role.PRIMARY, Role.GUARDRAIL} if promotes else {Role.GUARDRAIL}
    mine = [each for each in entry["metrics"] if each["role"] in roles]
    parts = {each.get(part) for each in mine for part in ("numerator", "denominator")}
    return [each for each in entry["metrics"] if each in mine or each["name"] in parts]


async def _shares(
    connection: "asyncpg.Connection[Any]", experiment: Experiment, epochs: Sequence[int]
) -> dict[int, list[float]]:
    if experiment.adaptive:
        rows = await connection.fetch(_PROPENSITIES, experiment.no, epochs)
    elif set(epochs) <= {experiment.epoch}:
        return {experiment.epoch: [weight / _ONE for weight in experiment.weights]}
    else:
        rows = await connection.fetch(_WEIGHTS, experiment.no, epochs)
    count = len(experiment.variants)
    return {
        row["epoch"]: [share / _ONE for share in row["shares"]] for row in rows if len(row["shares"]) == count
    }


async def _standing(
    connection: "asyncpg.Connection[Any]", experiment: int
) -> frozenset[tuple[AlarmKind, int | None]]:
    rows = await connection.fetch(_STANDING, experiment)
    return frozenset((AlarmKind(row["kind"]), row["metric"]) for row in rows)


def _floors(document: Mapping[str, float] | None) -> dict[int, float] | None:
    return None if document is None else {int(k): floor for k, floor in document.items()}


# Claimed for `rest` by whoever is first: others leave them alone. What is claimed and not judged is seen again after that.
_WATCHED = """
with moved as (
    select x.no, x.id
    from experiments x
    join fold_mark f on f.experiment = x.no
    left join rule_mark r on r.experiment = x.no
    where x.status = 'running' and x.archived_at is null and x.type <> 'flag'
      and (r.experiment is null or (r.looked_at <= now() - $1::interval and (r.seq, r.revision) <> (f.seq, x.revision)))
    order by r.looked_at nulls first, x.no
    limit $2
), claimed as (
    insert into rule_mark as r (experiment, looked_at)
    select no, now() from moved order by no
    on conflict (experiment) do update set looked_at = now() where r.looked_at <= now() - $1::interval
    returning experiment
)
select claimed.experiment, moved.id from claimed join moved on moved.no = claimed.experiment order by claimed.experiment
"""

_HEAD = """
select c.document, now() as now, coalesce(f.seq, 0) as seq, coalesce(r.looks, 0) as looks
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
left join fold_mark f on f.experiment = x.no
left join rule_mark r on r.experiment = x.no
where x.no = $1
"""

# Of an epoch's documents the newest: while it was a draft its weights could still be others.
_WEIGHTS = """
select distinct on (epoch) epoch, array (select jsonb_array_elements_text(weights)::integer) as shares
from (
    select (document ->> 'epoch')::integer as epoch, document -> 'weights' as weights, revision
    from configuration
    where experiment = $1
) documents
where epoch = any ($2::integer[])
order by epoch, revision desc
"""

_PROPENSITIES = f"""
select version as epoch, {WHOLE_SHARES} as shares
from policy
where experiment = $1 and version = any ($2::integer[]) and {EVERYBODYS}
"""

_STANDING = "select kind, metric from alarm where experiment = $1 and cleared_at is null"

_ACKNOWLEDGED = """
select distinct on (metric) id, metric, floors
from alarm
where experiment = $1 and cleared_by is not null
order by metric, id desc
"""

# False where somebody else has taken that look meanwhile.
_MARK = """
insert into rule_mark as r (experiment, looks) values ($1, $2)
on conflict (experiment) do update set looks = excluded.looks where r.looks = $3
returning true
"""

_JUDGED = "update rule_mark set seq = $2, revision = $3 where experiment = $1"

_FLOORS = "update alarm set floors = $2 where id = $1 and floors is null"

_RAISE = """
insert into alarm (experiment, kind, metric, message, evidence, raised_at) values ($1, $2, $3, $4, $5, $6)
on conflict (experiment, kind, coalesce(metric, 0)) where cleared_at is null do nothing
returning true
"""

_CLEAR = """
update alarm set cleared_at = greatest($4, raised_at)
where experiment = $1 and kind = $2 and metric is not distinct from $3 and cleared_at is null
returning true
"""
