"""After a bandit: the reference implementation, scores of every single unit, and coverage where plain means fail."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.adaptive import AdaptiveContrast, AfterBandit, Batch, Scores, Weighting
from litmus_server.stats.moments import MICRO, Moments

CASE = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "after_bandit.json").read_text())["cases"][
    0
]
TOLERANCE = 1e-12


def golden() -> AfterBandit:
    batches = tuple(
        Batch(
            tuple(
                Moments(
                    arm["n"],
                    int(arm["sum"]) * MICRO,
                    int(arm["sumsq"]) * MICRO**2,
                    int(arm["sum"]) * MICRO**3,
                )
                for arm in batch
            ),
            tuple(arm["e"] for arm in batch),
        )
        for batch in CASE["batches"]
    )
    return AfterBandit(batches, CASE["baseline"])


def units_of(seed: int, *, batches: int = 6, arms: int = 3, scale: float = 1.0, offset: float = 0.0) -> Any:
    """Units as (batch, arm, value in micro-units) and each batch's propensities."""
    rng = np.random.default_rng(seed)
    e = rng.dirichlet([2] * arms, size=batches) * (1 - 0.05 * arms) + 0.05
    rows = []
    for b in range(batches):
        for _ in range(int(rng.integers(30, 60))):
            arm = int(rng.choice(arms, p=e[b] / e[b].sum()))
            rows.append((b, arm, round((offset + scale * rng.normal(0.2 * arm, 1)) * MICRO)))
    return rows, e


def summed(rows: list[tuple[int, int, int]], e: Any, baseline: float | None = None) -> AfterBandit:
    batches = tuple(
        Batch(
            tuple(Moments.of(y for b, a, y in rows if (b, a) == (batch, arm)) for arm in range(e.shape[1])),
            tuple((e[batch] / e[batch].sum()).tolist()),
        )
        for batch in range(e.shape[0])
    )
    return AfterBandit(batches, baseline)


def contrast_of(
    found: AfterBandit, treatment: int, control: int, how: Weighting = Weighting.UNIFORM
) -> AdaptiveContrast:
    contrast = found.contrast(treatment, control, how)
    assert isinstance(contrast, AdaptiveContrast)
    return contrast


@pytest.mark.parametrize("weighting", list(Weighting))
def test_estimates_and_empirical_errors_agree_with_the_reference(weighting: Weighting) -> None:
    after, expected = golden(), CASE[weighting.value]
    assert [after.mean(k, weighting)[0] for k in (0, 1)] == pytest.approx(expected["estimate"], abs=TOLERANCE)  # type: ignore[index]
    found = after.scores.estimates((0, 1), weighting)
    c = found.covariance[..., -1]
    assert np.sqrt([c[0, 0], c[1, 1]]) == pytest.approx(expected["stderr"], abs=TOLERANCE)
    contrast = contrast_of(after, 1, 0, weighting).contrast
    difference = contrast.treatment - contrast.control
    assert difference == pytest.approx(expected["contrast_last_minus_first"], abs=TOLERANCE)
    empirical = math.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1])
    assert empirical == pytest.approx(expected["contrast_stderr"], abs=TOLERANCE)
    assert contrast.standard_error >= empirical - TOLERANCE


def test_plain_means_are_shown_and_marked_as_biased() -> None:
    for k in (0, 1):
        plain = golden().sample_mean(k)
        assert not isinstance(plain, TooFew)
        assert plain.mean == pytest.approx(CASE["sample_mean"]["mean"][k], abs=TOLERANCE)
        assert plain.units == CASE["sample_mean"]["n"][k]
        assert plain.biased


