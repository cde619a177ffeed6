"""Decisions a second in one process, and their ratio to a bare loop of SHA-256 and bisect in the same run.

    python bench/decide.py [--units 200000] [--rounds 5]

The best round counts: what disturbs a round is the neighbours, never the kernel.
"""

import argparse
import json
import platform
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import cycle, islice

from litmus.decide import Experiment, compile_entry, decide

WEIGHTS = [200_000] * 5
TWO_RULES = {
    "all": [
        {"attribute": "country", "operator": "in", "value": ["CA", "DE", "FR", "JP"]},
        {"attribute": "age", "operator": "greater_or_equal", "value": 18},
    ]
}
PEOPLE: list[Mapping[str, object]] = [
    {"country": "CA", "age": 30, "device": "phone"},
    {"country": "US", "age": 51, "device": "phone"},
    {"country": "DE", "age": 17, "device": "desktop"},
    {"country": "JP", "age": 44, "device": "desktop"},
]


def entry(**changes: object) -> Experiment:
    variants = [
        {"id": f"v{k}", "key": f"model_{k}", "name": f"Model {k}", "ordinal": k, "state": "active"}
        for k in range(5)
    ]
    document = {
        "id": "11111111-1111-4111-8111-111111111111",
        "key": "bench",
        "revision": 1,
        "status": "running",
        "type": "ab",
        "unit_type": "user",
        "salt": "0123456789abcdef",
        "traffic": 1_000_000,
        "variants": variants,
        "weights": WEIGHTS,
        "epoch": 1,
    }
    return compile_entry(document | changes)


def bare(units: Sequence[str], _: Sequence[Mapping[str, object]]) -> None:
    salted = b"variant:0123456789abcdef:"
    thresholds = (200_000, 400_000, 600_000, 800_000, 1_000_000)
    for unit in units:
        h32 = int.from_bytes(sha256(salted + unit.encode()).digest()[:4], "big")
        bisect_right(thresholds, h32 * 1_000_000 >> 32)


def deciding(experiment: Experiment) -> Callable[[Sequence[str], Sequence[Mapping[str, object]]], None]:
    def run(units: Sequence[str], people: Sequence[Mapping[str, object]]) -> None:
        for unit, attributes in zip(units, people, strict=True):
            decide(experiment, unit, attributes)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    units = [f"user-{number}" for number in range(options.units)]
    people = list(islice(cycle(PEOPLE), options.units))
    layer = {"salt": "fedcba9876543210", "from": 0, "to": 900_000}
    cases = {
        "bare sha256 + bisect": bare,
        "full traffic, no layer": deciding(entry()),
        "layer, 50 % traffic, two rules": deciding(entry(layer=layer, traffic=500_000, audience=TWO_RULES)),
        "the same, every unit goes all the way": deciding(
            entry(layer=layer | {"to": 1_000_000}, traffic=999_999, audience={"not": {"not": TWO_RULES}})
        ),
    }
    best: dict[str, float] = dict.fromkeys(cases, 0.0)
    for _ in range(options.rounds):
        for name, run in cases.items():
            given = [PEOPLE[0]] * len(people) if name.startswith("the same") else people
            start = time.perf_counter()
            run(units, given)
            best[name] = max(best[name], len(units) / (time.perf_counter() - start))
    for name, rate in best.items():
        print(f"{name:40} {rate:>10,.0f} /s   {rate / best['bare sha256 + bisect']:.2f} of bare")
    print(
        json.dumps(
            {"python": platform.python_version(), **{name: round(rate) for name, rate in best.items()}}
        )
    )


if __name__ == "__main__":
    main()
