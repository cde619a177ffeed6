"""The notebook of `examples/` computes every number of a report again: of experiments that are drawn by chance, of all kinds at once."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litmus_server.analysis.document import computed
from litmus_server.analysis.export import exported
from litmus_server.domain.holdback import Baseline, Held
from litmus_server.domain.look import Look
from litmus_server.ports import Facts
from litmus_server.stats.moments import MICRO
from litmus_server.stats.quantiles import bucket
from litmus_server.stats.sheet import Measure, Sheet, Strip
from notebook import NOTEBOOK, cells, recomputed
from sheets import TODAY, Unit, entry, facts, metric, sheet

OLD = TODAY - 240
FIXED = ("ab", "bayesian_ab")
COHORTS = (
    (OLD,),
    (OLD, OLD + 24, OLD + 48, TODAY - 24, TODAY),
    tuple(OLD - 480 + 24 * day for day in range(28)),
)


def anything(seed: int) -> Facts:
    """An experiment of any type, plan, metrics, weights, shape and size, some with looks that were taken."""
    rng = random.Random(seed)
    pick = rng.choice
    kind, arms, planned = (
        pick(("ab", "ab", *FIXED, "thompson_sampling", "ucb", "linucb")),
        pick((2, 2, 3, 4)),
        pick((None, 500, 4000)),
    )
    metrics = [
        metric(1, name="first", kind=pick(("conversion", "mean") if kind != "bayesian_ab" else ("conversion",)), direction=pick(("increase", "decrease")))
    ]  # fmt: skip
    for k in range(rng.randint(0, 3)):
        role = pick(("secondary", "guardrail"))
        margin = pick((None, 0.01, 0.2)) if role == "guardrail" else None
        metrics.append(
            metric(2 + k, name=f"m{k}", kind=pick(("conversion", "mean")), role=role, direction=pick(("increase", "decrease")), margin=margin)
        )  # fmt: skip
    shares = {epoch: split(rng, arms) for epoch in range(1, 1 + pick((1, 1, 2, 5)))}
    units = lived(rng, metrics, shares, pick((0, 1, 2, 5, 40, 150, 400)) * arms, pick(COHORTS))
    more: dict[str, Any] = {"shares": shares, "past": [(0.01, 0.02), (-0.03, 0.01)]}
    if kind not in FIXED:
        more["propensities"] = shares[len(shares)]
    document = entry(
        metrics, arms, type=kind, analysis=a_plan(rng, planned), planned_units=planned, parameters=chosen(rng, kind, metrics),
        status=pick(("running", "running", "paused", "completed")), weights=shares[len(shares)], significance=pick((0.95, 0.9, 0.99)),
        min_sample_size=pick((None, 100)), holdback=None if kind in FIXED else pick((None, {"share": 50_000, "to": pick(("uniform", "control"))})),
    )  # fmt: skip
    if arms == 4 and kind == "ab" and pick((True, False)):
        document["cells"] = [{"size": size, "color": color} for size in "sl" for color in "rb"]
    if rng.random() < 0.3:
        document["variants"][rng.randrange(arms)]["state"] = "paused"
    if kind == "linucb" and units[1]:
        more["held"] = apart(rng, units[1], metrics[0]["kind"])
    looks: list[Look] = []
    for part in (1, 2):  # looks are kept as the worker keeps them
        some = {number: of[: len(of) * part // 3] for number, of in units.items()}
        looks += computed(facts(document, sheet(metrics, some), looks=looks, **more)).looks
    return facts(document, sheet(metrics, units), looks=looks, **more)


def split(rng: random.Random, arms: int) -> list[int]:
    """Weights in ppm, some of them zero."""
    raw = [rng.choice((0, 1, 1, 2, 5)) for _ in range(arms)]
    raw[rng.randrange(arms)] += 1
    shares = [1_000_000 * each // sum(raw) for each in raw]
    shares[max(range(arms), key=lambda k: shares[k])] += 1_000_000 - sum(shares)
    return shares


def lived(
    rng: random.Random, metrics: list[dict[str, Any]], shares: dict[int, list[int]], count: int, cohorts: tuple[int, ...]
) -> dict[int, list[Unit]]:  # fmt: skip
    rate, lift, base, spread = (
        rng.choice((0, 0.01, 0.1, 0.5, 1)),
        rng.choice((0, 0.1)),
        rng.choice((0, -3, 20)),
        rng.choice((0, 1, 5)),
    )
    before = rng.random() < 0.5
    units: dict[int, list[Unit]] = {each["id"]: [] for each in metrics}
    for _ in range(count):
        epoch, cohort = rng.choice(list(shares)), rng.choice(cohorts)
        arm = rng.choices(range(len(shares[1])), shares[epoch])[0] if rng.random() > 0.002 else 0
        x = round(rng.expovariate(0.2), 2) if before else 0.0
        for each in metrics:
            if each["kind"] == "conversion":
                units[each["id"]].append(
                    (arm, epoch, cohort, float(rng.random() < rate * (1 + lift * arm)), 0.0)
                )
            else:
                value = round(base + 0.5 * x + rng.gauss(5 * lift * arm, 1) * spread, 2)
                units[each["id"]].append((arm, epoch, cohort, value, x))
    return units


def apart(rng: random.Random, units: list[Unit], kind: str) -> list[Held]:
    """These units as if some of them had been held back, in two shares one after the other."""
    found = []
    for part, share in enumerate((200_000, 500_000)):
        mine = [(round(unit[3] * MICRO), rng.random() < share / 1e6) for unit in units[part::2]]
        for side in (False, True):
            values = [
                value if kind == "mean" else bool(value) * MICRO for value, held in mine if held is side
            ]
            powers = (sum(value**power for value in values) for power in (1, 2, 3))
            found.append(
                Held(Baseline.UNIFORM, share, side, len(values), sum(value != 0 for value in values), *powers)
            )
    return found


def a_plan(rng: random.Random, planned: int | None) -> dict[str, Any]:
    pick = rng.choice
    return {
        "method": pick((None, "always_valid", "fixed") + (("hybrid", "group_sequential") if planned else ())),
        "correction": pick(("none", "holm", "benjamini_hochberg")), "scope": pick(("metric", "experiment", "primary")),
        "adjustment": pick(("none", "cuped", "ancova", "lin")), "looks": pick((1, 3, 5)), "spending": pick(("obrien_fleming", "pocock")),
        "minimum_effect": pick((None, 0.02, 0.3)), "minimum_days": pick((0, 7, 60)), "power": pick((0.8, 0.9)),
        "prior": pick(({"mean": 0.0, "sd": 0.05}, {"mean": 0.01, "sd": 0.5}, "flat", "fitted")),
    }  # fmt: skip


def chosen(rng: random.Random, kind: str, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    parameters = {"prior_alpha": rng.choice((1.0, 2.5)), "prior_beta": rng.choice((1.0, 30.0))}
    if kind == "bayesian_ab":
        return parameters | {"early_stopping_threshold": 0.99}
    if kind in ("thompson_sampling", "ucb"):
        parameters["floor"] = rng.choice((0.0, 0.01, 0.05))
        if rng.random() < 0.4:
            parameters |= {"half_life_days": 3.0, "window_days": 12.0}
        if rng.random() < 0.4 and metrics[0]["kind"] == "conversion":
            parameters["mean_delay_hours"] = 30.0
    return parameters


@pytest.mark.parametrize("seed", range(24))
def test_every_number_of_any_report_is_computed_again(seed: int, tmp_path: Path) -> None:
    found = recomputed(msgspec.json.encode(exported(anything(seed))), tmp_path)
    assert len(found["computed"]) > 40


@pytest.mark.parametrize(
    ("kind", "direction", "holdback"),
    [("conversion", "increase", {"share": 100_000, "to": "uniform"}), ("mean", "decrease", None)],
)
def test_what_a_contextual_policy_has_brought_is_computed_again(
    kind: str, direction: str, holdback: dict[str, Any] | None, tmp_path: Path
) -> None:
    rng = random.Random(3)

    def value() -> float:
        return float(rng.random() < 0.4) if kind == "conversion" else rng.gauss(3, 2)

    units = [(rng.randrange(2), 1, TODAY, round(value(), 3), 0.0) for _ in range(1500)]
    one = metric(1, kind=kind, direction=direction)
    made = facts(
        entry([one], type="lints", holdback=holdback),
        sheet([one], {1: units}),
        held=apart(rng, units, kind),
        propensities=[500_000, 500_000],
    )
    found = recomputed(msgspec.json.encode(exported(made)), tmp_path)
    shown = found["mine"]["contextual"]["holdback"]
    assert None not in (*shown["brought"].values(), *shown["per_unit"].values())


def test_ratios_and_quantiles_are_computed_again_too(tmp_path: Path) -> None:
    rng = random.Random(8)
    wait = metric(
        1, name="wait", kind="quantile", quantile=0.9, role="guardrail", direction="decrease", margin=0.1
    )
    basket = metric(2, name="basket", kind="ratio", numerator="spend", denominator="order")
    plain, joint, buckets = {}, {}, {}
    for arm in range(2):
        counts: dict[int, int] = {}
        for _ in range(770):
            place = bucket(round(rng.lognormvariate(3, 0.5) * MICRO))
            counts[place] = counts.get(place, 0) + 1
        pairs = [(rng.randint(1, 9) + arm, rng.randint(1, 3)) for _ in range(800)]
        y, d = ([each[k] * MICRO for each in pairs] for k in range(2))
        products = [sum(a * b for a, b in zip(u, v, strict=True)) for u, v in ((y, y), (y, d), (d, d))]
        cubes = [
            sum(a * b * c for a, b, c in zip(u, v, w, strict=True))
            for u, v, w in ((y, y, y), (y, y, d), (y, d, d), (d, d, d))
        ]
        plain[0, arm] = Strip((1,), (OLD,), ((800, 0, 0, 0, 0, 0, 0),))
        joint[2, arm] = Strip((1,), (OLD,), ((sum(y), sum(d), *products, *cubes),))
        buckets[1, arm] = counts
    sums = Sheet(24, {1: Measure(), 2: Measure(outcomes=2)}, plain, joint, buckets)
    found = recomputed(msgspec.json.encode(exported(facts(entry([basket, wait]), sums))), tmp_path)
    assert {f"metrics.effects.{name}" for name in ("difference.lower", "p_value")} <= found["kinds"].keys()


def test_a_figure_that_is_off_by_a_millionth_is_found_wherever_it_stands(tmp_path: Path) -> None:
    metrics = [
        metric(1, name="order", kind="conversion"),
        metric(2, name="spend", role="guardrail", margin=0.02),
    ]
    rng = random.Random(3)
    units = lived(rng, metrics, {1: [500_000, 500_000]}, 900, COHORTS[1])
    document = entry(
        metrics, planned_units=2000, analysis={"looks": 4, "minimum_effect": 0.02, "method": "always_valid"}
    )
    found = recomputed(msgspec.json.encode(exported(facts(document, sheet(metrics, units)))), tmp_path)
    report, mine, wrong, left_over = (found[name] for name in ("report", "mine", "wrong", "left_over"))

    def changed(path: tuple[str | int, ...], value: object) -> None:
        """The walk again, with this leaf; put back afterwards."""
        place = report
        for each in path[:-1]:
            place = place[each]
        was = place.get(path[-1]) if isinstance(place, dict) else place[path[-1]]
        place[path[-1]] = value
        found["walk"](report, mine)
        place[path[-1]] = was

    assert len(found["computed"]) > 150
    for path in found["computed"]:
        value = json.loads(json.dumps(report))
        for each in path:
            value = value[each]
        changed(path, value * (1 + 1e-6) if value else 1e-6)
        assert path in [each[0] for each in wrong], path
        wrong.clear()
    changed(("verdict", "surprise"), 0.5)
    assert [path for path, _ in left_over] == [("verdict", "surprise")]


def test_the_notebook_uses_nothing_of_ours_and_has_no_output_in_it() -> None:
    assert "import litmus" not in cells()
    assert "from litmus" not in cells()
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs")


def test_every_section_that_the_notebook_lists_is_in_it() -> None:
    found = json.loads(NOTEBOOK.read_text())["cells"]
    text = ["".join(cell["source"]) for cell in found if cell["cell_type"] == "markdown"]
    titles = {
        each.splitlines()[0].removeprefix("## ").replace(" ", "-") for each in text if each.startswith("## ")
    }
    listed = {part.split(")")[0] for part in text[0].split("](#")[1:]}
    assert listed == titles
