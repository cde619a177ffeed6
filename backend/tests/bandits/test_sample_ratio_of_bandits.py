"""The sample ratio of a bandit: its shares move with what came in, and yet each arm's residual is a standard normal number."""

from __future__ import annotations

import numpy as np
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.bandits.tallies import Tallies
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.sample_ratio import SampleRatio, sample_ratio
from scipy import stats

RATES, FLOOR = np.array([0.10, 0.11, 0.12, 0.13, 0.14]), 0.002
RUNS, FIRST, LAST = 400, 200, 8_000


def lives(rng: np.random.Generator) -> list[list[Epoch]]:
    """Thompson sampling side by side, republished on growth: what each version drew, and with what propensities."""
    wins = tries = np.zeros((RUNS, len(RATES)))
    logs: list[list[Epoch]] = [[] for _ in range(RUNS)]
    units = 0
    while units < LAST:
        size = max(FIRST, units // 10)
        e = FLOOR + (1 - FLOOR * len(RATES)) * ThompsonSampling().shares(Tallies(tries, wins))
        drawn = rng.multinomial(size, e / e.sum(axis=1, keepdims=True))
        wins, tries, units = wins + rng.binomial(drawn, RATES), tries + drawn, units + size
        for log, counts, shares in zip(logs, drawn.tolist(), e.tolist(), strict=True):
            log.append(Epoch(tuple(counts), tuple(shares)))
    return logs


def test_a_sound_bandit_is_rejected_as_often_as_the_level_says() -> None:
    """Z = Σ(1{drawn} − e) ÷ √Σe(1 − e) over fresh assignments is a sum of martingale differences, whatever the policy did."""
    z, mismatches = [], 0
    for log in lives(np.random.default_rng(20261120)):
        found = sample_ratio(log)
        assert isinstance(found, SampleRatio)
        z.append([each.residual for each in found.variants])
        mismatches += found.mismatch
    rejected = np.abs(np.array(z, dtype=np.float64)) > stats.norm.isf(0.025)
    assert rejected.shape == (RUNS, len(RATES))
    assert 0.04 <= rejected.mean() <= 0.06
    assert all(0.02 <= share <= 0.08 for share in rejected.mean(axis=0))
    assert mismatches <= RUNS // 100  # the alarm itself is always valid, at 1 %


def test_a_bandit_that_loses_units_of_one_arm_is_found() -> None:
    rng = np.random.default_rng(20261120)
    for _ in range(20):
        log = []
        for e in ((0.5, 0.5), (0.2, 0.8), (0.1, 0.9)):
            first, second = rng.multinomial(3_000, e)
            log.append(Epoch((int(first), int(rng.binomial(second, 0.8))), e))
        found = sample_ratio(log)
        assert isinstance(found, SampleRatio)
        assert found.mismatch
        assert found.variants[1].share_deviation < 0
