"""A learner publishes exactly what follows from the moments, once, and only while it may."""

import asyncio
import datetime as dt
import sys
from collections.abc import Sequence
from typing import Any
from unittest.mock import ANY

import asyncpg
import numpy as np
import pytest
from folded import CAUSE, make, observe
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.bandits.checksum import checksum
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.version import shares_of
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.errors import Invalid
from litmus_server.domain.policy import PolicyState, VariantState, Watermark, read_state, signed
from litmus_server.jobs.handlers import handlers
from litmus_server.jobs.registry import Context
from litmus_server.services.analysis import Analysis
from litmus_server.services.experiments import Experiments
from litmus_server.services.learning import LEARN, Learning
from litmus_server.services.snapshots import Snapshots
from litmus_server.store import jobs
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.control import Control
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.published import Published
from litmus_server.store.reports import ReportStore
from scipy import stats

from .conftest import AT_ONCE

FIRST = 1
"""The version that starting an experiment publishes: its starting weights."""


async def versions(pool: "asyncpg.Pool[Any]", experiment: int) -> list[Any]:
    return list(await pool.fetch("select * from policy where experiment = $1 order by version", experiment))


def probability_of_being_best(posteriors: Sequence[tuple[float, float]], k: int) -> float:
    """By brute force: a fine trapezoid over the density of one and the distribution functions of the others."""
    x = np.linspace(0, 1, 400_001)
    f = stats.beta(*posteriors[k]).pdf(x)
    for j, (a, b) in enumerate(posteriors):
        if j != k:
            f = f * stats.beta(a, b).cdf(x)
    return float(np.trapezoid(f, x))


