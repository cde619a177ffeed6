"""Units that come back: what sticks sticks, what is drawn anew has the shares in force, and what it costs not to move."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.bandits.environments import ENVIRONMENTS
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.bandits.returning import Keep, Stickiness, Visits
from litmus_server.bandits.simulate import Design, simulate
from litmus_server.processes.simulation import Refusal, compare, table
from numpy.typing import NDArray
from scipy import stats

RUNS, HORIZON, ARMS = 40, 600, 3
KEPT = [Stickiness(Keep.FOREVER), Stickiness(Keep.TTL, 150), Stickiness(Keep.SOFT), Stickiness(Keep.NONE)]


def lived(
    stickiness: Stickiness, shares: list[list[float]], seed: int = 1, step: int = 20
) -> tuple[Visits, NDArray[np.int64]]:
    """The arm of every visit of every run; the shares take turns from step to step."""
    rng = np.random.default_rng(seed)
    visits = Visits(rng, HORIZON, 5, stickiness, RUNS, ARMS)
    parts = [
        visits.arms(rng, start, start + step, np.tile(shares[number % len(shares)], (RUNS, 1)))
        for number, start in enumerate(range(0, HORIZON, step))
    ]
    return visits, np.concatenate(parts, axis=1)


@settings(deadline=None)
@given(
    st.sampled_from(KEPT), st.integers(0, 99), st.sampled_from([20, 100, 600]),
    st.lists(st.tuples(*[st.floats(0.01, 1)] * ARMS), min_size=1, max_size=4),
)  # fmt: skip
def test_an_arm_changes_only_where_a_visit_is_drawn_or_its_share_has_moved(
    stickiness: Stickiness, seed: int, step: int, weights: list[tuple[float, ...]]
) -> None:
    shares = [[each / sum(row) for each in row] for row in weights]
    visits, arms = lived(stickiness, shares, seed, step)
    drawn: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, unit in enumerate(visits._who.tolist()):
        fresh = bool(visits.fresh[at])
        assert fresh or unit in last
        if unit in last and not fresh:
            moved = arms[:, at] != arms[:, last[unit]]
            now, before = (shares[place // step % len(shares)] for place in (at, last[unit]))
            if stickiness.keep is not Keep.SOFT or now == before:
                assert not moved.any()
            # A unit leaves only for an arm whose share has grown against that of the one that it had.
            for run in np.flatnonzero(moved):
                old, new = arms[run, last[unit]], arms[run, at]
                assert now[new] / before[new] > now[old] / before[old] * (1 - 1e-5)
        if fresh:
            if stickiness.ttl is not None and unit in drawn:
                assert at - drawn[unit] >= stickiness.ttl
            drawn[unit] = at
        elif stickiness.ttl is not None:
            assert at - drawn[unit] < stickiness.ttl
        last[unit] = at


@pytest.mark.parametrize("stickiness", KEPT, ids=lambda each: str(each.keep))
def test_what_is_drawn_has_the_shares_in_force(stickiness: Stickiness) -> None:
    shares = [0.5, 0.3, 0.2]
    visits, arms = lived(stickiness, [shares])
    counts = np.bincount(arms[:, visits.fresh].ravel(), minlength=ARMS)
    assert stats.chisquare(counts, np.array(shares) * counts.sum()).pvalue > 0.001


def test_who_keeps_losers_for_ever_pays_for_it_and_drawing_anew_gets_most_of_it_back() -> None:
    world = replace(ENVIRONMENTS["fivemodel"], visits=5)
    regret = {
        each.keep: simulate(world, Design(ThompsonSampling(), stickiness=each), np.random.default_rng(7), runs=40).final.mean()
        for each in (Stickiness(Keep.FOREVER), Stickiness(Keep.TTL, 500), Stickiness(Keep.SOFT), Stickiness(Keep.NONE))
    }  # fmt: skip
    assert regret[Keep.FOREVER] > 1.5 * regret[Keep.TTL]
    assert regret[Keep.TTL] < 1.35 * regret[Keep.NONE]
    assert regret[Keep.SOFT] < 1.35 * regret[Keep.NONE]


def test_ways_to_keep_units_are_compared_side_by_side() -> None:
    found = compare(
        rates="0.1,0.3",
        policies=["thompson_sampling"],
        runs=4,
        horizon=400,
        visits=4,
        sticky=["forever", "ttl:50"],
    )
    assert [each.name for each in found.curves] == ["thompson_sampling, forever", "thompson_sampling, ttl:50"]
    assert "4 visits a unit" in table(found)


@pytest.mark.parametrize(
    ("visits", "sticky", "said"),
    [
        (1, "forever", "give --visits"),
        (5, "always", "--sticky is one of forever, ttl, soft, none"),
        (5, "ttl", "ttl is given with its decisions"),
        (5, "ttl:0", "ttl is given with its decisions"),
        (5, "ttl:1.5", "a whole number of decisions"),
        (5, "none:3", "the others without"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_a_sentence(visits: int, sticky: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        compare(rates="0.1,0.3", runs=4, horizon=400, visits=visits, sticky=[sticky])
