"""Contextual decisions a second in one process, with five arms and twenty numbers as features: one thread, from the attributes
to the variant.

    python bench/contextual.py [--people 2000] [--rounds 7]
    uv run --with mabwiser --with vowpalwabbit python bench/contextual.py     # beside other libraries, in the same run

What others time is a prediction for one row; ours validates and encodes the attributes, computes the shares of all arms in
ppm, and draws by the bucket of the unit. The best round counts. Set OPENBLAS_NUM_THREADS=1 for one thread.
"""

import argparse
import json
import platform
import time
from bisect import bisect_right
from collections.abc import Callable
from importlib import import_module
from itertools import accumulate
from typing import Any

import numpy as np
from litmus.decide import bucket
from litmus_server.bandits.contextual import MICRO, Sums, fit, read_model
from litmus_server.bandits.contextual_draw import Drawing
from litmus_server.domain.draft import PARAMETERS, ExperimentType
from litmus_server.domain.features import Feature, FeatureType, Schema

ARMS, FEATURES, LEARNED = 5, 20, 2_000
BARS = {"linucb": 60_000, "lints": 8_000}


def data(people: int) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(0)
    examples = rng.random((LEARNED, FEATURES))
    truth = rng.normal(0, 0.1, (ARMS, FEATURES))
    arms = rng.integers(0, ARMS, LEARNED)
    rewards = (rng.random(LEARNED) < 0.3 + (examples * truth[arms]).sum(axis=1)).astype(int)
    return examples, arms, rewards, rng.random((people, FEATURES))


def ours(kind: str, examples: Any, arms: Any, rewards: Any) -> Drawing:
    names = [f"x{k}" for k in range(FEATURES)]
    schema = Schema(tuple(Feature(name, FeatureType.NUMBER, 0, 1, required=True) for name in names))
    vectors = np.array([schema.encode(dict(zip(names, row, strict=True))) for row in examples.tolist()])
    lower, sums = np.tril_indices(FEATURES + 1), []
    for arm in range(ARMS):
        x, r = vectors[arms == arm], rewards[arms == arm] * MICRO
        sums.append(Sums(len(x), (x.T @ x)[lower].tolist(), (x.T @ r).tolist(), int((r**2).sum())))
    taken = PARAMETERS[ExperimentType(kind)].items()
    parameters = {name: each.default for name, each in taken if each.default is not None}
    document = fit(kind, parameters, sums, schema, higher_is_better=True, binary=True)
    model = read_model(document, kind, schema, ARMS)
    keys = tuple(f"arm-{k}" for k in range(ARMS))
    return Drawing(kind, schema, keys, (True,) * ARMS, (1_000_000 // ARMS,) * ARMS, model)


def deciding(drawing: Drawing, rows: Any) -> Callable[[], object]:
    people = [{f"x{k}": value for k, value in enumerate(row)} for row in rows.tolist()]
    units = [f"user-{number}" for number in range(len(people))]

    def run() -> None:
        for unit, person in zip(units, people, strict=True):
            bisect_right(
                list(accumulate(drawing.draw(person).shares)), bucket("variant:0123456789abcdef", unit)
            )

    return run


def mabwiser(kind: str, examples: Any, arms: Any, rewards: Any, rows: Any) -> Callable[[], object] | None:
    try:
        library = import_module("mabwiser.mab")
    except ImportError:
        return None
    policy = library.LearningPolicy.LinUCB(0.5) if kind == "linucb" else library.LearningPolicy.LinTS(0.65)
    bandit = library.MAB(list(range(ARMS)), policy)
    bandit.fit(arms, rewards, examples)
    singles = [row[None] for row in rows]
    return lambda: [bandit.predict(row) for row in singles]


def vowpal(examples: Any, arms: Any, rewards: Any, rows: Any) -> Callable[[], object] | None:
    try:
        library = import_module("vowpalwabbit")
    except ImportError:
        return None
    workspace = library.Workspace(f"--cb_explore {ARMS} --squarecb --quiet")

    def words(row: Any) -> str:
        return " ".join(f"x{k}:{value:.6f}" for k, value in enumerate(row))

    for row, arm, reward in zip(examples, arms, rewards, strict=True):
        workspace.learn(f"{arm + 1}:{-reward}:{1 / ARMS} | {words(row)}")
    texts = [f"| {words(row)}" for row in rows]
    return lambda: [workspace.predict(text) for text in texts]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    examples, arms, rewards, rows = data(options.people)
    cases: dict[str, Callable[[], object] | None] = {
        f"Litmus {kind}": deciding(ours(kind, examples, arms, rewards), rows)
        for kind in ("linucb", "lints", "squarecb")
    }
    cases |= {
        f"MABWiser {kind}": mabwiser(kind, examples, arms, rewards, rows) for kind in ("linucb", "lints")
    }
    cases["Vowpal Wabbit squarecb"] = vowpal(examples, arms, rewards, rows)
    there = {name: run for name, run in cases.items() if run is not None}
    best = dict.fromkeys(there, 0.0)
    for _ in range(options.rounds):
        for name, run in there.items():
            start = time.perf_counter()
            run()
            best[name] = max(best[name], options.people / (time.perf_counter() - start))
    for name, rate in best.items():
        bar = BARS.get(name.removeprefix("Litmus "))
        print(f"{name:26} {rate:>10,.0f} /s" + (f"   bar {bar:,}" if bar else ""))
    print(
        json.dumps(
            {"python": platform.python_version(), **{name: round(rate) for name, rate in best.items()}}
        )
    )


if __name__ == "__main__":
    main()
