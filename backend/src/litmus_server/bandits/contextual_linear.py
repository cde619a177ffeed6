"""One linear model an arm (disjoint ridge regression), and what LinUCB, LinTS and SquareCB make of it.

A_k = λI + Σ x·xᵀ, b_k = Σ r·x, θ_k = A_k⁻¹·b_k; the expected reward of a unit is θ_kᵀx, known to within √(xᵀA_k⁻¹x) times
a width (Li, Chu, Langford & Schapire, WWW 2010, algorithm 1; Agrawal & Goyal, ICML 2013). A version archives θ_k and
W_k = L_k⁻¹, where A_k = L_k·L_kᵀ: then xᵀA_k⁻¹x = |W_k·x|², which no rounding makes negative.

Scores are made of single multiplications and additions in a fixed order, so that they are the same to the last bit on every
processor: no BLAS.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.contextual import MICRO, InverseGap, Sums, floor_ppm, gamma, rounded, winner_takes
from litmus_server.bandits.contextual_contest import win_probabilities
from litmus_server.domain.expectation import UnitBelief
from litmus_server.domain.features import ONE

Array = NDArray[np.float64]

_PRIOR_UNITS = 10
"""Units that the prior guess of the noise counts for."""
_BINARY_VARIANCE = 0.25
"""The greatest variance of a reward of 0 or 1."""


class Solved(NamedTuple):
    """The regression of one arm in natural units: θ, W = L⁻¹, and the sum of its squared residuals."""

    theta: Array
    factor: Array
    residual: float


def solve(sums: Sums, ridge: float) -> Solved:
    """The ridge regression of what was learned of one arm."""
    d = len(sums.cross)
    gram = np.zeros((d, d))
    gram[np.tril_indices(d)] = np.array(sums.outer, dtype=np.float64) / ONE**2
    gram = gram + np.tril(gram, -1).T
    b = np.array(sums.cross, dtype=np.float64) / (ONE * MICRO)
    factor = np.tril(np.linalg.inv(np.linalg.cholesky(gram + ridge * np.eye(d))))
    theta = factor.T @ (factor @ b)
    residual = float(sums.squares) / MICRO**2 - 2 * theta @ b + theta @ gram @ theta
    return Solved(theta, factor, float(residual))


def fit_linear(
    kind: str,
    parameters: Mapping[str, float],
    sums: Sequence[Sums],
    *,
    higher_is_better: bool,
    binary: bool,
    solved: Sequence[Solved] | None = None,
) -> dict[str, Any]:
    """The linear part of a model document; `solved`: the arms' regressions, for who has them already.

    `noise` is the standard deviation of a reward around its expectation, over all arms: of the residuals, and of ten units of
    prior guess. `width` is what √(xᵀA⁻¹x) is multiplied by: `exploration` × noise for LinTS; for LinUCB `exploration` × the
    range of a reward, which is 1 for conversions and the standard deviation of all rewards for numbers.
    """
    solved = solved or [solve(each, parameters["ridge"]) for each in sums]
    units = sum(each.units for each in sums)
    spread = _BINARY_VARIANCE if binary else _variance(sums)
    residual = max(sum(each.residual for each in solved), 0.0)
    noise = float(np.sqrt((residual + _PRIOR_UNITS * spread) / (units + _PRIOR_UNITS)))
    unit = 1.0 if binary else float(np.sqrt(spread))
    exploration = parameters["exploration"]
    lower = np.tril_indices(len(sums[0].cross))
    return {
        "noise": noise,
        "width": exploration * (noise if kind == "lints" else unit),
        "gamma": gamma(exploration, len(sums), units) / (unit or 1.0),
        "floor": floor_ppm(parameters),
        "sign": 1 if higher_is_better else -1,
        "theta": _text(np.array([each.theta for each in solved])),
        "factor": _text(np.array([each.factor[lower] for each in solved])),
    }


def _variance(sums: Sequence[Sums]) -> float:
    """Of all rewards together. The last column of a vector is a constant."""
    units = sum(each.units for each in sums)
    if not units:
        return 0.0
    total = sum(each.cross[-1] for each in sums) / (ONE * MICRO)
    squares = sum(each.squares for each in sums) / MICRO**2
    return float(max(squares / units - (total / units) ** 2, 0.0))


class LinearModel:
    """A published linear model, and the rule by which its type decides."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Read what `contextual.fit` made."""
        arms, d = document["arms"], document["columns"]
        self._kind, self._floor, self._sign = document["type"], document["floor"], document["sign"]
        self._width = document["width"]
        self._gaps = InverseGap(document["gamma"], self._floor, self._sign)
        self._arms, self._d = arms, d
        # One column for each row of each W, and one for each θ: a unit's vector meets all of them at once.
        rows = np.zeros((arms, d, d))
        rows[:, *np.tril_indices(d)] = _array(document["factor"], (arms, d * (d + 1) // 2))
        theta = _array(document["theta"], (arms, d))
        stacked = np.concatenate([rows.transpose(1, 0, 2), theta[None]]) / ONE
        self._columns = np.ascontiguousarray(stacked.reshape((d + 1) * arms, d).T)

    def scores(self, vector: Sequence[float]) -> tuple[list[float], list[float]]:
        """Each arm's expected reward, and how well it is known: θᵀx and √(xᵀA⁻¹x)."""
        x = np.array(vector, dtype=np.float64)
        met = np.add.reduce(self._columns * x[:, None], axis=0).reshape(self._d + 1, self._arms)
        whitened = met[:-1]
        known: list[float] = np.sqrt(np.add.reduce(whitened * whitened, axis=0)).tolist()
        expected: list[float] = met[-1].tolist()
        return expected, known

    def shares(self, given: Sequence[float], active: Sequence[bool]) -> tuple[int, ...]:
        """See `contextual.Model`."""
        expected, known = self.scores(given)
        if self._kind == "squarecb":
            return self._gaps.shares(expected, active)
        if self._kind == "linucb":
            top, best = -inf, [0]
            for k, on in enumerate(active):
                bound = self._sign * expected[k] + self._width * known[k]
                if on and bound > top:
                    top, best = bound, [k]
                elif on and bound == top:
                    best.append(k)
            return winner_takes(best, active, self._floor)
        arms = [k for k, on in enumerate(active) if on]
        chances = [0.0] * len(expected)
        won = win_probabilities(
            [self._sign * expected[k] for k in arms], [self._width * known[k] for k in arms]
        )
        for k, chance in zip(arms, won, strict=True):
            chances[k] = chance
        return rounded(chances, active, self._floor)

    def beliefs(self, given: Sequence[float], active: Sequence[bool]) -> list[UnitBelief | None]:
        """See `contextual.Model`."""
        expected, known = self.scores(given)
        if self._kind == "squarecb":
            return self._gaps.beliefs(expected, active)
        found: list[UnitBelief | None] = []
        for mean, within, on in zip(expected, known, active, strict=True):
            spread = self._width * within
            if self._kind == "linucb":
                found.append(UnitBelief(mean, bound=mean + self._sign * spread) if on else None)
            else:
                found.append(UnitBelief(mean, sd=spread) if on else None)
        return found


def _text(numbers: Array) -> str:
    """Exact: the bytes of the numbers, little endian, as base64."""
    return b64encode(np.ascontiguousarray(numbers, dtype="<f8").tobytes()).decode()


def _array(text: str, shape: tuple[int, ...]) -> Array:
    return np.frombuffer(b64decode(text), dtype="<f8").astype(np.float64).reshape(shape)