@pytest.mark.parametrize("weighting", list(Weighting))
@pytest.mark.parametrize("baseline", [None, 0.7])
def test_sums_give_what_the_scores_of_every_unit_give(weighting: Weighting, baseline: float | None) -> None:
    rows, e = units_of(4)
    e = e / e.sum(axis=1, keepdims=True)
    scores, weights = np.zeros((len(rows), 3)), np.zeros((len(rows), 3))
    for i, (b, arm, y) in enumerate(rows):
        for k in range(3):
            before = [v / MICRO for c, a, v in rows if c < b and a == k]
            own = [v / MICRO for c, a, v in rows if c == b and a == k]
            mu = (
                float(np.mean(before))
                if before
                else baseline
                if baseline is not None
                else float(np.mean(own))
            )
            scores[i, k] = mu + (arm == k) * (y / MICRO - mu) / e[b, k]
            weights[i, k] = 1 if weighting is Weighting.UNIFORM else math.sqrt(e[b, k])
    mean = (weights * scores).sum(axis=0) / weights.sum(axis=0)
    centred = weights * (scores - mean) / weights.sum(axis=0)
    found = summed(rows, e, baseline).scores.estimates((0, 2), weighting)
    centre = summed(rows, e).centre / MICRO
    assert found.mean[:, -1] + centre == pytest.approx(mean[[0, 2]], rel=1e-12)
    assert found.covariance[..., -1] == pytest.approx(
        (centred.T @ centred)[np.ix_([0, 2], [0, 2])], rel=1e-10
    )


@given(st.integers(0, 1000), st.sampled_from([-3.0, 0.001, 1000.0]), st.sampled_from([0.0, 7.0, 1e9]))
@settings(max_examples=20, deadline=None)
def test_moving_and_scaling_outcomes_moves_and_scales_estimates(
    seed: int, scale: float, offset: float
) -> None:
    rows, e = units_of(seed)
    moved = [(b, a, round(scale * y) + round(offset) * MICRO) for b, a, y in rows]
    for how in Weighting:
        plain, other = contrast_of(summed(rows, e), 2, 0, how), contrast_of(summed(moved, e), 2, 0, how)
        relative = 1e-5 / min(1, abs(scale))
        error = abs(scale) * plain.contrast.standard_error
        assert other.contrast.standard_error == pytest.approx(error, rel=relative, abs=1e-6)
        difference = plain.contrast.treatment - plain.contrast.control
        assert other.contrast.treatment - other.contrast.control == pytest.approx(
            scale * difference, rel=relative, abs=1e-6
        )


def test_swapping_arms_turns_the_sign_and_nothing_else() -> None:
    after = summed(*units_of(9))
    there, back = contrast_of(after, 2, 0), contrast_of(after, 0, 2)
    assert there.contrast.statistic() == pytest.approx(-back.contrast.statistic(), rel=1e-12)
    assert there.variance_sum == pytest.approx(back.variance_sum, rel=1e-12)


def test_with_fixed_weights_it_is_the_difference_of_plain_means() -> None:
    rng = np.random.default_rng(1)
    control, treatment = (
        Moments.of((rng.normal(m, 1, 5000) * MICRO).round().astype(int).tolist()) for m in (1, 1.1)
    )
    found = contrast_of(AfterBandit((Batch((control, treatment), (0.5, 0.5)),)), 1, 0).contrast
    assert found.control == pytest.approx(control.mean, rel=1e-12)
    assert found.treatment == pytest.approx(treatment.mean, rel=1e-12)
    assert found.standard_error == pytest.approx(math.sqrt(2 / 5000), rel=0.03)


def test_a_contrast_uses_the_batches_that_drew_from_both() -> None:
    rows, e = units_of(3, batches=6)
    e[4:, 1] = 0
    rows = [(b, 0 if b >= 4 and arm == 1 else arm, y) for b, arm, y in rows]
    paused = contrast_of(summed(rows, e), 1, 0)
    before = contrast_of(summed([row for row in rows if row[0] < 4], e[:4]), 1, 0)
    assert paused.contrast.treatment == pytest.approx(before.contrast.treatment, rel=1e-12)
    assert paused.contrast.control == pytest.approx(before.contrast.control, rel=1e-12)
    assert paused.units == before.units


def test_the_error_is_never_less_than_the_propensities_imply() -> None:
    """Ten units of an arm of propensity 0.01 that all failed by chance: the scores have not seen a success yet."""
    half = Moments(500, 50 * MICRO, 50 * MICRO**2, 50 * MICRO**3)
    rest = Moments(990, 99 * MICRO, 99 * MICRO**2, 99 * MICRO**3)
    after = AfterBandit((Batch((half, half), (0.5, 0.5)), Batch((rest, Moments(10)), (0.99, 0.01))))
    found = after.scores.estimates((0, 1), Weighting.UNIFORM)
    empirical, implied = float(found.covariance[1, 1, -1]), float(found.implied[1, -1])
    assert empirical < 0.2 * implied
    mean = after.mean(1)
    assert isinstance(mean, tuple)
    assert mean[1] == pytest.approx(math.sqrt(implied))


