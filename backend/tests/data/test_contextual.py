"""Contextual experiments over the API and a real database: they decide by features, learn, and every decision replays."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
from bisect import bisect_right
from itertools import accumulate
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import numpy as np
import pytest
from litmus.decide import bucket, compile_entry, decide
from litmus_server.analysis.export import exported
from litmus_server.bandits.checksum import checksum
from litmus_server.bandits.contextual import Sums, read_model, vector_of
from litmus_server.bandits.contextual_draw import Drawing
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.domain.errors import Invalid
from litmus_server.domain.evaluation import TITLE, read_question
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.features import schema_of
from litmus_server.domain.form import Form
from litmus_server.domain.holdback import control_of, published_holdback
from litmus_server.domain.policy import signed
from litmus_server.rules.ratio import ratio_of
from litmus_server.services.analysis import Analysis
from litmus_server.services.evaluating import Evaluating
from litmus_server.services.learning import Learning
from litmus_server.stats.sample_ratio import SampleRatio
from litmus_server.store import contextual_sums
from litmus_server.store.acting import ActBook
from litmus_server.store.contextual_queue import relearn
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.evaluation import DecisionLogs
from litmus_server.store.fold import Fold
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.rebuild import rebuild
from litmus_server.store.reports import ReportStore

from .conftest import Door

pytestmark = pytest.mark.database

FIVE = [{"name": f"arm-{k}"} for k in range(5)]
FEATURES = [
    {"name": "age", "type": "number", "low": 0, "high": 100},
    {"name": "plan", "type": "category", "levels": ["free", "pro"]},
    {"name": "member", "type": "boolean"},
]
SEGMENTS = FEATURES[1:]
AT_ONCE = RefreshRule(min_interval=dt.timedelta(0))


class Loop:
    """Units that arrive, what they do, and the worker that learns from it."""

    def __init__(self, door: Door, connection: asyncpg.Connection[Any], seed: int = 1) -> None:
        self.door, self.connection, self.rng = door, connection, np.random.default_rng(seed)
        self.contexts = ContextualStore(door.runtime.pool)
        self.learning = Learning(
            PolicyStore(door.runtime.pool), Queue(door.runtime.pool), AT_ONCE, contexts=self.contexts
        )

    def person(self) -> dict[str, Any]:
        given = {
            "age": round(float(self.rng.uniform(-10, 110)), 2),
            "plan": ["free", "pro", "gold", None][int(self.rng.integers(4))],
            "member": bool(self.rng.integers(2)),
        }
        return {name: value for name, value in given.items() if self.rng.random() > 0.05} | {"ignored": "x"}

    async def arrive(self, key: str, count: int, **more: Any) -> list[dict[str, Any]]:
        """New units, which are assigned and exposed; each answer has its `person`."""
        asked = [
            {"experiment_id": key, "unit_id": f"u{uuid4()}", "attributes": self.person(), **more}
            for _ in range(count)
        ]
        answer = await self.door.post("/api/v1/assignments", {"requests": asked})
        found: list[dict[str, Any]] = answer.json()["assignments"]
        assert all(each.get("in_experiment") for each in found), found
        exposures = [event("exposure", each, key) for each in found]
        assert {each["outcome"] for each in await self.door.send(*exposures)} == {"accepted"}
        return [each | {"person": one["attributes"]} for each, one in zip(found, asked, strict=True)]

    async def convert(self, key: str, units: list[dict[str, Any]], **more: Any) -> None:
        if units:
            await self.door.send(
                *(event("conversion", each, key, metric_name="conversion", **more) for each in units)
            )

    async def fold(self) -> None:
        while (await Fold().fold_once(self.connection)).batches:
            pass

    async def learn(self, experiment: Experiment) -> int | None:
        """Fold, learn, and let the server hear of it."""
        await self.fold()
        version = await self.learning.learn(experiment.no)
        await self.door.runtime.data._snapshots.refresh()
        return version

    async def entry(self, experiment: Experiment) -> dict[str, Any]:
        query = "select document from configuration where experiment = $1 order by revision desc limit 1"
        found: dict[str, Any] = await self.connection.fetchval(query, experiment.no)
        return found


def event(kind: str, assigned: dict[str, Any], key: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid4()),
        "type": kind,
        "experiment_id": key,
        "unit_id": assigned["unit_id"],
        **more,
    }


@pytest.fixture
def loop(door: Door, connection: asyncpg.Connection[Any]) -> Loop:
    return Loop(door, connection)


async def replayed(connection: asyncpg.Connection[Any], experiment: Experiment) -> int:
    """Every assignment again: from what it has kept, and its shares from the archived model. How many there were."""
    documents = dict(
        await connection.fetch(
            "select revision, document from configuration where experiment = $1", experiment.no
        )
    )
    policies = {
        row["version"]: row
        for row in await connection.fetch("select * from policy where experiment = $1", experiment.no)
    }
    for row in policies.values():
        shares = tuple(row["propensities"])
        document = signed(str(experiment.id), row["version"], row["revision"], shares, row["state"])
        assert checksum(document) == row["checksum"]
    rows = await connection.fetch("select * from assignment where experiment = $1", experiment.no)
    for row in rows:
        entry, policy = documents[row["revision"]], policies[row["epoch"]]
        kind, schema, variants = entry["type"], schema_of(entry["features"]), entry["variants"]
        model = policy["state"].get("model")
        drawing = Drawing(
            kind,
            schema,
            tuple(each["key"] for each in variants),
            tuple(each["state"] == "active" for each in variants),
            tuple(policy["propensities"]),
            model and read_model(model, kind, schema, len(variants)),
            holdback=published_holdback(entry),
            control=control_of(entry),
        )
        kept = row["context"]
        assert drawing.again(kept) == tuple(kept["shares"])
        assert bucket(f"variant:{entry['salt']}", row["unit"]) == row["bucket"]
        assert row["variant"] == bisect_right(list(accumulate(kept["shares"])), row["bucket"])
        assert row["propensity"] == kept["shares"][row["variant"]]
    return len(rows)


IN_SQL = """
select count(*) filter (where a.bucket >= s.below and a.bucket < s.below + (a.context -> 'shares' ->> a.variant)::int
                        and a.propensity = (a.context -> 'shares' ->> a.variant)::int)
