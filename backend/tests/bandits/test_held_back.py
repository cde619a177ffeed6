"""What a policy that decides by features has brought against its holdback: right on average, and safe to watch."""

from __future__ import annotations

from itertools import starmap

import numpy as np
import pytest
from litmus_server.bandits.held_back import Brought, brought, sums_of
from litmus_server.domain.holdback import Baseline, Held
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import AlwaysValid, Fixed, best_ratio
from litmus_server.stats.start import TooSkewed

MICRO = 1_000_000


def group(values: np.ndarray, share: int, *, held: bool) -> Held:
    whole = [round(float(value) * MICRO) for value in values]
    powers = (sum(value**power for value in whole) for power in (1, 2, 3))
    return Held(Baseline.UNIFORM, share, held, len(whole), sum(value != 0 for value in whole), *powers)


def rates(units: int, conversions: int, share: int, *, held: bool) -> Held:
    powers = (conversions * MICRO**power for power in (1, 2, 3))
    return Held(Baseline.UNIFORM, share, held, units, conversions, *powers)


def one_look(groups: list[Held], *, binary: bool = True, higher: bool = True) -> object:
    return brought(groups, Fixed(), alpha=0.05, binary=binary, higher_is_better=higher)


def test_half_and_half_it_is_the_difference_of_two_totals() -> None:
    groups = [rates(1000, 300, 500_000, held=False), rates(1000, 200, 500_000, held=True)]
    found = one_look(groups)
    assert isinstance(found, Brought)
    assert found.estimate == pytest.approx(100)
    assert found.others == 1000
    # Two independent totals, each of 1,000 units; what the mean explains is 100²/2000.
    assert found.upper - found.estimate == pytest.approx(1.96 * (2000 * 0.25 * 0.75 - 5) ** 0.5, rel=2e-3)
    less = one_look(groups, higher=False)
    assert isinstance(less, Brought)
    assert (less.estimate, less.lower, less.upper) == (-found.estimate, -found.upper, -found.lower)


def test_a_share_that_was_changed_does_not_mix_what_time_did_with_what_the_policy_did() -> None:
    """Twice as many convert later on, whoever decides; and the holdback is larger then."""
    groups = [
        *(rates(9000, 900, 100_000, held=False), rates(1000, 100, 100_000, held=True)),
        *(rates(5000, 1000, 500_000, held=False), rates(5000, 1000, 500_000, held=True)),
    ]
    found = one_look(groups)
    assert isinstance(found, Brought)
    assert found.estimate == pytest.approx(0, abs=1e-6)
    open_, held = (sums_of(groups, held=side) for side in (False, True))
    pooled = (held.s1 / held.n - open_.s1 / open_.n) / MICRO
    assert pooled == pytest.approx(0.047619, abs=1e-6)


@pytest.mark.parametrize(
    ("groups", "absent"),
    [
        ([], TooFew),
        ([rates(900, 300, 50_000, held=False), rates(49, 20, 50_000, held=True)], TooFew),
        ([rates(900, 300, 50_000, held=False), rates(60, 19, 50_000, held=True)], TooFew),
        ([rates(90_000, 900, 50_000, held=False), rates(2000, 20, 50_000, held=True)], TooSkewed),
    ],
)
def test_nothing_is_said_before_watched_figures_may_begin(groups: list[Held], absent: type[object]) -> None:
    assert isinstance(one_look(groups), absent)


def test_the_reason_to_wait_names_the_side_that_has_too_few_units() -> None:
    few, many = rates(49, 20, 50_000, held=True), rates(900, 300, 50_000, held=False)
    absent = one_look([many, few])
    assert isinstance(absent, TooFew)
    assert absent.reason == "monitoring units that are held back needs at least 50 units, and has 49"


def test_where_no_outcome_differs_there_is_no_interval() -> None:
    same = [group(np.full(500, 3.0), 500_000, held=side) for side in (False, True)]
    assert isinstance(one_look(same, binary=False), Undefined)


RUNS = 400
CHECKS = np.unique(np.geomspace(400, 6000, 25).astype(int))


def test_a_policy_that_brings_nothing_is_seldom_said_to_bring_something_however_often_one_looks() -> None:
    """The limit is 5 % and three standard errors; units come in segments that differ, and the policy knows them."""
    rng = np.random.default_rng(20)
    wrong = sum(starmap(_ever, ((rng, 0.2, 0.0) for _ in range(RUNS))))
    assert wrong / RUNS <= 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5


def test_what_it_brings_is_found_and_estimated_without_bias() -> None:
    rng = np.random.default_rng(21)
    assert sum(starmap(_ever, ((rng, 0.3, 0.1) for _ in range(40)))) >= 36
    found = [_last(rng, 0.3, 0.1) for _ in range(RUNS)]
    truth = 0.1 * 0.7 * CHECKS[-1]
    estimates = np.array([each.estimate for each in found])
    assert abs(estimates.mean() - truth) < 4 * estimates.std() / RUNS**0.5
    covered = np.mean([each.lower <= truth <= each.upper for each in found])
    assert covered >= 0.95 - 3 * (0.05 * 0.95 / RUNS) ** 0.5


def _world(rng: np.random.Generator, share: float, gain: float) -> tuple[np.ndarray, np.ndarray]:
    units = CHECKS[-1]
    held = rng.random(units) < share
    segment = rng.random(units) < 0.5
    return held, rng.random(units) < np.where(segment, 0.1, 0.4) + gain * ~held


def _groups(held: np.ndarray, converted: np.ndarray, share: float) -> list[Held]:
    ppm = round(share * 1e6)
    return [
        rates(int((held == side).sum()), int(converted[held == side].sum()), ppm, held=side)
        for side in (False, True)
    ]


def _said(held: np.ndarray, converted: np.ndarray, share: float) -> object:
    critical = AlwaysValid(len(held) / CHECKS[-1] * best_ratio(0.05))
    groups = _groups(held, converted, share)
    return brought(groups, critical, alpha=0.05, binary=True, higher_is_better=True)


def _ever(rng: np.random.Generator, share: float, gain: float) -> bool:
    """Whether the interval leaves out zero at any look."""
    held, converted = _world(rng, share, gain)
    for units in CHECKS:
        found = _said(held[:units], converted[:units], share)
        if isinstance(found, Brought) and not found.lower <= 0 <= found.upper:
            return True
    return False


def _last(rng: np.random.Generator, share: float, gain: float) -> Brought:
    found = _said(*_world(rng, share, gain), share)
    assert isinstance(found, Brought)
    return found