def test_intervals_hold_the_truth_where_plain_means_do_not() -> None:
    """Two equal arms under Thompson sampling with the product's floor; the full run is bench/calibrate_after_bandit.py."""
    rng, runs, truth = np.random.default_rng(8), 1000, 0.5
    shape = (runs, 40, 2)
    n, total, e = np.zeros(shape), np.zeros(shape), np.full(shape, 0.5)
    for b in range(40):
        if b:
            seen_n, seen = n[:, :b].sum(axis=1) + 2, total[:, :b].sum(axis=1) + 1
            a, c = seen[:, 0] / seen_n[:, 0], seen[:, 1] / seen_n[:, 1]
            z = (a - c) / np.sqrt(a * (1 - a) / seen_n[:, 0] + c * (1 - c) / seen_n[:, 1])
            first = 0.002 + 0.996 * np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in z])
            e[:, b] = np.stack([first, 1 - first], axis=1)
        drawn = rng.binomial(100, e[:, b, 0])
        n[:, b] = np.stack([drawn, 100 - drawn], axis=1)
        total[:, b] = rng.binomial(n[:, b].astype(int), truth)
    found = Scores(n, total, total, e).estimates((0, 1), Weighting.UNIFORM)
    difference = found.mean[1, :, -1] - found.mean[0, :, -1]
    held = np.abs(difference) <= 1.96 * np.sqrt(found.variance_of_difference[:, -1])
    count, sums = n.sum(axis=1), total.sum(axis=1)
    plain = sums / count
    error = np.sqrt((plain * (1 - plain) / count).sum(axis=1))
    assert held.mean() >= 0.935 - 3 * math.sqrt(0.935 * 0.065 / runs)
    assert (np.abs(plain[:, 1] - plain[:, 0]) <= 1.96 * error).mean() < 0.92
    for means, biased in ((plain.T, True), (found.mean[:, :, -1], False)):
        off = (means.mean() - truth) / (means.mean(axis=0).std() / math.sqrt(runs))
        assert (off < -5) if biased else abs(off) < 3


def test_what_cannot_be_estimated_says_why() -> None:
    some = Moments.of([MICRO, 0, MICRO])
    never = AfterBandit((Batch((some, Moments()), (1.0, 0.0)), Batch((Moments(), some), (0.0, 1.0))))
    assert isinstance(never.contrast(1, 0), Undefined)
    assert not isinstance(never.mean(1), Undefined)
    few = AfterBandit((Batch((some, Moments.of([0])), (0.5, 0.5)),))
    assert few.contrast(1, 0) == TooFew("an estimate after a bandit", 2, 1)
    assert isinstance(few.contrast(0, 0), Undefined)
    same = AfterBandit((Batch((Moments.of([MICRO] * 9), Moments.of([MICRO] * 9)), (0.5, 0.5)),))
    assert isinstance(same.contrast(1, 0), Undefined)
    assert isinstance(AfterBandit((Batch((Moments(), Moments()), (0.5, 0.5)),)).sample_mean(0), TooFew)


@pytest.mark.parametrize(
    ("arms", "propensities", "says"),
    [
        ((Moments(),), (1.0,), "two arms"),
        ((Moments(), Moments()), (0.5, 0.6), "sum to 1"),
        ((Moments(), Moments()), (1.5, -0.5), "at least 0"),
        ((Moments(), Moments.of([1])), (1.0, 0.0), "rules out"),
    ],
)
def test_what_is_no_batch_is_refused(arms: Any, propensities: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Batch(arms, propensities)
    with pytest.raises(ValueError, match="same arms"):
        AfterBandit(())


def test_a_mean_of_zero_is_zero_although_others_have_moved_the_centre() -> None:
    rng = np.random.default_rng(1)
    nothing = Moments(40, 0, 0, 0)
    batches = []
    for share in (0.3, 0.5, 0.7, 0.61, 0.37):
        values = [round(each * MICRO) for each in rng.normal(7, 2, 50)]
        batches.append(Batch((nothing, Moments.of(values)), (1 - share, share)))
    found = AfterBandit(tuple(batches)).contrast(1, 0)
    assert isinstance(found, AdaptiveContrast)
    assert found.contrast.control == 0.0
    mean = AfterBandit(tuple(batches)).mean(0)
    assert isinstance(mean, tuple)
    assert mean[0] == 0.0