from assignment a
cross join lateral (
    select coalesce(sum(share::int), 0) as below
    from jsonb_array_elements_text(a.context -> 'shares') with ordinality t (share, place)
    where place <= a.variant
) s
where a.experiment = $1
"""


@pytest.mark.parametrize(
    ("kind", "features"),
    [("lints", FEATURES), ("linucb", FEATURES), ("squarecb", FEATURES), ("segmented_thompson", SEGMENTS)],
)
async def test_of_five_arms_each_context_finds_its_own_and_every_decision_replays_bit_for_bit(
    loop: Loop, kind: str, features: list[dict[str, Any]]
) -> None:
    five = await loop.door.make("five", type=kind, variants=FIVE, features=features)
    versions = []
    for _ in range(8):
        units = await loop.arrive("five", 100)
        # Members convert under arm 1, everybody else under arm 3.
        wanted = ["arm-1" if each["person"].get("member") else "arm-3" for each in units]
        lucky = [each for each, key in zip(units, wanted, strict=True) if each["variant_key"] == key]
        await loop.convert("five", lucky)
        versions.append(await loop.learn(five))
    assert versions == list(range(2, 10))
    for member, best in [(True, "arm-1"), (False, "arm-3")]:
        shares = {}
        for k in range(30):
            given = await loop.door.assign(
                "five", f"late {member} {k}", attributes={"plan": "pro", "member": member}
            )
            shares[given["variant_key"]] = given["propensity"]
            assert given["policy_version"] == 9
        assert max(shares, key=shares.__getitem__) == best
        assert shares[best] > 0.5
    assert await replayed(loop.connection, five) == 860
    assert await loop.connection.fetchval(IN_SQL, five.no) == 860
    kept = await loop.connection.fetchval("select context from assignment where unit = 'late True 0'")
    assert kept["features"] == {"plan": "pro", "member": True}
    assert await Analysis(ReportStore(loop.door.runtime.pool), loop.contexts).report(five.no)
    shown = (await loop.door.get("/api/v1/experiments/five/bandit")).json()
    assert [each["version"] for each in shown["versions"]] == list(range(9, 0, -1))
    report = (await loop.door.get("/api/v1/experiments/five/report")).json()
    effects = report["metrics"][0]["effects"]
    assert {each["difference"]["missing"]["estimate"] for each in effects} == {"own_shares"}
    assert report["bandit"] is None
    assert report["contextual"] is None
    assert (report["missing"]["bandit"], report["missing"]["contextual"]) == ("own_shares", "no_holdback")
    assert kept["schema"] == schema_of(five.features).hash


async def brute_force(loop: Loop, experiment: Experiment) -> dict[int, Sums]:
    """The sums by definition, from all rows at once."""
    entry = await loop.entry(experiment)
    kind, schema = entry["type"], schema_of(entry["features"])
    found: dict[int, Sums] = {}
    query = """
        select s.variant, a.context -> 'features' as features, coalesce(s.totals[1], 0) as total, s.counts[1] as count
        from unit_state s join assignment a using (unit, experiment)
        where experiment = $1 and s.first_at is not null
    """
    for row in await loop.connection.fetch(query, experiment.no):
        binary = entry["metrics"][0]["kind"] == "conversion"
        reward = (1_000_000 if row["count"] else 0) if binary else int(row["total"])
        x = vector_of(kind, schema, row["features"])
        one = found.get(row["variant"], Sums.none(len(x)))
        products = [x[i] * x[j] for i in range(len(x)) for j in range(i + 1)]
        found[row["variant"]] = Sums(
            one.units + 1,
            [a + b for a, b in zip(one.outer, products, strict=True)],
            [a + reward * b for a, b in zip(one.cross, x, strict=True)],
            one.squares + reward * reward,
        )
    return found


async def held(loop: Loop, experiment: Experiment) -> dict[int, Sums]:
    sums = await loop.contexts.sums(await loop.entry(experiment))
    return {variant: each for variant, each in enumerate(sums) if each.units}


@pytest.mark.parametrize("metric", ["conversion", "mean"])
async def test_sums_hold_each_unit_once_whatever_the_order_the_repetition_and_the_time_of_learning(
    loop: Loop, database_url: str, metric: str
) -> None:
    primary = {"name": "conversion", "kind": metric}
    made = await loop.door.make(
        "sums", type="lints", variants=FIVE, features=FEATURES, primary_metric=primary
    )
    entry = await loop.entry(made)
    units: list[dict[str, Any]] = []
    for step in range(6):
        units += await loop.arrive("sums", 30)
        chosen = [units[k] for k in loop.rng.choice(len(units), 25, replace=False)]
        more = {} if metric == "conversion" else {"value": round(float(loop.rng.normal(10, 1e4)), 6)}
        await loop.convert("sums", chosen, **more)
        if step % 2:
            await loop.convert("sums", chosen[:5], **more)
        await loop.fold()
        if step % 3:
            await loop.contexts.absorb(entry)
    await loop.contexts.absorb(entry)
    right = await brute_force(loop, made)
    assert sum(each.units for each in right.values()) == 180
    assert await held(loop, made) == right
    assert await loop.contexts.absorb(entry) == 0
    await relearn(loop.connection)
    assert await held(loop, made) == {}
    workers = [ContextualStore(loop.door.runtime.pool) for _ in range(3)]
    assert sum(await asyncio.gather(*(each.absorb(entry) for each in workers))) == 180
    assert await held(loop, made) == right
    await loop.connection.execute("update contextual_sums set units = 7, squares = 1")
    await rebuild(database_url)
    await loop.contexts.absorb(entry)
    assert await held(loop, made) == right


async def test_a_metric_that_came_before_its_exposure_is_learned_from_when_the_exposure_comes(
    loop: Loop,
) -> None:
    made = await loop.door.make("late", type="lints", variants=FIVE, features=FEATURES)
    assigned = [await loop.door.assign("late", f"u{k}", attributes=loop.person()) for k in range(10)]
    await loop.fold()
    entry = await loop.entry(made)
    assert await loop.contexts.absorb(entry) == 0
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    await loop.convert("late", assigned, occurred_at=now.isoformat())
    await loop.fold()
    await loop.contexts.absorb(entry)
    assert await held(loop, made) == {}
    await loop.door.send(*(event("exposure", each, "late") for each in assigned))
    await loop.fold()
    await loop.contexts.absorb(entry)
    found = await held(loop, made)
    assert found == await brute_force(loop, made)
    assert sum(each.squares for each in found.values()) == 10 * 10**12


async def test_of_arms_that_are_not_eligible_the_share_goes_to_the_others_before_the_draw(loop: Loop) -> None:
    made = await loop.door.make("some", type="thompson_sampling", variants=FIVE)
    personal = await loop.door.make("own", type="lints", variants=FIVE, features=FEATURES)
    for key, experiment in [("some", made), ("own", personal)]:
        units = await loop.arrive(key, 100)
        await loop.convert(key, [each for each in units if each["variant_key"] == "arm-2"])
        await loop.learn(experiment)
        seen = set()
        for k in range(40):
            given = await loop.door.assign(key, f"e{k}", attributes={"age": 3}, eligible=["arm-4", "arm-0"])
            seen.add((given["variant_key"], given["propensity"]))
        row = await loop.connection.fetchrow(
            "select context, revision, epoch from assignment where experiment = $1 and unit = 'e0'",
            experiment.no,
        )
        shares = row["context"]["shares"]
        assert row["context"]["eligible"] == [0, 4]
        assert (sum(shares), shares[1:4]) == (1_000_000, [0, 0, 0])
        assert seen == {("arm-0", shares[0] / 1e6), ("arm-4", shares[4] / 1e6)}
        if key == "some":
            published = await loop.connection.fetchval(
                "select propensities from policy where experiment = $1 and version = $2",
                experiment.no,
                row["epoch"],
            )
            assert shares[0] == pytest.approx(1e6 * published[0] / (published[0] + published[4]), abs=1)
    plain = "select count(*) from assignment where experiment = $1 and context is null"
    assert await loop.connection.fetchval(plain, made.no) == 100
    await replayed(loop.connection, personal)


async def test_scores_from_outside_are_explored_by_inverse_gap_weighting(loop: Loop) -> None:
    made = await loop.door.make("outside", type="squarecb", variants=FIVE[:3])
    scores = {"arm-0": 0.1, "arm-1": 0.5, "arm-2": 0.45}
    first = await loop.door.assign("outside", "first", scores=scores)
    assert first["propensity"] == pytest.approx(1 / 3, abs=1e-6)
    await loop.arrive("outside", 99, scores=scores)
    await loop.learn(made)
    shares = {}
    for k in range(60):
        given = await loop.door.assign("outside", f"u{k}", scores=scores)
        shares[given["variant_key"]] = given["propensity"]
    gamma = 4 * (3 * 99) ** 0.5
    above = 1 - 3 * 0.001
    assert shares["arm-2"] == pytest.approx(0.001 + above / (3 + gamma * 0.05), abs=2e-6)
    assert max(shares, key=shares.__getitem__) == "arm-1"
    kept = await loop.connection.fetchval("select context from assignment where unit = 'u0'")
    assert kept["scores"] == [0.1, 0.5, 0.45]
    await replayed(loop.connection, made)


@pytest.mark.parametrize(
    ("kind", "body", "pointer"),
    [
        ("lints", {"attributes": {"age": "thirty"}}, "/attributes/age"),
        ("lints", {"attributes": {"member": 1, "plan": False}}, "/attributes/plan"),
        ("lints", {"eligible": ["arm-9"]}, "/eligible/0"),
        ("lints", {"eligible": []}, "/eligible"),
        ("lints", {"scores": {"arm-0": 1}}, "/scores"),
        ("squarecb", {}, "/scores/arm-0"),
        ("squarecb", {"scores": {"arm-0": 1, "arm-1": 2, "arm-x": 3}}, "/scores/arm-x"),
        ("thompson_sampling", {"scores": {"arm-0": 1}}, "/scores"),
        ("ab", {"eligible": ["arm-0"]}, "/eligible"),
    ],
)
async def test_what_cannot_decide_is_refused_with_its_place(
    door: Door, kind: str, body: dict[str, Any], pointer: str
) -> None:
    variants = [each | {"weight": 0.5} for each in FIVE[:2]] if kind == "ab" else FIVE[:2]
    features = FEATURES if kind == "lints" else None
    await door.make("bad", type=kind, variants=variants, features=features)
    answer = await door.post("/api/v1/experiments/bad/assign", {"unit_id": "u", **body})
    assert answer.status_code == 400, answer.text
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]], answer.text
    many = await door.post(
        "/api/v1/assignments", {"requests": [{"experiment_id": "bad", "unit_id": "u", **body}]}
    )
    assert many.status_code == 400 or many.json()["assignments"][0]["status"] == 400
    assert await door.fetch("select * from assignment") == []


async def test_the_first_assignment_stays_whatever_the_features_say_later(loop: Loop) -> None:
    await loop.door.make("stays", type="lints", variants=FIVE, features=FEATURES)
    first = await loop.door.assign("stays", "u", attributes={"age": 30})
    again = await loop.door.assign("stays", "u", attributes={"age": "another type"}, eligible=["arm-0"])
    assert (again["variant_key"], again["propensity"], again["fresh"]) == (
        first["variant_key"],
        first["propensity"],
        False,
    )


async def test_features_cannot_be_changed_while_it_runs_and_a_paused_arm_gets_nothing_under_the_same_model(
    loop: Loop,
) -> None:
    made = await loop.door.make("fixed", type="lints", variants=FIVE, features=FEATURES)
    units = await loop.arrive("fixed", 150)
    await loop.convert("fixed", [each for each in units if each["variant_key"] == "arm-2"])
    await loop.learn(made)
    refused = await loop.door.client.patch("/api/v1/experiments/fixed", json={"features": FEATURES[:2]})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/features"
    assert "its models were learned from these" in refused.text
    paused = await loop.door.client.patch(
        "/api/v1/experiments/fixed", json={"variants": [{"key": "arm-2", "state": "paused"}]}
    )
    assert paused.status_code == 200
    given = [await loop.door.assign("fixed", f"p{k}", attributes=loop.person()) for k in range(30)]
    assert "arm-2" not in {each["variant_key"] for each in given}
    kept = await loop.connection.fetchval("select context from assignment where unit = 'p0'")
    assert kept["shares"][2] == 0
    await replayed(loop.connection, made)


def test_numpy_is_loaded_by_the_first_linear_model_and_not_before(database_url: str) -> None:
    script = """
