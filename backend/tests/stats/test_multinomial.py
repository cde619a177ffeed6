"""The exact test of counts, against golden evidence, exact rationals, and simulation of what it promises."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.multinomial import (
    CONCENTRATIONS,
    Epoch,
    RateLift,
    concentration_for,
    log_evidence,
    log_evidence_of,
    p_value,
    rate_lift,
)

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "multinomial_evidence.json").read_text())

SHARES = st.lists(st.integers(1, 1000), min_size=2, max_size=5).map(lambda w: tuple(k / sum(w) for k in w))


def exact_factor(counts: tuple[int, ...], shares: tuple[Fraction, ...], kappa: int) -> float:
    """The log of ∏ of Pólya's urn ÷ ∏ of the shares: each label's chance given the labels before it, in rationals."""
    urn, null, drawn = Fraction(1), Fraction(1), 0
    for count, share in zip(counts, shares, strict=True):
        for k in range(count):
            urn *= (kappa * share + k) / (kappa + drawn)
            null *= share
            drawn += 1
    ratio = urn / null
    return math.log(ratio.numerator) - math.log(ratio.denominator)


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_evidence_agrees_with_the_references(case: dict[str, Any]) -> None:
    found = log_evidence([Epoch(tuple(case["counts"]), tuple(case["shares"]))], case["concentration"])
    if "log_evidence" in case:
        assert found == pytest.approx(case["log_evidence"], abs=case["absolute_tolerance"])
    else:
        assert math.exp(found) == pytest.approx(case["evidence"], rel=GOLDEN["relative_tolerance"])
        assert p_value(found) == pytest.approx(case["running_p"], rel=GOLDEN["relative_tolerance"])


def test_the_ratios_of_rates_that_are_not_rejected_agree_with_the_reference() -> None:
    case = next(case for case in GOLDEN["cases"] if "set_of_shares" in case)
    found = rate_lift([Epoch(tuple(case["counts"]), (0.5, 0.5))], 0.05, case["concentration"])
    assert isinstance(found, RateLift)
    shares = [(1 + end) / (2 + end) for end in (found.interval.lower, found.interval.upper)]
    assert shares == pytest.approx(case["set_of_shares"][1], abs=case["set_tolerance"])


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=2, max_size=4),
    st.integers(1, 500),
)
@settings(max_examples=60, deadline=None)
def test_the_factor_of_an_epoch_is_exact(table: list[tuple[int, int]], kappa: int) -> None:
    counts, weights = zip(*table, strict=True)
    shares = tuple(Fraction(w, sum(weights)) for w in weights)
    found = log_evidence([Epoch(counts, tuple(map(float, shares)))], kappa)
    assert found == pytest.approx(exact_factor(counts, shares, kappa), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("units", [10**3, 10**6, 10**9, 10**12])
def test_evidence_keeps_its_digits_at_any_size(units: int) -> None:
    """Two ways to the same number: the urn's answer to one unit more, from the predictive share of the first variant."""
    counts, shares, kappa = (
        (units // 2 + math.isqrt(units), units - units // 2 - math.isqrt(units)),
        (0.5, 0.5),
        20,
    )
    before, after = (log_evidence([Epoch((counts[0] + more, counts[1]), shares)], kappa) for more in (0, 1))
    predicted = (kappa / 2 + counts[0]) / (kappa + units)
    assert after - before == pytest.approx(math.log(predicted / 0.5), abs=2e-13 * max(1.0, abs(before)))


@given(SHARES, st.lists(st.integers(0, 3), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_the_expected_evidence_of_the_next_unit_is_the_evidence_now(
    shares: tuple[float, ...], seen: list[int]
) -> None:
    """A martingale under the null hypothesis: this, and nothing else, is why it may be looked at after every unit."""
    counts = (seen + [0] * len(shares))[: len(shares)]
    second = tuple(reversed(shares))
    before = Epoch((1,) * len(shares), second)

    def evidence(table: list[int]) -> float:
        return math.exp(log_evidence([before, Epoch(tuple(table), shares)]))

    after = sum(
        share * evidence([count + (k == j) for j, count in enumerate(counts)])
        for k, share in enumerate(shares)
    )
    assert after == pytest.approx(evidence(counts), rel=1e-10)


def test_epochs_of_the_same_shares_are_one_table() -> None:
    apart = [Epoch((30, 50), (0.5, 0.5)), Epoch((9, 1), (0.8, 0.2)), Epoch((40, 60), (0.5, 0.5))]
    together = [Epoch((70, 110), (0.5, 0.5)), Epoch((9, 1), (0.8, 0.2))]
    assert log_evidence(apart) == log_evidence(together)


def test_a_count_where_the_share_is_zero_is_evidence_without_bound() -> None:
    assert log_evidence([Epoch((100, 90, 1), (0.5, 0.5, 0.0))]) == math.inf
    assert p_value(math.inf) == 0
    without = log_evidence([Epoch((100, 90), (0.5, 0.5))])
    assert log_evidence([Epoch((100, 90, 0), (0.5, 0.5, 0.0))]) == pytest.approx(without, rel=1e-12)


def test_a_small_bias_that_stays_is_seen_through_hundreds_of_epochs() -> None:
    rng = np.random.default_rng(7)
    shares = rng.dirichlet([1, 1, 1], size=300) * 0.97 + 0.01
    biased = shares * [1, 1, 0.8]
    counts = np.array([rng.multinomial(50, q / q.sum()) for q in biased])
    assert log_evidence_of(counts, shares) > math.log(1e6)


def test_false_alarms_are_rarer_than_alpha_at_every_look_and_every_split() -> None:
    rng = np.random.default_rng(2026)
    for share in (0.5, 0.05):
        labels = rng.random((1000, 200)) < share
        treated = labels.cumsum(axis=1)
        counts = np.stack([np.arange(1, 201) - treated, treated], axis=-1)[:, :, None, :]
        alarms = (log_evidence_of(counts, [1 - share, share]) >= math.log(20)).any(axis=1)
        assert alarms.mean() <= 0.05


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.01, 0.99), st.sampled_from([0.01, 0.05, 0.2])
)
@settings(max_examples=200, deadline=None)
def test_the_interval_excludes_no_lift_exactly_when_the_evidence_suffices(
    control: int, treatment: int, share: float, alpha: float
) -> None:
    found = rate_lift([Epoch((control, treatment), (1 - share, share))], alpha)
    if control + treatment == 0:
        assert isinstance(found, TooFew)
        return
    assert isinstance(found, RateLift)
    lower, upper = found.interval.lower, found.interval.upper
    assert -1 <= lower <= found.lift <= upper
    if abs(found.log_evidence + math.log(alpha)) > 1e-9:
        assert (lower > 0 or upper < 0) == (found.log_evidence >= -math.log(alpha))


@pytest.mark.parametrize("treated", range(20, 34))
def test_the_interval_agrees_with_the_evidence_although_nobody_has_converted_in_the_newest_epoch(
    treated: int,
) -> None:
    epochs = [Epoch((9, treated), (0.5, 0.5)), Epoch((0, 0), (0.2, 0.8))]
    found = rate_lift(epochs)
    assert isinstance(found, RateLift)
    assert found.log_evidence == log_evidence(epochs)
    assert (found.interval.lower > 0) == (log_evidence(epochs) >= math.log(20))


def test_the_true_lift_is_held_at_all_looks_together_although_rates_move() -> None:
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(200):
        control = treatment = 0
        held = True
        for look in range(14):
            rate = 0.01 + 0.02 * (look % 7 == 0)  # a weekend
            control += int(rng.binomial(1500, rate))
            treatment += int(rng.binomial(500, 1.3 * rate))
            found = rate_lift([Epoch((control, treatment), (0.75, 0.25))])
            assert isinstance(found, RateLift)
            held &= found.interval.lower <= 0.3 <= found.interval.upper
        missed += not held
    assert missed / 200 <= 0.05


def test_epochs_of_different_weights_share_one_lift() -> None:
    found = rate_lift([Epoch((100, 100), (0.5, 0.5)), Epoch((180, 20), (0.9, 0.1))])
    assert isinstance(found, RateLift)
    assert found.lift == pytest.approx(0, abs=1e-9)
    contradiction = rate_lift([Epoch((10_000, 20_000), (0.5, 0.5)), Epoch((190_000, 10_000), (0.9, 0.1))])
    assert isinstance(contradiction, Undefined)
    assert "contradict" in contradiction.reason


def test_one_sided_counts_leave_one_end_open() -> None:
    none = rate_lift([Epoch((12, 0), (0.5, 0.5))])
    assert isinstance(none, RateLift)
    assert (none.lift, none.interval.lower) == (-1, -1)
    assert none.interval.upper < math.inf
    only = rate_lift([Epoch((0, 1), (0.5, 0.5))])
    assert isinstance(only, RateLift)
    assert only.interval.upper == math.inf


def test_a_planned_total_has_its_best_concentration() -> None:
    assert concentration_for(8.211968062068253, 0.05) == pytest.approx(1, rel=1e-12)
    treated = np.arange(10_000, 10_600)
    counts = np.stack([20_000 - treated, treated], axis=-1)[:, None, :]
    least = [
        int(treated[np.argmax(log_evidence_of(counts, [0.5, 0.5], kappa) >= math.log(20))])
        for kappa in (concentration_for(20_000), *CONCENTRATIONS)
    ]
    assert least[0] == min(least)


@pytest.mark.parametrize(
    ("counts", "shares", "says"),
    [
        ((1,), (1.0,), "two at least"),
        ((1, 2), (0.5,), "one share a variant"),
        ((1, -2), (0.5, 0.5), "negative"),
        ((1, 2), (0.5, 0.6), "sum to 1"),
        ((1, 2), (1.5, -0.5), "at least 0"),
        ((1, 2), (math.nan, 0.5), "sum to 1"),
    ],
)
def test_what_is_no_epoch_is_refused(counts: Any, shares: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Epoch(counts, shares)


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="two counts"):
        rate_lift([Epoch((1, 2, 3), (0.5, 0.3, 0.2))])
    with pytest.raises(ValueError, match="positive"):
        concentration_for(0)


def test_a_second_epoch_begins_where_the_first_one_ended() -> None:
    """To look back over the first epoch with other alternatives would be a second test, with an alpha of its own."""
    first = Epoch((30, 60), (0.5, 0.5))
    alone = log_evidence([first])
    assert log_evidence([first, Epoch((0, 0), (0.8, 0.2))]) == pytest.approx(alone, rel=1e-12)


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_the_next_count_is_expected_to_leave_the_evidence_of_several_epochs_where_it_is(
    counts: list[int], first: float, second: float
) -> None:
    assume(abs(first - second) > 1e-6)

    def of(a: int, b: int, c: int, d: int) -> float:
        return math.exp(
            log_evidence([Epoch((a, b), (first, 1 - first)), Epoch((c, d), (second, 1 - second))])
        )

    a, b, c, d = counts
    now = of(a, b, c, d)
    assert first * of(a + 1, b, c, d) + (1 - first) * of(a, b + 1, c, d) == pytest.approx(now, rel=1e-9)
    assert second * of(a, b, c + 1, d) + (1 - second) * of(a, b, c, d + 1) == pytest.approx(now, rel=1e-9)
