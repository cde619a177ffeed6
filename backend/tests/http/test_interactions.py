"""Experiments that share units, through the door: every figure against a regression on the rows, and every refusal by its name."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

import asyncpg
import httpx2
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from drafts import WRITER
from folded import make
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.interactions import MOST_OTHERS
from scipy import stats
from units import START, Unit, keep, shop
from working import worker

pytestmark = pytest.mark.database

PATH = "/api/v1/experiments/shop/interactions"
FIXED: dict[str, Any] = {"analysis": {"method": "fixed", "correction": "holm"}}


def people(
    count: int, depends: float = 0.0, *, seed: int = 5, both: float = 1.0, lost: float = 0.0
) -> tuple[list[Unit], list[Unit]]:
    """Units of this experiment and of another one. `depends`: what the variant adds to spend where the other has its own; `both`: the part
    that is in the other too; `lost`: the part of the units with a variant here that never gets there.
    """
    rng = random.Random(seed)
    mine, theirs = [], []
    for k in range(count):
        a, b = rng.randint(0, 1), rng.randint(0, 1)
        at = START + dt.timedelta(hours=rng.randint(0, 90))
        spent = max(0.01, rng.gauss(10 + 0.5 * a + 1.0 * b + depends * a * b, 3))
        values = {"spend": round(spent, 2)} | ({"order": 1} if rng.random() < 0.4 else {})
        mine.append(Unit(f"u{k}", a, at, values))
        if rng.random() < both and not (a and rng.random() < lost):
            theirs.append(Unit(f"u{k}", b, at, {"clicks": 1.0}))
    return mine, theirs


async def another(
    pool: asyncpg.Pool[Any], units: list[Unit], name: str = "banner", **fields: Any
) -> Experiment:
    made = await make(
        pool,
        name,
        variants=2,
        **({"type": "ab", "primary_metric": {"name": "clicks", "kind": "mean"}} | fields),
    )
    await keep(pool, made, units)
    return made


async def asked(client: httpx2.AsyncClient, path: str = PATH, **query: str) -> dict[str, Any]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows_of(mine: list[Unit], theirs: list[Unit], metric: str = "spend") -> pd.DataFrame:
    other: Mapping[str, int] = {unit.name: unit.variant for unit in theirs}
    return pd.DataFrame(
        [(u.variant, other[u.name], u.values.get(metric, 0)) for u in mine if u.name in other],
        columns=["a", "b", "y"],
    )


async def test_every_figure_is_that_of_a_regression_on_the_rows(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(1500, 1.5, both=0.8)
    async with worker(database_url) as pool:
        await shop(pool, mine, **FIXED)
        await another(pool, theirs)
        found = await asked(client)
        by_orders = await asked(client, metric="order")
    frame = rows_of(mine, theirs)
    judge = smf.ols("y ~ C(a) * C(b)", frame).fit(cov_type="HC2")
    [other] = found["others"]
    assert (found["exposed_units"], other["units"], other["share"]) == (1500, len(theirs), len(theirs) / 1500)
    cells = frame.groupby(["a", "b"])["y"].agg(["count", "mean"])
    assert [each["units"] for each in other["cells"]] == cells["count"].tolist()
    assert [each["mean"] for each in other["cells"]] == pytest.approx(cells["mean"].tolist())
    assert other["finding"] == "depends"
    test = other["test"]
    assert test["statistic"] == pytest.approx(float(judge.tvalues.iloc[3]) ** 2)
    student = 2 * stats.t.sf(abs(judge.tvalues.iloc[3]), judge.df_resid)
    assert test["p_value"] == test["fixed_p_value"] == pytest.approx(student, rel=0.02)
    assert (test["df"], test["family"], test["adjusted_p_value"]) == (1, 1, test["p_value"])
    [difference] = [each["difference"] for each in other["differences"]]
    assert difference["estimate"] == pytest.approx(judge.params.iloc[3])
    low, high = judge.conf_int().iloc[3]
    assert (difference["lower"], difference["upper"]) == (
        pytest.approx(low, rel=0.02),
        pytest.approx(high, rel=0.02),
    )
    within = [each["difference"]["estimate"] for each in other["within"]]
    assert within == pytest.approx([judge.params.iloc[1], judge.params.iloc[1] + judge.params.iloc[3]])
    [averaged] = [each["difference"]["estimate"] for each in other["averaged"]]
    assert averaged == pytest.approx(sum(within) / 2)
    judge = smf.ols("y ~ C(a) * C(b)", rows_of(mine, theirs, "order")).fit(cov_type="HC2")
    [other] = by_orders["others"]
    assert other["finding"] == "not_shown"
    assert other["differences"][0]["difference"]["estimate"] == pytest.approx(judge.params.iloc[3])
    pearson = stats.chisquare(cells["count"]).statistic
    assert other["split"]["chi_squared"] == pytest.approx(pearson)
    assert other["split"]["mismatch"] is False


async def test_ratios_and_capped_metrics_are_read_as_reports_read_them(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(800)
    async with worker(database_url) as pool:
        made = await make(
            pool, "shop", variants=2, type="ab", primary_metric={"name": "spend", "kind": "mean", "cap": {"value": 12}},
            secondary_metrics=[
                {"name": "order", "kind": "conversion"},
                {"name": "basket", "kind": "ratio", "numerator": "spend", "denominator": "order"},
            ],
        )  # fmt: skip
        await keep(pool, made, mine)
        await another(pool, theirs)
        capped, ratio = await asked(client), await asked(client, metric="basket")
    other = {unit.name: unit.variant for unit in theirs}

    def capped_mean(of: list[Unit]) -> float:
        return sum(min(unit.values["spend"], 12) for unit in of) / len(of)

    def basket(of: list[Unit]) -> float:
        return sum(unit.values["spend"] for unit in of) / sum(unit.values.get("order", 0) for unit in of)

    for found, mean in ((capped, capped_mean), (ratio, basket)):
        expected = [
            mean([unit for unit in mine if unit.variant == a and other[unit.name] == b])
            for a in range(2)
            for b in range(2)
        ]
        assert [each["mean"] for each in found["others"][0]["cells"]] == pytest.approx(expected)


async def test_all_others_are_one_family_and_may_be_watched(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(1500, 2.5)
    async with worker(database_url) as pool:
        await shop(pool, mine)
        await another(pool, theirs, "depends")
        rng = random.Random(1)
        for name in ("silent", "quiet"):
            await another(pool, [Unit(u.name, rng.randint(0, 1), u.first_at) for u in mine], name)
        found = await asked(client)
        alone = await asked(client, **{"with": "depends"})
    assert (found["method"], found["correction"], found["not_looked_at"]) == ("always_valid", "holm", 0)
    assert found["others"][0]["experiment_key"] == "depends"
    assert [each["finding"] for each in found["others"]] == ["depends", "not_shown", "not_shown"]
    first = found["others"][0]["test"]
    assert first["family"] == 3
    assert first["adjusted_p_value"] == pytest.approx(3 * first["p_value"])
    assert first["fixed_p_value"] < first["p_value"]
    [other] = alone["others"]
    assert (other["test"]["family"], other["test"]["p_value"]) == (1, pytest.approx(first["p_value"]))


async def test_units_that_get_lost_on_the_way_to_the_other_are_told_before_any_effect(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(3000, 2.0, lost=0.4)
    async with worker(database_url) as pool:
        await shop(pool, mine)
        await another(pool, theirs)
        [other] = (await asked(client))["others"]
        # The same units, split alike by the same hash: each by itself is right.
        await another(
            pool,
            [Unit(u.name, u.variant if k % 4 else 1 - u.variant, u.first_at) for k, u in enumerate(mine)],
            "twin",
        )
        twin = (await asked(client, **{"with": "twin"}))["others"][0]
    assert (other["finding"], other["split"]["cause"]) == ("unequal_split", "this_reaches_other")
    assert other["test"] is not None
    assert (twin["finding"], twin["split"]["cause"]) == ("unequal_split", "drawn_together")


async def test_who_cannot_be_held_against_it_is_refused_by_name(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(400)
    async with worker(database_url) as pool:
        await shop(pool, mine)
        await another(
            pool,
            theirs,
            "bandit",
            type="thompson_sampling",
            primary_metric={"name": "clicks", "kind": "conversion"},
        )
        await another(pool, theirs[:60], "small")
        await another(pool, [], "apart")
        await make(pool, "draft", type="ab", variants=2, start=False)
        await make(pool, "pages", type="ab", variants=2, unit_type="page")
        await client.post("/api/v1/experiments", json={"name": "switch", "type": "flag", "value_type": "boolean", "variants": [
            {"key": "off", "value": False, "is_control": True}, {"key": "on", "value": True}]})  # fmt: skip
        everybody = await asked(client)
        refused = {each["experiment_key"]: each["refused"] for each in everybody["others"]}
        assert refused == {"bandit": "learned_weights", "small": "too_few_units", "apart": "no_units_in_both"}
        assert {each["experiment_key"]: each["units"] for each in everybody["others"]} == {
            "bandit": 400,
            "small": 60,
            "apart": 0,
        }
        for name, why in {"draft": "never_together", "pages": "other_unit_type"}.items():
            [other] = (await asked(client, **{"with": name}))["others"]
            assert (other["finding"], other["refused"], other["test"]) == ("refused", why, None)
            assert other["sentence"]
        [other] = (await asked(client, **{"with": "small", "metric": "p90"}))["others"]
        assert other["refused"] == "not_supported"
        [other] = (await asked(client, "/api/v1/experiments/bandit/interactions", **{"with": "shop"}))[
            "others"
        ]
        assert other["refused"] == "learned_weights"


async def test_a_layer_keeps_units_apart(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        answer = await client.post("/api/v1/layers", json={"key": "page", "name": "Page"})
        assert answer.is_success, answer.text
        await shop(pool, people(50)[0], layer={"key": "page", "share": 0.5})
        await make(pool, "neighbour", type="ab", variants=2, layer={"key": "page", "share": 0.5})
        assert (await asked(client))["others"] == []
        [other] = (await asked(client, **{"with": "neighbour"}))["others"]
        assert other["refused"] == "same_layer"


async def test_a_variant_that_is_paused_takes_no_part_and_its_units_are_counted(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    mine, theirs = people(1200)
    async with worker(database_url) as pool:
        await shop(pool, mine)
        third = [Unit(u.name, k % 3, u.first_at) for k, u in enumerate(theirs)]
        made = await make(
            pool, "banner", type="ab", variants=3, primary_metric={"name": "clicks", "kind": "mean"}
        )
        await keep(pool, made, third)
        before = (await asked(client))["others"][0]
        assert (before["test"]["df"], before["left_out"], len(before["cells"])) == (2, 0, 6)
        document = (await client.get("/api/v1/experiments/banner")).json()
        key = document["variants"][2]["key"]
        answer = await client.patch(
            "/api/v1/experiments/banner",
            json={"variants": [{"key": key, "state": "paused"}]},
            headers={"if-match": f'"{document["revision"]}"'},
        )
        assert answer.status_code == 200, answer.text
        after = (await asked(client, **{"with": "banner"}))["others"][0]
        assert (after["test"]["df"], after["left_out"], len(after["cells"])) == (1, 400, 4)


async def test_more_others_than_one_answer_holds_are_counted(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        await shop(pool, people(20)[0])
        for k in range(MOST_OTHERS + 2):
            await make(pool, f"other-{k}", type="ab", variants=2)
        found = await asked(client)
        assert (len(found["others"]), found["not_looked_at"]) == (MOST_OTHERS, 2)


async def test_bad_input_is_a_problem_that_says_where(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await shop(pool, people(20)[0])
        for query, pointer in (
            ({"with": "nobody"}, "/query/with"),
            ({"with": "shop"}, "/query/with"),
            ({"with": "no such key!"}, "/query/with"),
            ({"with": "\0"}, "/query/with"),
            ({"with": "x" * 129}, "/query/with"),
            ({"metric": "nothing"}, "/query/metric"),
        ):
            answer = await client.get(PATH, params=query)
            assert answer.status_code == 400, answer.text
            assert pointer in {each["pointer"] for each in answer.json()["errors"]}, query
        assert (await client.get("/api/v1/experiments/nobody/interactions")).status_code == 404


async def test_whoever_may_read_may_ask(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get(PATH)).status_code == 401
    answer = await guarded.get(PATH, headers={"authorization": f"Bearer {WRITER}"})
    assert answer.status_code == 404