import asyncio, datetime as dt, sys
from litmus_server.settings import Settings
from litmus_server.wiring import opened_runtime
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.audit import Cause
from litmus_server.domain.access import Principal, Role
from litmus_server.services.decisions import Request

async def main():
    cause = Cause(Principal("t", Role.ADMIN), "t", "t")
    async with opened_runtime(Settings.read(env="development"), sys.argv[1]) as runtime:
        for key, kind in [("a", "segmented_thompson"), ("b", "lints")]:
            draft = {"name": key, "type": kind, "variants": [{"name": "x"}, {"name": "y"}],
                     "features": [{"name": "on", "type": "boolean"}]}
            await runtime.experiments.create(parse_draft(draft), cause)
            await runtime.experiments.start(key, cause)
        print((await runtime.decisions.assign(Request("b", "u", {"on": True}), 1, None)).propensity)
        print("numpy" in sys.modules)
        await runtime.pool.execute('''
            insert into contextual_sums values (2, 0, 1, '{100000000,0,0,100000000,0,100000000}', '{0,0,0}', 0)''')
        from litmus_server.services.learning import Learning
        from litmus_server.bandits.refresh import RefreshRule
        from litmus_server.store.policies import PolicyStore
        await runtime.pool.execute(
            "insert into moments select 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0")
        from litmus_server.store.contextual_sums import ContextualStore
        rule = RefreshRule(min_interval=dt.timedelta(0))
        await Learning(PolicyStore(runtime.pool), None, rule, contexts=ContextualStore(runtime.pool)).learn(2)
        await runtime.data._snapshots.refresh()
        print((await runtime.decisions.assign(Request("b", "v", {"on": True}), 1, None)).policy_version)

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, database_url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stdout.split("\n") if not line.startswith("{")]
    assert (lines[:2], lines[-2]) == (["500000", "False"], "2"), done.stdout