@pytest.mark.database
async def test_the_posterior_is_the_prior_plus_units_with_and_without_a_conversion(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(
        pool, "five", variants=3, parameters={"prior_alpha": 2, "prior_beta": 5, "floor": 0.01}
    )
    await observe(pool, experiment, (100, 120, 80), (40, 60, 30))
    assert await learning.learn(experiment.no) == FIRST + 1
    newest = (await versions(pool, experiment.no))[-1]
    state = read_state(newest["state"])
    assert state is not None
    posteriors = [(2 + 40, 5 + 60), (2 + 60, 5 + 60), (2 + 30, 5 + 50)]
    assert [(each.alpha, each.beta) for each in state.variants] == posteriors
    assert [(each.units, each.conversions) for each in state.variants] == [(100, 40), (120, 60), (80, 30)]
    assert [each.variant_id for each in state.variants] == [
        str(variant.id) for variant in experiment.variants
    ]
    for k, each in enumerate(state.variants):
        assert each.expected == pytest.approx(stats.beta(*posteriors[k]).mean(), rel=1e-12)
        assert each.win_probability == pytest.approx(probability_of_being_best(posteriors, k), abs=1e-6)
        share = 10_000 + (1_000_000 - 30_000) * probability_of_being_best(posteriors, k)
        assert newest["propensities"][k] == pytest.approx(share, abs=2)
    assert sum(newest["propensities"]) == 1_000_000
    assert (newest["units"], newest["parent"], newest["revision"]) == (300, FIRST, experiment.revision)
    assert state.watermark.seq == 1
    assert state.reason == "growth"


@pytest.mark.database
async def test_a_version_can_be_computed_again_from_its_state_and_its_checksum_holds_it(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "again", variants=4)
    for step in range(6):
        await observe(pool, experiment, (50, 60, 70, 80), (11 + step, 12, 13 * (step % 2), 14))
        assert await learning.learn(experiment.no) == FIRST + 1 + step
    rows = await versions(pool, experiment.no)
    assert len(rows) == FIRST + 6
    for row in rows[FIRST:]:
        state = read_state(row["state"])
        assert state is not None
        assert shares_of(state) == tuple(row["propensities"])
    for row in rows:
        shares = tuple(row["propensities"])
        document = signed(str(experiment.id), row["version"], row["revision"], shares, row["state"])
        assert checksum(document) == row["checksum"]
    assert await pool.fetchval("select version from policy_head where experiment = $1", experiment.no) == len(
        rows
    )


@pytest.mark.database
async def test_fewer_conversions_are_better_where_the_metric_says_so(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    metric = {"name": "complaint", "direction": "decrease"}
    experiment = await make(
        pool, "fewer", variants=2, primary_metric=metric, parameters={"prior_alpha": 3, "floor": 0}
    )
    await observe(pool, experiment, (50, 50), (10, 20))
    await learning.learn(experiment.no)
    row = (await versions(pool, experiment.no))[-1]
    state = read_state(row["state"])
    assert state is not None
    assert [(each.alpha, each.beta) for each in state.variants] == [(13, 41), (23, 31)]
    lower = 1 - probability_of_being_best([(13, 41), (23, 31)], 0)
    assert state.variants[0].win_probability == pytest.approx(lower, abs=1e-6)
    assert row["propensities"][0] == pytest.approx(1e6 * lower, abs=2)


@pytest.mark.database
@pytest.mark.parametrize("status", ["draft", "paused", "completed"])
async def test_nothing_is_published_unless_the_experiment_runs(
    pool: "asyncpg.Pool[Any]", learning: Learning, status: str
) -> None:
    experiment = await make(pool, "still", start=status != "draft")
    if status == "paused":
        await Experiments(Control(pool)).pause(experiment.key, CAUSE)
    if status == "completed":
        await Experiments(Control(pool)).stop(experiment.key, CAUSE)
    before = len(await versions(pool, experiment.no))
    await observe(pool, experiment, (100, 100, 100), (1, 50, 99))
    assert await learning.look() == []
    assert await learning.learn(experiment.no) is None
    assert len(await versions(pool, experiment.no)) == before


@pytest.mark.database
async def test_a_change_between_reading_and_publishing_stops_the_publication(
    pool: "asyncpg.Pool[Any]",
) -> None:
    service = Experiments(Control(pool))

    class Interrupted(PolicyStore):
        """Somebody pauses and resumes just before the policy is written: another revision, and running."""

        async def publish(self, policy: Any) -> bool:
            await service.pause(policy_of, CAUSE)
            await service.resume(policy_of, CAUSE)
            return await super().publish(policy)

    experiment = await make(pool, "interrupted")
    policy_of = experiment.key
    await observe(pool, experiment, (100, 100, 100), (1, 50, 99))
    learner = Learning(Interrupted(pool), Queue(pool), AT_ONCE)
    assert await learner.learn(experiment.no) is None
    rows = await versions(pool, experiment.no)
    assert {row["state"]["reason"] for row in rows} <= {"start", "configuration"}
    # Under its new revision it learns again.
    assert await Learning(PolicyStore(pool), Queue(pool), AT_ONCE).learn(experiment.no) == len(rows) + 1


@pytest.mark.database
async def test_of_many_learners_at_once_one_publishes(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "crowd")
    gate = asyncio.Barrier(4)

    class Together(PolicyStore):
        """All have computed before any publishes."""

        async def publish(self, policy: Any) -> bool:
            await gate.wait()
            return await super().publish(policy)

    await observe(pool, experiment, (100, 100, 100), (1, 50, 99))
    learners = [Learning(Together(pool), Queue(pool), AT_ONCE) for _ in range(4)]
    published = await asyncio.gather(*(learner.learn(experiment.no) for learner in learners))
    assert sorted(published, key=str) == [FIRST + 1, None, None, None]
    assert len(await versions(pool, experiment.no)) == FIRST + 1


@pytest.mark.database
async def test_two_processes_that_learn_at_once_make_one_line_of_versions(
    pool: "asyncpg.Pool[Any]", database_url: str
) -> None:
    experiment = await make(pool, "two processes")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _LEARNER,
            database_url,
            str(experiment.no),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    for step in range(10):
        await observe(pool, experiment, (20, 20, 20), (1, 10, 2 * step))
        await asyncio.sleep(0.05)
    await pool.execute("update experiments set archived_at = now()")  # the learners leave
    outputs = [(await process.communicate())[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    theirs = sorted(int(version) for output in outputs for version in output)
    assert theirs
    rows = await versions(pool, experiment.no)
    assert [row["version"] for row in rows] == [FIRST, *theirs]
    assert [row["parent"] for row in rows[1:]] == [row["version"] for row in rows[:-1]]


_LEARNER = """
import asyncio, datetime as dt, sys
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the versions
from litmus_server.bandits.arms import Arm, State
from litmus_server.bandits.beliefs import beliefs
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.services.learning import Learning
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore

async def main():
    pool = await open_pool(sys.argv[1])
    policies = PolicyStore(pool)
    learning = Learning(policies, Queue(pool), RefreshRule(growth_ppm=0, min_interval=dt.timedelta(0)))
    beliefs(State((Arm(1, 2), Arm(1, 2))))  # everything is imported
    print("ready", flush=True)
    while await policies.observed(int(sys.argv[2]), lambda _: False) is not None:
        version = await learning.learn(int(sys.argv[2]))
        if version:
            print(version)
    await pool.close()

asyncio.run(main())
"""


@pytest.mark.database
async def test_a_publication_is_announced(pool: "asyncpg.Pool[Any]", learning: Learning) -> None:
    experiment = await make(pool, "announced")
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with pool.acquire() as connection:
        await connection.add_listener("litmus_policy", heard_by := lambda *told: heard.put_nowait(told[3]))
        await observe(pool, experiment, (10, 10, 10), (1, 5, 9))
        await learning.learn(experiment.no)
        assert await asyncio.wait_for(heard.get(), 30) == str(experiment.no)
        await connection.remove_listener("litmus_policy", heard_by)


@pytest.mark.database
async def test_a_new_policy_is_in_force_without_compiling_the_configuration_again(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    snapshots = Snapshots(Published(pool))
    experiment = await make(pool, "swapped")
    before = await snapshots.look("swapped")
    await observe(pool, experiment, (10, 10, 10), (1, 5, 9))
    await learning.learn(experiment.no)
    await snapshots.refresh()
    after = snapshots.by_number(experiment.no)
    assert before is not None
    assert after is not None
    assert (before.experiment.policy_version, after.experiment.policy_version) == (FIRST, FIRST + 1)
    assert after.experiment.propensities != before.experiment.propensities
    assert after.experiment.variants is before.experiment.variants
    assert snapshots.find("swapped") is after


@pytest.mark.database
async def test_before_the_first_exposed_unit_the_starting_weights_stay(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "start", variants=2)
    await observe(pool, experiment, (0, 0), (0, 0))
    assert await learning.look() == []
    assert await learning.learn(experiment.no) is None


@pytest.mark.database
async def test_a_look_asks_for_a_job_where_something_has_grown(pool: "asyncpg.Pool[Any]") -> None:
    learning = Learning(PolicyStore(pool), Queue(pool), RefreshRule(min_interval=dt.timedelta(0)))
    grown, quiet = await make(pool, "grown"), await make(pool, "quiet")
    fixed = await make(pool, "fixed", type="ab", primary_metric="conversion")
    await observe(pool, grown, (10, 10, 10), (1, 5, 9))
    await observe(pool, fixed, (10, 10, 10), (1, 5, 9))
    assert await learning.look() == [grown.no]
    jobs = await pool.fetch("select kind, payload, dedupe_key from job")
    assert [tuple(job) for job in jobs] == [("learn", {"experiment": grown.no}, str(grown.no))]
    assert await learning.look() == []  # asked already
    assert await learning.learn(grown.no) == FIRST + 1
    assert await learning.look() == []
    await observe(pool, grown, (0, 1, 0), (0, 1, 0))  # less than 5 % more
    assert await learning.look() == []
    assert await learning.learn(grown.no) is None
    await observe(pool, grown, (0, 1, 0), (0, 1, 0))
    assert await learning.look() == [grown.no]
    assert await learning.learn(quiet.no) is None


@pytest.mark.database
async def test_growth_is_not_published_before_the_least_interval(pool: "asyncpg.Pool[Any]") -> None:
    learning = Learning(PolicyStore(pool), Queue(pool), RefreshRule(min_interval=dt.timedelta(hours=1)))
    experiment = await make(pool, "patient")
    await observe(pool, experiment, (10, 10, 10), (1, 5, 9))
    assert await learning.look() == []
    assert await learning.learn(experiment.no) is None
    await pool.execute("update policy set published_at = published_at - interval '1 hour'")
    assert await learning.look() == [experiment.no]
    assert await learning.learn(experiment.no) == FIRST + 1


def test_an_adaptive_experiment_is_refused_a_metric_that_it_cannot_learn_from() -> None:
    document = {
        "name": "revenue",
        "type": "thompson_sampling",
        "variants": [{"name": "a"}, {"name": "b"}],
        "primary_metric": {"name": "latency", "kind": "quantile", "quantile": 0.9},
    }
    with pytest.raises(Invalid, match="kind conversion or mean") as refused:
        parse_draft(document)
    assert [fault.pointer for fault in refused.value.faults] == ["/primary_metric"]
    weights = [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]
    assert parse_draft(document | {"type": "ab", "variants": weights}).metrics[0].kind == "quantile"


@pytest.mark.database
async def test_a_policy_that_cannot_learn_from_the_metric_says_so(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "revenue")
    await pool.execute(
        "update configuration set document = jsonb_set(document, '{metrics,0,kind}', '\"quantile\"')"
        " where experiment = $1 and revision = $2",
        experiment.no,
        experiment.revision,
    )
    await observe(pool, experiment, (10, 10, 10), (1, 5, 9))
    with pytest.raises(Invalid, match="kind conversion"):
        await learning.learn(experiment.no)
    # Somebody may have asked already: the job is done for good, and nobody asks again before the next change.
    assert await learning.look() == []
    job = jobs.Job(1, LEARN, {"experiment": experiment.no}, None, 1, 5)
    context = Context(job, pool)
    done = await handlers(learning, Analysis(ReportStore(pool), ContextualStore(pool)))[LEARN](
        context, job.payload
    )
    assert done == {"version": None, "refused": ANY}
    await Experiments(Control(pool)).pause(experiment.key, CAUSE)
    await Experiments(Control(pool)).resume(experiment.key, CAUSE)
    assert await learning.look() == [experiment.no]


@st.composite
def states(draw: st.DrawFn) -> PolicyState:
    count = draw(st.integers(2, 6))
    active = draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))
    alpha, beta = draw(st.sampled_from([(1.0, 1.0), (0.5, 2.0), (20.0, 3.0)]))
    variants = []
    for k in range(count):
        units = draw(st.integers(0, 10**7))
        won = draw(st.integers(0, units))
        a, b = alpha + won, beta + units - won
        joined = draw(st.sampled_from([0, 0, 500]))
        variants.append(
            VariantState(
                f"v{k}", active[k], units, won, units, won, None, None, joined, None, None, a / (a + b), 0.1, 0.9, a, b, None, None
            )
        )  # fmt: skip
    return PolicyState(
        policy="thompson_sampling",
        parameters={"prior_alpha": alpha, "prior_beta": beta},
        floor=draw(st.integers(0, 100_000)),
        metric="conversion",
        direction=draw(st.sampled_from(["increase", "decrease"])),
        reason="growth",
        watermark=Watermark(draw(st.integers(0, 2**53)), dt.datetime(2026, 11, 20, 11, 0, 0, 123456, dt.UTC)),
        variants=tuple(variants),
    )


@given(states())
def test_a_state_survives_its_document_and_gives_whole_shares(state: PolicyState) -> None:
    again = read_state(state.document())
    assert again == state
    shares = shares_of(state)
    assert shares_of(again) == shares
    assert sum(shares) == 1_000_000
    for share, variant in zip(shares, state.variants, strict=True):
        assert share >= state.floor if variant.active else share == 0


@pytest.mark.database
async def test_a_paused_variant_learns_no_share_and_no_floor_until_it_is_resumed(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "five", variants=3, parameters={"floor": 0.01})
    service = Experiments(Control(pool))
    await service.edit("five", {"variants": [{"key": "model-1", "state": "paused"}]}, CAUSE)
    await observe(pool, experiment, (100, 100, 100), (10, 90, 20))
    assert await learning.learn(experiment.no) == FIRST + 2
    first, _, third = (await versions(pool, experiment.no))[-1]["propensities"]
    assert (first + third, min(first, third) >= 10_000) == (1_000_000, True)
    await service.edit("five", {"variants": [{"key": "model-1", "state": "active"}]}, CAUSE)
    assert (await versions(pool, experiment.no))[-1]["propensities"][1] == 10_000
    await observe(pool, experiment, (100, 100, 100), (10, 90, 20))
    assert await learning.learn(experiment.no) == FIRST + 4
    newest = (await versions(pool, experiment.no))[-1]["propensities"]
    assert newest[1] > 900_000
    alone = [{"key": key, "state": "paused"} for key in ("model-1", "model-2")]
    await service.edit("five", {"variants": alone}, CAUSE)
    await observe(pool, experiment, (50, 0, 0), (5, 0, 0))
    await learning.learn(experiment.no)
    assert (await versions(pool, experiment.no))[-1]["propensities"] == [1_000_000, 0, 0]
