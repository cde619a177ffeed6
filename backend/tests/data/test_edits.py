"""Editing what runs: whoever was assigned stays, and those who enter are those that the buckets say."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from math import floor
from random import Random
from typing import Any

import pytest

from .conftest import Door, opened

MILLION = 1_000_000
UNITS = [f"unit-{k}" for k in range(600)]


def place(purpose: str, salt: str, unit: str) -> int:
    """Where decision record 0001 says that a unit falls."""
    digest = sha256(f"{purpose}:{salt}:{unit}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * MILLION >> 32


class Judge:
    """What a person chose, and by it alone whom the draw admits and what it gives. It shares no code with the server."""

    def __init__(self, salt: str) -> None:
        self.salt, self.traffic = salt, 100_000
        self.weights = [300_000, 300_000, 400_000]
        self.active = [True, True, True]

    def drawn(self, unit: str) -> int | None:
        if place("traffic", self.salt, unit) >= self.traffic:
            return None
        weights = [weight if on else 0 for weight, on in zip(self.weights, self.active, strict=True)]
        bucket, running = place("variant", self.salt, unit), 0
        for ordinal, weight in enumerate(weights):
            running += weight
            if bucket < floor(Fraction(running * MILLION, sum(weights)) + Fraction(1, 2)):
                return ordinal
        raise AssertionError("beyond the last threshold")


def random_edit(dice: Random, judge: Judge) -> dict[str, Any]:
    """The next change, which the judge is told of, too."""
    match dice.randrange(5):
        case 0:
            judge.traffic = min(MILLION, judge.traffic + dice.randrange(60_000))
            return {"traffic_allocation": judge.traffic / MILLION}
        case 1:
            ends = sorted(dice.sample(range(1, MILLION), 2))
            judge.weights = [ends[0], ends[1] - ends[0], MILLION - ends[1]]
            given = [{"key": key, "weight": w / MILLION} for key, w in zip("abc", judge.weights, strict=True)]
            return {"variants": given}
        case 2 | 3:
            ordinal = dice.randrange(3)
            if sum(judge.active) > 1 or not judge.active[ordinal]:
                judge.active[ordinal] = not judge.active[ordinal]
            return {
                "variants": [
                    {"key": "abc"[ordinal], "state": "active" if judge.active[ordinal] else "paused"}
                ]
            }
        case _:
            return {"name": f"name {dice.random()}", "variants": [{"key": "b", "config": dice.random()}]}


async def asked(door: Door, units: list[str]) -> dict[str, dict[str, Any]]:
    requests = [{"experiment_id": "edited", "unit_id": unit} for unit in units]
    answer = await door.post("/api/v1/assignments", {"requests": requests})
    assert answer.status_code == 200, answer.text
    return {each["unit_id"]: each for each in answer.json()["assignments"]}


@pytest.mark.parametrize("seed", range(3))
async def test_fifty_random_edits_move_nobody_and_admit_exactly_those_that_the_buckets_say(
    door: Door, seed: int
) -> None:
    weights = [{"name": key, "weight": w} for key, w in (("a", 0.3), ("b", 0.3), ("c", 0.4))]
    made = await door.make("edited", traffic_allocation=0.1, variants=weights)
    judge, dice = Judge(made.salt), Random(seed)
    held: dict[str, int] = {}
    ordinals = {"a": 0, "b": 1, "c": 2}
    for _ in range(50):
        answer = await door.client.patch("/api/v1/experiments/edited", json=random_edit(dice, judge))
        assert answer.status_code == 200, answer.text
        for unit, said in (await asked(door, dice.sample(UNITS, 60))).items():
            expected = held.get(unit, judge.drawn(unit))
            assert said["in_experiment"] == (expected is not None), unit
            if expected is not None:
                assert ordinals[said["variant_key"]] == expected
                assert said["fresh"] == (unit not in held)
                held[unit] = expected
    rows = await door.fetch("select unit, variant, epoch from assignment")
    assert {row["unit"]: row["variant"] for row in rows} == held
    assert len({row["epoch"] for row in rows}) > 5
    # Another process, which has not seen any of them, says the same.
    async with opened(door.database_url) as other:
        again = await asked(other, sorted(held))
    assert {unit: ordinals[said["variant_key"]] for unit, said in again.items()} == held
    assert not any(said["fresh"] for said in again.values())