async def test_the_published_table_has_no_shares_of_a_contextual_experiment_and_says_that_a_server_draws(
    loop: Loop,
) -> None:
    await loop.door.make("five", type="linucb", variants=FIVE, features=FEATURES, traffic_allocation=0.5)
    await loop.door.make("plain", type="thompson_sampling")
    entries = {each["key"]: each for each in (await loop.door.get("/api/v1/snapshot")).json()["experiments"]}
    assert (entries["five"]["needs_server"], entries["five"]["policy"]) == (True, None)
    assert "needs_server" not in entries["plain"]
    assert entries["plain"]["policy"]["version"] == 1
    experiment = compile_entry(entries["five"])
    reasons = {decide(experiment, f"unit-{k}", {"age": 30}).reason for k in range(50)}
    assert reasons == {"needs_server", "traffic"}


async def test_a_version_is_not_everybodys_once_a_request_has_left_variants_out(loop: Loop) -> None:
    made = await loop.door.make("some", type="thompson_sampling", variants=FIVE)
    everybody = [each["name"] for each in FIVE]
    await loop.arrive("some", 200, eligible=everybody)
    assert await loop.learn(made) == 2
    await loop.arrive("some", 150)
    await loop.arrive("some", 150, eligible=["arm-1", "arm-2"])
    assert await loop.learn(made) == 3
    await loop.arrive("some", 200)
    await loop.fold()
    pool = loop.door.runtime.pool
    facts, observed = await ReportStore(pool).facts(made.no), await ActBook(pool).observed(made.no)
    log = await DecisionLogs(pool).find("some")
    assert facts is not None
    assert observed is not None
    assert log is not None
    assert set(facts.sheet.epochs()) == {1, 2, 3}
    assert set(facts.shares) == set(observed.shares) == set(log.versions) == {1, 3}
    ratio = ratio_of(observed)
    assert isinstance(ratio, SampleRatio)
    assert sum(each.counted for each in ratio.variants) == 400


async def test_units_of_a_paused_experiment_do_not_pile_up_and_are_learned_from(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contextual_sums, "_PILE", 5)
    five = await loop.door.make("five", type="linucb", variants=FIVE, features=FEATURES)
    units = await loop.arrive("five", 30)
    assert await loop.learn(five) == 2
    waiting = "select count(*) from contextual_queue"
    assert await loop.connection.fetchval(waiting) == 0
    await loop.door.move("five", "paused")
    await loop.convert("five", units[:5])
    await loop.fold()
    assert (await loop.connection.fetchval(waiting), await loop.learning.look()) == (5, [])
    await loop.convert("five", units[5:8])
    await loop.fold()
    assert await loop.connection.fetchval(waiting) == 8
    await loop.learning.look()
    asked = await loop.connection.fetch("select payload from job where kind = 'learn'")
    assert [row["payload"] for row in asked] == [{"experiment": five.no}]
    assert await loop.learning.learn(five.no) is None
    assert await loop.connection.fetchval(waiting) == 0
    assert await held(loop, five) == await brute_force(loop, five)


