"""Factors against statsmodels' regression with heteroscedastic errors, in full designs and in fractions."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import Fixed
from litmus_server.stats.factorial import Change, FactorEffect, NoEffect, factor_effects
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.multiplicity import Method
from statsmodels.regression.linear_model import OLS

FACTORS = ("colour", "text", "size")
LEVELS = (("red", "blue"), ("short", "long", "none"), ("small", "large"))
BASE = ("red", "short", "small")


def units(seed: int) -> dict[tuple[str, ...], Any]:
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, ...], Any] = {}
    for cell in product(*LEVELS):
        n = int(rng.integers(40, 200))
        mean = 2 + 0.5 * (cell[0] == "blue") - 0.3 * (cell[1] == "long") * (cell[2] == "large")
        found[cell] = (rng.normal(mean, 1 + (cell[1] == "none"), n) * MICRO).round().astype(np.int64)
    return found


def moments(of: dict[tuple[str, ...], Any]) -> dict[tuple[str, ...], Moments]:
    return {cell: Moments.of(values.tolist()) for cell, values in of.items()}


def by_regression(
    of: dict[tuple[str, ...], Any], weights: dict[tuple[str, ...], float]
) -> tuple[float, float]:
    """A dummy for each cell, HC2 errors (each cell's own variance), and the linear combination of the cells."""
    cells = list(of)
    y = np.concatenate([of[cell] for cell in cells]) / MICRO
    x = np.zeros((len(y), len(cells)))
    start = 0
    for k, cell in enumerate(cells):
        x[start : start + len(of[cell]), k] = 1
        start += len(of[cell])
    test = OLS(y, x).fit(cov_type="HC2").t_test([weights.get(cell, 0.0) for cell in cells])
    return float(test.effect.item()), float(test.sd.item())


def effect_of(found: Any, *levels: str) -> FactorEffect:
    (effect,) = [each for each in found if tuple(change.level for change in each.changes) == levels]
    assert isinstance(effect, FactorEffect)
    return effect


def test_effects_agree_with_a_regression_on_cells() -> None:
    of = units(1)
    found = factor_effects(FACTORS, moments(of), BASE, Fixed())
    assert len(found) == (1 + 2 + 1) + (2 + 1 + 2)
    main: dict[tuple[str, ...], float] = {
        (c, t, s): (1 if c == "blue" else -1) / 6 for c, t, s in product(*LEVELS)
    }
    both: dict[tuple[str, ...], float] = {
        (c, t, s): (1 if t == "long" else -1) * (1 if s == "large" else -1) / 2
        for c, t, s in product(*LEVELS)
        if t != "none"
    }
    for effect, weights in ((effect_of(found, "blue"), main), (effect_of(found, "long", "large"), both)):
        estimate, error = by_regression(of, weights)
        assert effect.comparison.estimate == pytest.approx(estimate, rel=1e-9)
        assert effect.contrast.standard_error == pytest.approx(error, rel=1e-9)
    assert effect_of(found, "blue").combinations == 6
    assert effect_of(found, "blue").rejected
    assert effect_of(found, "blue").changes == (Change("colour", "blue", "red"),)


def test_one_factor_of_two_levels_is_welchs_comparison() -> None:
    of: dict[tuple[str, ...], Any] = {
        ("a",): units(2)["red", "short", "small"],
        ("b",): units(2)["blue", "none", "large"],
    }
    (effect,) = factor_effects(("variant",), moments(of), ("a",), Fixed())
    assert isinstance(effect, FactorEffect)
    a, b = (Moments.of(values.tolist()) for values in of.values())
    assert isinstance(a.variance, float)
    assert isinstance(b.variance, float)
    v1, v0 = b.variance / b.n, a.variance / a.n
    assert effect.contrast.standard_error == pytest.approx(math.sqrt(v1 + v0))
    assert effect.contrast.df == pytest.approx((v1 + v0) ** 2 / (v1**2 / (b.n - 1) + v0**2 / (a.n - 1)))
    assert effect.p_adjusted == effect.comparison.p_value


def test_an_interaction_is_the_same_whichever_factor_is_named_first() -> None:
    of = moments(units(3))
    straight = factor_effects(FACTORS, of, BASE, Fixed())
    turned = factor_effects(
        FACTORS[::-1], {cell[::-1]: each for cell, each in of.items()}, BASE[::-1], Fixed()
    )
    one, other = effect_of(straight, "blue", "large"), effect_of(turned, "large", "blue")
    assert one.comparison.estimate == pytest.approx(other.comparison.estimate)
    assert one.comparison.p_value == pytest.approx(other.comparison.p_value)


def test_intervals_agree_with_the_adjusted_answers() -> None:
    for seed in range(20):
        for method in Method:
            for effect in factor_effects(FACTORS, moments(units(seed)), BASE, Fixed(), method=method):
                assert isinstance(effect, FactorEffect)
                interval = effect.comparison.interval
                assert not isinstance(interval, Undefined)
                assert effect.rejected == (not interval.lower <= 0 <= interval.upper)


def test_no_effect_is_found_in_nothing_more_often_than_alpha() -> None:
    rng, alarms, runs = np.random.default_rng(9), 0, 400
    for _ in range(runs):
        cells: dict[tuple[str, ...], Moments] = {}
        for cell in product("ab", "ab", "ab"):
            values = rng.standard_normal(50)
            cells[cell] = Moments.of((values * MICRO).round().astype(np.int64).tolist())
        found = factor_effects(("x", "y", "z"), cells, ("a", "a", "a"), Fixed())
        alarms += any(isinstance(each, FactorEffect) and each.rejected for each in found)
    assert alarms / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_a_fraction_of_a_design_gives_what_it_can() -> None:
    of = moments(units(5))
    half = {
        cell: each
        for cell, each in of.items()
        if cell[1] != "none" and not (cell[0] == "blue" and cell[2] == "large")
    }
    found = factor_effects(FACTORS, half, BASE, Fixed())
    assert effect_of(found, "blue").combinations == 2
    (lost,) = [each for each in found if {c.level for c in each.changes} == {"blue", "large"}]
    assert isinstance(lost, NoEffect)
    assert isinstance(lost.absence, TooFew)
    few = {**half, BASE: Moments.of([1])}
    assert effect_of(factor_effects(FACTORS, few, BASE, Fixed()), "blue").combinations == 1
    constant: dict[tuple[str, ...], Moments] = {("a",): Moments.of([1] * 9), ("b",): Moments.of([2] * 9)}
    (nothing,) = factor_effects(("x",), constant, ("a",), Fixed())
    assert isinstance(nothing, NoEffect)
    assert isinstance(nothing.absence, Undefined)


def test_cells_of_other_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="one level of each"):
        factor_effects(("x", "y"), {("a",): Moments()}, ("a", "b"), Fixed())
    with pytest.raises(ValueError, match="one level of each"):
        factor_effects(("x", "x"), {("a", "b"): Moments()}, ("a", "b"), Fixed())
