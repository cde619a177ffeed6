"""A pool on a fresh database, rules that look at once, and units as a fold would leave them."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest_asyncio
from folded import CAUSE, HOUR, MICRO, add_moments
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.experiment import Experiment
from litmus_server.services.acting import Acting
from litmus_server.services.experiments import Experiments
from litmus_server.store.acting import ActBook
from litmus_server.store.control import Control
from litmus_server.store.database import open_pool


class House:
    """One database with experiments in it, and any number of workers that look at them."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.pool = pool
        self.experiments = Experiments(Control(pool))

    def worker(self) -> Acting:
        """Leaves nothing alone after it was judged."""
        return Acting(ActBook(self.pool), dt.timedelta(0))

    async def make(self, name: str = "x", *, start: bool = True, **fields: Any) -> Experiment:
        document = {
            "name": name,
            "variants": [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}],
        }
        made = await self.experiments.create(parse_draft(document | fields), CAUSE)
        return await self.experiments.start(made.key, CAUSE) if start else made

    async def bayesian(self, name: str = "x", **fields: Any) -> Experiment:
        return await self.make(name, type="bayesian_ab", primary_metric="order", **fields)

    async def expose(
        self,
        experiment: Experiment,
        units: Sequence[int],
        conversions: Sequence[int] | None = None,
        *,
        metric: int = 0,
        epoch: int | None = None,
    ) -> None:
        """So many more units by ordinal, and so many of them with an event of value 1 of this declared metric."""
        async with self.pool.acquire() as connection, connection.transaction():
            place = experiment.no, epoch or experiment.epoch
            for k, count in enumerate(units):
                await add_moments(connection, place[0], k, place[1], HOUR, 0, count, 0)
            for k, count in enumerate(conversions or ()):
                number = experiment.metrics[metric].id
                await add_moments(connection, place[0], k, place[1], HOUR, number, count, MICRO * count)
            await connection.execute(_MARK, experiment.no, sum(units))

    async def get(self, key: str = "x") -> Experiment:
        return await self.experiments.get(key)

    async def trail(self, key: str = "x") -> list[asyncpg.Record]:
        """What rules have done, oldest first."""
        return list(
            await self.pool.fetch(
                "select * from audit where key = $1 and principal like 'rule:%' order by id", key
            )
        )

    async def alarms(self) -> list[asyncpg.Record]:
        return list(await self.pool.fetch("select * from alarm order by id"))


@pytest_asyncio.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    pool = await open_pool(database_url, size=8)
    yield House(pool)
    await pool.close()


_MARK = """
insert into fold_mark as f (experiment, seq, units, folded_at) values ($1, 1, $2, now())
on conflict (experiment) do update set seq = f.seq + 1, units = f.units + excluded.units, folded_at = now()
"""