async def test_an_explanation_shows_the_draw_that_features_would_lead_to_before_there_is_one(
    loop: Loop,
) -> None:
    five = await loop.door.make("five", type="lints", variants=FIVE, features=FEATURES)
    await loop.door.make("outside", type="squarecb", variants=FIVE[:3])
    units = await loop.arrive("five", 200)
    await loop.convert("five", units[::3])
    assert await loop.learn(five) == 2
    shares = set()
    for k in range(20):
        unit, person = f"new {k}", loop.person()
        asked = {"unit_id": unit, "attributes": person}
        told = (await loop.door.post("/api/v1/experiments/five/explain", asked)).json()
        given = await loop.door.assign("five", unit, attributes=person)
        parts = ("variant_key", "propensity", "revision", "policy_version")
        assert [told[part] for part in parts] == [given[part] for part in parts]
        last = told["steps"][-1]
        assert round((last["stop"] - last["start"]) / 1e6, 6) == given["propensity"]
        assert last["start"] <= last["bucket"] < last["stop"]
        shares.add(given["propensity"])
    assert len(shares) > 5
    wrong = {"unit_id": "wrong", "attributes": {"age": "old"}}
    assert (await loop.door.post("/api/v1/experiments/five/explain", wrong)).status_code == 400
    answer = await loop.door.post("/api/v1/experiments/outside/explain", {"unit_id": "u"})
    assert (answer.status_code, "scores" in answer.json()["detail"]) == (400, True)


