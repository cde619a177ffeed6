"""Experiments whose truth is known, looked at again and again: what the sequential methods promise, counted.

For tests and calibration. Statistics are computed as `estimators` does, for many experiments at once, and judged by the product's
own critical values and start rule. It must not know a real clock or dice of its own: the generator is an argument.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats import start
from litmus_server.stats.critical import RESERVE, best_ratio, log_evidence, normal_score
from litmus_server.stats.group_sequential import Spending, boundaries

_Array = NDArray[np.float64]
_AT_ONCE = 4_000_000  # values that are drawn together: they stay in memory, 32 MB


@dataclass(frozen=True, slots=True)
class Law:
    """How a unit's value is drawn; `binary` values are compared as proportions."""

    draw: Callable[[np.random.Generator, tuple[int, ...]], _Array]
    binary: bool = False


def _bernoulli(rate: float) -> Law:
    return Law(lambda rng, size: (rng.random(size) < rate).astype(np.float64), binary=True)


def _revenue(rng: np.random.Generator, size: tuple[int, ...]) -> _Array:
    """One unit in twenty buys, for a log-normal amount."""
    return np.asarray(np.where(rng.random(size) < 0.05, np.exp(rng.standard_normal(size)), 0.0))


LAWS: Mapping[str, Law] = {
    "normal": Law(lambda rng, size: rng.standard_normal(size)),
    "bernoulli 0.01": _bernoulli(0.01),
    "bernoulli 0.05": _bernoulli(0.05),
    "exponential": Law(lambda rng, size: rng.standard_exponential(size)),
    "zero-inflated revenue": Law(_revenue),
    "log-normal, sigma 2": Law(lambda rng, size: np.exp(2 * rng.standard_normal(size))),
}
"""The laws of the calibration: what metrics look like, and what breaks the normal approximation."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Experiments without an effect, and what is seen of each at each look: arrays of (experiments, looks).

    `fraction` (looks) is the information ÷ that of the end; `open` is where the start rule lets monitoring begin.
    """

    statistic: _Array
    df: _Array
    open: NDArray[np.bool_]
    fraction: _Array
    treatment_units: NDArray[np.int64]

    def first_open(self) -> _Array:
        """The units of treatment at the first look that is open, infinite where none is: one for each experiment."""
        return np.where(self.open.any(axis=1), self.treatment_units[self.open.argmax(axis=1)], inf)


def watch(
    law: Law,
    in_treatment: int,
    rng: np.random.Generator,
    *,
    runs: int,
    units: int = 100_000,
    each: int = 100,
) -> Watched:
    """Look `units` ÷ `each` times, after `each` more units, `in_treatment` of which get the treatment."""
    looks = units // each
    n1 = np.arange(1, looks + 1) * in_treatment
    n0 = np.arange(1, looks + 1) * (each - in_treatment)
    parts = []
    chunk = max(1, _AT_ONCE // units)
    for begin in range(0, runs, chunk):
        size = (min(chunk, runs - begin), looks, each)
        y = law.draw(rng, size)
        parts.append([_sums(y[:, :, :in_treatment]), _sums(y[:, :, in_treatment:])])
    s1, s0 = (np.concatenate([part[arm] for part in parts], axis=1) for arm in (0, 1))
    statistic, df = _statistics(law.binary, s1, s0, n1, n0)
    return Watched(
        statistic,
        df,
        _open(law.binary, s1, s0, n1, n0),
        (n1 * n0) / (n1[-1] * n0[-1]) * (n1[-1] + n0[-1]) / (n1 + n0),
        n1,
    )


def _sums(y: _Array) -> _Array:
    """Running Σ 1{y ≠ 0}, Σ y, Σ y², Σ y³ of (experiments, looks, units): four arrays of (experiments, looks)."""
    square = y * y
    terms = ((y != 0).sum(axis=2), y.sum(axis=2), square.sum(axis=2), (square * y).sum(axis=2))
    return np.cumsum(np.stack(terms).astype(np.float64), axis=2)


def _statistics(
    binary: bool, s1: _Array, s0: _Array, n1: NDArray[np.int64], n0: NDArray[np.int64]
) -> tuple[_Array, _Array]:
    """The score statistic of two proportions, or Welch's t with its degrees of freedom; 0 where there is none."""
    m1, m0 = s1[1] / n1, s0[1] / n0
    with np.errstate(invalid="ignore", divide="ignore"):
        if binary:
            p = (s1[1] + s0[1]) / (n1 + n0)
            t = (m1 - m0) / np.sqrt(p * (1 - p) * (1 / n1 + 1 / n0))
            return np.where(np.isfinite(t), t, 0.0), np.full_like(t, inf)
        v1, v0 = (s1[2] - n1 * m1**2) / (n1 - 1) / n1, (s0[2] - n0 * m0**2) / (n0 - 1) / n0
        usable = (v1 > 0) & (v0 > 0)
        t = np.where(usable, (m1 - m0) / np.sqrt(v1 + v0), 0.0)
        df = np.where(usable, (v1 + v0) ** 2 / (v1**2 / (n1 - 1) + v0**2 / (n0 - 1)), 1.0)
    return t, df


def _open(
    binary: bool, s1: _Array, s0: _Array, n1: NDArray[np.int64], n0: NDArray[np.int64]
) -> NDArray[np.bool_]:
    n, (_, first, second, third) = n1 + n0, s1 + s0
    mean = first / n
    scatter = second / n - mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness = (third / n - 3 * mean * second / n + 2 * mean**3) / scatter**1.5
    skew = np.where(scatter > 0, start.skew_of_difference(skewness, n1, n0), 0.0)
    enough = np.minimum(n1, n0) >= start.LEAST_UNITS
    values = np.minimum(s1[0], s0[0]) >= start.LEAST_VALUES
    if binary:
        values &= np.minimum(n1 - s1[0], n0 - s0[0]) >= start.LEAST_VALUES
    return np.asarray(enough & values & (skew <= start.MOST_SKEW))


def always_valid(watched: Watched, alpha: float = 0.05) -> NDArray[np.bool_]:
    """Which experiments are rejected at some open look by the mixture that is tuned to the end: one for each experiment."""
    evidence = log_evidence(watched.statistic, watched.fraction * best_ratio(alpha), watched.df)
    return np.asarray(((evidence > -log(alpha)) & watched.open).any(axis=1))


def planned(
    watched: Watched, looks: Sequence[int], alpha: float = 0.05, spending: Spending | None = None
) -> NDArray[np.bool_]:
    """Which are rejected at one of these looks (their indices), where those that are not open are no looks at all."""
    score = np.abs(normal_score(watched.statistic[:, looks], watched.df[:, looks]))
    open_, fractions = watched.open[:, looks], watched.fraction[list(looks)]
    rejected = np.zeros(len(score), dtype=np.bool_)
    for pattern in np.unique(open_, axis=0):
        if not pattern.any():
            continue
        rows = (open_ == pattern).all(axis=1)
        bounds = np.array(boundaries(fractions[pattern].tolist(), alpha, spending))
        rejected[rows] = (score[rows][:, pattern] > bounds).any(axis=1)
    return rejected


def hybrid(watched: Watched, looks: Sequence[int], alpha: float = 0.05) -> NDArray[np.bool_]:
    """Which are rejected by planned looks or, at any look, by the reserve: the default method."""
    return planned(watched, looks, alpha * (1 - RESERVE)) | always_valid(watched, alpha * RESERVE)


def plan(looks: int, of: int) -> list[int]:
    """The indices of `looks` evenly spaced looks of `of`, the last one included."""
    return [round((k + 1) * of / looks) - 1 for k in range(looks)]