async def explained(loop: Loop, key: str, unit: str, **asked: Any) -> dict[str, Any]:
    answer = await loop.door.post(f"/api/v1/experiments/{key}/explain", {"unit_id": unit, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def beliefs_by_definition(
    entry: dict[str, Any], units: list[dict[str, Any]], person: dict[str, Any]
) -> list[dict[str, float]]:
    """What each arm is believed to bring, from all units (which are `won` or not), with numpy's solver and nothing of ours but the vectors."""
    kind, schema, known = entry["type"], schema_of(entry["features"]), entry["parameters"]
    x = np.array(vector_of(kind, schema, person)) / 10_000
    arms = []
    for variant in entry["variants"]:
        mine = [each for each in units if each["variant_key"] == variant["key"]]
        rows = np.array([vector_of(kind, schema, each["person"]) for each in mine]) / 10_000
        arms.append((rows, np.array([float(each["won"]) for each in mine])))
    if kind == "segmented_thompson":
        there = [(rows @ x > 0.5, won) for rows, won in arms]
        found = []
        for inside, won in there:
            alpha, beta = 1 + float(won[inside].sum()), 1 + float((1 - won[inside]).sum())
            found.append({"expected": alpha / (alpha + beta), "alpha": alpha, "beta": beta})
        return found
    expected, known_to, residual = [], [], 0.0
    for rows, won in arms:
        a = rows.T @ rows + known["ridge"] * np.eye(len(x))
        theta = np.linalg.solve(a, rows.T @ won)
        expected.append(float(theta @ x))
        known_to.append(float(np.sqrt(x @ np.linalg.solve(a, x))))
        residual += float(((won - rows @ theta) ** 2).sum())
    noise = np.sqrt((residual + 10 * 0.25) / (len(units) + 10))
    c, best = known["exploration"], max(expected)
    gamma = c * np.sqrt(len(arms) * len(units))
    each_arm = list(zip(expected, known_to, strict=True))
    return {
        "linucb": [{"expected": mean, "bound": mean + c * width} for mean, width in each_arm],
        "lints": [{"expected": mean, "sd": c * noise * width} for mean, width in each_arm],
        "squarecb": [{"expected": mean, "gap": best - mean, "gamma": gamma} for mean in expected],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "features"),
    [("lints", FEATURES), ("linucb", FEATURES), ("squarecb", FEATURES), ("segmented_thompson", SEGMENTS)],
)
async def test_an_explanation_tells_what_the_model_expects_of_the_unit_now_and_what_it_expected_when_it_drew(
    loop: Loop, kind: str, features: list[dict[str, Any]]
) -> None:
    five = await loop.door.make("five", type=kind, variants=FIVE, features=features)
    person = {"age": 31.5, "plan": "pro", "member": True}
    asked = {"attributes": person}
    first = await explained(loop, "five", "new", **asked)
    assert first["expectation"] == {"variants": None, "missing": "no_model"}
    units = await loop.arrive("five", 200)
    for each in units:
        each["won"] = loop.rng.random() < (0.7 if each["variant_key"] == "arm-1" else 0.3)
    await loop.convert("five", [each for each in units if each["won"]])
    assert await loop.learn(five) == 2

    told = await explained(loop, "five", "new", **asked)
    assert told["expectation"]["missing"] is None
    variants = told["expectation"]["variants"]
    for variant, right in zip(
        variants, beliefs_by_definition(await loop.entry(five), units, person), strict=True
    ):
        said = {name: value for name, value in variant["belief"].items() if value is not None}
        assert said == {name: pytest.approx(value, abs=1e-9) for name, value in right.items()}
    assert sum(each["propensity"] for each in variants) == pytest.approx(1)
    given = await loop.door.assign("five", "new", attributes=person)
    own = {each["variant_key"]: each["propensity"] for each in variants}
    assert own[given["variant_key"]] == given["propensity"]

    await loop.convert("five", [given])
    few = await loop.arrive("five", 1, eligible=["arm-4", "arm-2"])
    await loop.arrive("five", 100)
    assert await loop.learn(five) == 3
    stored = await explained(loop, "five", "new", **asked)
    assert stored["expectation"] == {"variants": None, "missing": "not_drawn"}
    assert (stored["logged"]["policy"]["version"], stored["logged"]["expectation"]) == (
        2,
        told["expectation"],
    )
    now = await explained(loop, "five", "newer", **asked)
    assert now["expectation"]["variants"] != variants
    (unit,) = few
    limited = (await explained(loop, "five", unit["unit_id"]))["logged"]["expectation"]["variants"]
    assert [each["variant_key"] for each in limited if each["belief"]] == ["arm-2", "arm-4"]
    assert [each["propensity"] for each in limited if not each["belief"]] == [0, 0, 0]

    before = (await explained(loop, "five", units[0]["unit_id"]))["logged"]
    assert before["expectation"] == {"variants": None, "missing": "no_model"}
    await loop.connection.execute("delete from policy where version = 2")
    gone = (await explained(loop, "five", "new"))["logged"]
    assert gone["expectation"] == {"variants": None, "missing": "not_archived"}


async def test_a_model_from_before_priors_were_archived_replays_and_does_not_tell_its_posteriors(
    loop: Loop,
) -> None:
    made = await loop.door.make("old", type="segmented_thompson", variants=FIVE, features=SEGMENTS)
    await loop.arrive("old", 100)
    await loop.learn(made)
    await loop.door.assign("old", "u", attributes={"plan": "pro"})
    await loop.connection.execute("update policy set state = state #- '{model,prior}' where version = 2")
    told = (await explained(loop, "old", "u"))["logged"]
    assert (told["verdict"], told["expectation"]["missing"]) == ("same", "not_archived")


async def test_scores_from_outside_are_explained_by_their_gaps_when_they_come_with_the_question(
    loop: Loop,
) -> None:
    made = await loop.door.make("outside", type="squarecb", variants=FIVE[:3])
    scores = {"arm-0": 0.1, "arm-1": 0.5, "arm-2": 0.45}
    await loop.arrive("outside", 99, scores=scores)
    await loop.learn(made)
    told = (await explained(loop, "outside", "u", scores=scores))["expectation"]["variants"]
    gamma = pytest.approx(4 * (3 * 99) ** 0.5)
    said = [(each["belief"]["expected"], each["belief"]["gap"], each["belief"]["gamma"]) for each in told]
    assert said == [(0.1, pytest.approx(0.4), gamma), (0.5, 0, gamma), (0.45, pytest.approx(0.05), gamma)]
    await loop.door.assign("outside", "u", scores=scores)
    assert (await explained(loop, "outside", "u"))["logged"]["expectation"]["variants"] == told
    await loop.door.make("plain", type="thompson_sampling", variants=FIVE)
    assert (await explained(loop, "plain", "u"))["expectation"] is None
    for key, wrong, pointer in (
        ("plain", {"arm-0": 1}, "/scores"),
        ("outside", {"arm-0": 1, "arm-1": 2}, "/scores/arm-2"),
        ("outside", scores | {"arm-0": "much"}, "/scores/arm-0"),
    ):
        question = {"unit_id": "new", "scores": wrong}
        answer = await loop.door.post(f"/api/v1/experiments/{key}/explain", question)
        assert answer.status_code == 400
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_another_policy_is_judged_on_the_units_that_each_had_propensities_of_their_own(
    loop: Loop,
) -> None:
    made = await loop.door.make(
        "lived", type="segmented_thompson", variants=FIVE[:3], features=SEGMENTS, parameters={"floor": 0.2}
    )
    for _ in range(4):
        units = await loop.arrive("lived", 150)
        likes = {"pro": "arm-1", "free": "arm-2"}
        wins = [
            each for each in units if each["variant_key"] == likes.get(each["person"].get("plan"), "arm-0")
        ]
        await loop.convert("lived", [each for each in wins if loop.rng.random() < 0.6])
        await loop.learn(made)
    await loop.fold()
    rows = await loop.connection.fetch(
        """
        select a.variant, a.context -> 'shares' as shares, a.context -> 'features' as features, s.counts[1] is not null as won
        from assignment a join unit_state s using (unit, experiment) where s.first_at is not null
        """
    )
    assert len(rows) == 600
    rule = {"by": "plan", "values": {"pro": "arm-1", "free": "arm-2"}, "otherwise": "arm-0"}
    archived = await loop.connection.fetchval(
        "select state -> 'model' from policy where experiment = $1 and version = 3", made.no
    )
    schema = schema_of((await loop.entry(made))["features"])
    model = read_model(archived, "segmented_thompson", schema, 3)

    def of_version(features: Any) -> list[float]:
        vector = vector_of("segmented_thompson", schema, features)
        return [share / 1e6 for share in model.shares(vector, [True] * 3)]

    targets: list[tuple[dict[str, Any], Any]] = [
        ({"uniform": True}, lambda _: [1 / 3] * 3),
        ({"variant": "arm-2"}, lambda _: [0, 0, 1]),
        ({"weights": {"arm-0": 0.25, "arm-1": 0.75}}, lambda _: [0.25, 0.75, 0]),
        (rule, lambda features: np.eye(3)[{"pro": 1, "free": 2}.get(features.get("plan"), 0)]),
        ({"version": 3}, of_version),
    ]
    found = {}
    for policy, target in targets:
        answer = await judged(loop, "lived", policy)
        assert answer["refused"] is None, answer
        shares = [target(row["features"]) for row in rows]
        weights = [
            q[row["variant"]] / (row["shares"][row["variant"]] / 1e6)
            for q, row in zip(shares, rows, strict=True)
        ]
        earned = sum(w * row["won"] for w, row in zip(weights, rows, strict=True))
        assert answer["inverse_propensity"]["estimate"] == pytest.approx(earned / 600)
        assert answer["self_normalised"]["estimate"] == pytest.approx(earned / sum(weights))
        assert answer["effective_units"] == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
        assert answer["logged"]["estimate"] == pytest.approx(sum(row["won"] for row in rows) / 600)
        assert list(answer["shares"].values()) == pytest.approx(np.mean(shares, axis=0).tolist())
        assert (answer["units"], answer["left_out_units"]) == (600, 0)
        found[str(policy)] = answer["value"]["lower"], answer["value"]["estimate"], answer["value"]["upper"]
    lower, best, upper = found[str(rule)]
    assert lower < 0.6 < upper
    assert best > found[str({"uniform": True})][1] + 0.2

    for policy, reason in (({"type": "thompson_sampling"}, "features"), ({"uniform": True}, None)):
        refused = (await judged(loop, "lived", policy))["refused"]
        assert (refused and refused["reason"]) == reason
    for policy, pointer in (
        ({"version": 99}, "/policy/version"),
        (rule | {"by": "age"}, "/policy/by"),
        (rule | {"values": {"pro": "arm-9"}}, "/policy/values/pro"),
        (rule | {"otherwise": "nobody"}, "/policy/otherwise"),
    ):
        assert [each["pointer"] for each in await faults(loop, "lived", policy)] == [pointer]
    await loop.door.make("plain", type="thompson_sampling", variants=FIVE[:2])
    assert (await judged(loop, "plain", rule))["refused"]["reason"] == "features"
    assert (await judged(loop, "plain", {"version": 1}))["refused"]["reason"] == "features"


@pytest.mark.parametrize(("kind", "features"), [("lints", FEATURES), ("segmented_thompson", SEGMENTS)])
async def test_a_version_is_judged_by_the_variants_that_each_unit_might_get(
    loop: Loop, kind: str, features: list[dict[str, Any]]
) -> None:
    made = await loop.door.make(
        "some", type=kind, variants=FIVE[:3], features=features, parameters={"floor": 0.2}
    )
    for eligible in (None, ["arm-0", "arm-2"], ["arm-1", "arm-2"], None):
        units = await loop.arrive("some", 150, **({} if eligible is None else {"eligible": eligible}))
        likes = [each for each in units if each["variant_key"] in {"arm-1", "arm-2"}]
        await loop.convert("some", [each for each in likes if loop.rng.random() < 0.6])
        assert await loop.learn(made)
    await loop.arrive("some", 20, eligible=["arm-2"])
    changed = {"variants": [{"key": "arm-2", "state": "paused"}]}
    assert (await loop.door.client.patch("/api/v1/experiments/some", json=changed)).status_code == 200
    await loop.arrive("some", 150)
    await loop.learn(made)
    await loop.fold()
    rows = await loop.connection.fetch(
        "select a.variant, a.context, s.counts[1] is not null as won from assignment a join unit_state s using (unit, experiment)"
    )
    assert (len(rows), sum("eligible" in row["context"] for row in rows)) == (770, 320)
    archive = await loop.connection.fetch(
        """
        select p.version, p.propensities, p.state -> 'model' as model, c.document
        from policy p join configuration c using (experiment, revision)
        """
    )
    schema = schema_of((await loop.entry(made))["features"])
    paused = set()
    for version in archive:
        on = [each["state"] == "active" for each in version["document"]["variants"]]
        model = version["model"] and read_model(version["model"], kind, schema, 3)

        def shares(kept: dict[str, Any], on: list[bool] = on, model: Any = model) -> list[float]:
            left = [each and k in kept.get("eligible", range(3)) for k, each in enumerate(on)]
            if not any(left):
                return []
            if model is None:
                return [each / sum(left) for each in left]
            drawn = model.shares(vector_of(kind, schema, kept["features"]), left)
            return [share / 1e6 for share in drawn]

        weights, outcomes = [], []
        for row in rows:
            wanted = shares(row["context"])
            drawn = row["context"]["shares"]
            if wanted and not any(q > 0 and e == 0 for q, e in zip(wanted, drawn, strict=True)):
                weights.append(wanted[row["variant"]] / (drawn[row["variant"]] / 1e6))
                outcomes.append(row["won"])
        answer = await judged(loop, "some", {"version": version["version"]})
        assert answer["refused"] is None, answer
        earned = sum(w * won for w, won in zip(weights, outcomes, strict=True))
        assert answer["inverse_propensity"]["estimate"] == pytest.approx(earned / len(weights), abs=1e-6)
        assert (answer["units"], answer["left_out_units"]) == (len(weights), 770 - len(weights))
        paused.add((on[2], 770 - len(weights)))
    # Units for which only the paused variant was possible would have got nothing; later ones could not get it.
    assert paused == {(True, 150), (False, 20)}


async def judged(loop: Loop, key: str, policy: dict[str, Any]) -> dict[str, Any]:
    """As a worker answers the question that the door reads."""
    form = Form({"policy": policy})
    question = read_question(form, key)
    form.close(TITLE)
    document = msgspec.to_builtins(question)
    said = await Evaluating(DecisionLogs(loop.door.runtime.pool)).answer(document)
    found: dict[str, Any] = said.get("answer", said)
    return found


async def faults(loop: Loop, key: str, policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await judged(loop, key, policy))["faults"]
    return found


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"by": "plan", "values": {"pro": "a"}}, "/policy/otherwise"),
        ({"by": "plan", "values": {"pro": 3}, "otherwise": "a"}, "/policy/values/pro"),
        ({"by": "plan", "values": [], "otherwise": "a"}, "/policy/values"),
        ({"version": 0}, "/policy/version"),
        ({"version": "new"}, "/policy/version"),
        ({"version": 1, "uniform": True}, "/policy"),
        ({"uniform": True, "otherwise": "a"}, "/policy/otherwise"),
    ],
)
def test_a_policy_that_nobody_can_follow_is_refused_with_its_place(
    policy: dict[str, Any], pointer: str
) -> None:
    form = Form({"policy": policy})
    read_question(form, "any")
    with pytest.raises(Invalid) as refused:
        form.close(TITLE)
    assert pointer in [fault.pointer for fault in refused.value.faults]


async def split(loop: Loop, experiment: Experiment) -> dict[tuple[str, int, bool], list[int]]:
    """Of exposed units, by definition from the log alone, as `contextual_held` has them."""
    entry = await loop.entry(experiment)
    binary = entry["metrics"][0]["kind"] == "conversion"
    query = """
        select a.bucket, a.variant, a.context, coalesce(s.totals[1], 0) as total, s.counts[1] as count
        from unit_state s join assignment a using (unit, experiment)
        where experiment = $1 and s.first_at is not null and a.context ? 'holdback'
    """
    found: dict[tuple[str, int, bool], list[int]] = {}
    for row in await loop.connection.fetch(query, experiment.no):
        holdback, below = row["context"]["holdback"], sum(row["context"]["shares"][: row["variant"]])
        group = (
            holdback["to"],
            sum(holdback["parts"]),
            row["bucket"] < below + holdback["parts"][row["variant"]],
        )
        reward = (1_000_000 if row["count"] else 0) if binary else int(row["total"])
        sums = found.setdefault(group, [0] * 5)
        for place, value in enumerate((1, int(reward != 0), reward, reward**2, reward**3)):
            sums[place] += value
    return found


async def told(loop: Loop, experiment: Experiment) -> dict[tuple[str, int, bool], list[int]]:
    facts = await ReportStore(loop.door.runtime.pool).facts(experiment.no)
    assert facts is not None
    return {(str(each.baseline), each.share, each.held): list(each[3:]) for each in facts.held if each.units}


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        (
            {"type": "lints", "features": FEATURES, "primary_metric": {"name": "conversion", "kind": "mean"}},
            {},
        ),
        ({"type": "segmented_thompson", "features": SEGMENTS}, {}),
        (
            {"type": "squarecb"},
            {"scores": {"arm-0": 0.1, "arm-1": 0.5, "arm-2": 0.4, "arm-3": 0.3, "arm-4": 0}},
        ),
    ],
)
async def test_a_share_of_units_is_drawn_as_if_nothing_had_been_learned_and_counted_apart_to_the_end(
    loop: Loop, database_url: str, fields: dict[str, Any], asked: dict[str, Any]
) -> None:
    made = await loop.door.make("apart", variants=FIVE, holdback={"share": 0.2, "to": "control"}, **fields)
    more = {"value": -2.5} if "primary_metric" in fields else {}
    units: list[dict[str, Any]] = []
    for step in range(5):
        if step == 3:
            changed = await loop.door.client.patch(
                "/api/v1/experiments/apart", json={"holdback": {"share": 0.1, "to": "control"}}
            )
            assert changed.status_code == 200, changed.text
        units += await loop.arrive("apart", 60, **asked)
        only = {"eligible": ["arm-3", "arm-4"]}  # not the control: then any of them alike is the baseline
        units += await loop.arrive("apart", 20, **asked, **only)
        await loop.convert("apart", [each for each in units if each["variant_key"] == "arm-1"], **more)
        assert await loop.learn(made) is not None
    assert await replayed(loop.connection, made) == 400
    assert await loop.connection.fetchval(IN_SQL, made.no) == 400
    right = await split(loop, made)
    assert {(to, share) for to, share, _ in right} == {("control", 200_000), ("control", 100_000)}
    assert sum(sums[0] for sums in right.values()) == 400
    assert await told(loop, made) == right
    for row in await loop.connection.fetch("select context from assignment where experiment = $1", made.no):
        shares, parts = row["context"]["shares"], row["context"]["holdback"]["parts"]
        assert all(share >= part for share, part in zip(shares, parts, strict=True))
        if "eligible" in row["context"]:
            assert parts[3] == parts[4] == sum(parts) / 2
        else:
            assert parts[1:] == [0] * 4
    await rebuild(database_url)
    await loop.contexts.settle(made.no)
    assert await told(loop, made) == right
    await loop.door.move("apart", "completed")
    await loop.convert("apart", units[:7], **more)
    await loop.fold()
    await loop.learning.look()
    asked_for = "select count(*) from job where kind = 'learn' and payload = jsonb_build_object('experiment', $1::int)"
    assert await loop.connection.fetchval(asked_for, made.no)
    await loop.learning.learn(made.no)
    assert await told(loop, made) == await split(loop, made) != right


async def test_the_report_says_what_a_contextual_policy_brought_against_its_holdback(loop: Loop) -> None:
    made = await loop.door.make(
        "brings", type="segmented_thompson", features=SEGMENTS, variants=FIVE, holdback={"share": 0.5}
    )
    for _ in range(4):
        units = await loop.arrive("brings", 250)
        wanted = ["arm-1" if each["person"].get("member") else "arm-3" for each in units]
        await loop.convert(
            "brings", [each for each, key in zip(units, wanted, strict=True) if each["variant_key"] == key]
        )
        await loop.learn(made)
    assert await Analysis(ReportStore(loop.door.runtime.pool), loop.contexts).report(made.no)
    report = (await loop.door.get("/api/v1/experiments/brings/report")).json()
    shown, right = report["contextual"], await split(loop, made)
    (n, _, total, squares, _), (m, _, of_held, squares_of_held, _) = (
        right["uniform", 500_000, side] for side in (False, True)
    )
    assert (shown["learned_units"], shown["held_units"]) == (n, m)
    assert shown["learned"]["estimate"] == pytest.approx(total / n / 1e6)
    assert shown["held"]["estimate"] == pytest.approx(of_held / m / 1e6)
    # Half and half: the weights are 1 and −1.
    mean = (total + of_held) / (n + m)
    estimate = (total - n * mean) - (of_held - m * mean)
    brought = shown["holdback"]["brought"]
    assert brought["estimate"] == pytest.approx(estimate / 1e6)
    assert 0 < brought["lower"] < brought["estimate"] < brought["upper"]
    assert shown["holdback"]["per_unit"]["estimate"] == pytest.approx(estimate / 1e6 / 500)
    scatter = squares + squares_of_held - (n + m) * mean**2
    half = (brought["upper"] - brought["lower"]) / 2
    assert half / (scatter - estimate**2 / (n + m)) ** 0.5 * 1e6 > 1.96  # wider than for one look
    assert report["missing"]["bandit"] == "own_shares"
    facts = await ReportStore(loop.door.runtime.pool).facts(made.no)
    assert facts is not None
    rows = exported(facts).tables["held"].rows
    assert [row[:4] for row in rows] == [["uniform", 500_000, 0, n], ["uniform", 500_000, 1, m]]
