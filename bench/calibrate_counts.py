"""Do the exact sequential tests of counts, and beliefs under a true prior, keep what they promise?

    python bench/calibrate_counts.py [--runs 4000]

Sample ratio: false alarms when looking after every unit, beside a chi-squared test looked at on 28 days; how soon a dead
variant and a split of 51 to 49 are seen. Conversions: false alarms when looking after every conversion, coverage of the
interval of the lift, and power beside a single look. Beliefs: stated and actual probability when an experiment is
stopped as soon as it is sure. Seeds are fixed. Ends with 1 when a bar is missed. About a minute.
"""

import argparse
import sys
import time

import numpy as np
from litmus_server.stats.bayes import DEFAULT_PRIOR
from litmus_server.stats.multinomial import Epoch, concentration_for, log_evidence, log_evidence_of
from litmus_server.stats.power import Comparison, RateBaseline
from litmus_server.stats.sample_ratio import SampleRatio, sample_ratio
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

Integers = NDArray[np.int64]


def rejected_from(
    totals: Integers, share: float, alpha: float, concentration: float | None = None
) -> tuple[Integers, Integers]:
    """For each total the largest count that is too small, and the smallest that is too large; −1 and total + 1 for none."""
    bar = -np.log(alpha)

    def rejects(counts: Integers) -> NDArray[np.bool_]:
        table = np.stack([totals - counts, counts], axis=-1)[:, None, :]
        return np.asarray(log_evidence_of(table, [1 - share, share], concentration) >= bar)

    middle = np.round(totals * share).astype(np.int64)
    ends = []
    for far, step in ((-np.ones_like(totals), -1), (totals + 1, 1)):
        inside, outside = middle.copy(), far.copy()
        while (np.abs(outside - inside) > 1).any():
            between = (inside + outside) // 2 if step > 0 else -((-inside - outside) // 2)
            open_ = np.abs(outside - inside) > 1
            yes = rejects(np.clip(between, 0, totals)) & open_
            outside, inside = np.where(yes, between, outside), np.where(open_ & ~yes, between, inside)
        ends.append(outside)
    return ends[0], ends[1]


def first_crossing(
    p: float, bounds: tuple[Integers, Integers], runs: int, rng: np.random.Generator
) -> Integers:
    """When a path of labels with probability `p` first leaves the bounds, looked at after every label; 0 for never."""
    found = []
    for start in range(0, runs, 250):
        paths = np.cumsum(rng.random((min(250, runs - start), len(bounds[0]))) < p, axis=1)
        out = (paths <= bounds[0]) | (paths >= bounds[1])
        found.append(np.where(out.any(axis=1), out.argmax(axis=1) + 1, 0))
    return np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    runs = parser.parse_args().runs
    rng, start = np.random.default_rng(2026), time.perf_counter()
    missed: list[str] = []

    def bar(what: str, value: float, least: float, most: float) -> None:
        print(f"{what:78} {value:9.4f}", flush=True)
        if not least <= value <= most:
            missed.append(f"{what}: {value:.4f}")

    for share in (0.5, 0.05):
        for alpha in (0.05, 0.01, 0.001):
            bounds = rejected_from(np.arange(1, 20_001), share, alpha)
            alarms = (first_crossing(share, bounds, runs, rng) > 0).mean()
            bar(
                f"sample ratio, share {share}: false alarms at {alpha}, every unit to 20,000",
                float(alarms),
                0,
                alpha + 3 * np.sqrt(alpha / runs),
            )
    days = np.cumsum(rng.binomial(2000, 0.5, (runs, 28)), axis=1)
    n = 2000 * np.arange(1, 29)
    for alpha in (0.05, 0.01, 0.001):
        daily = (chdtrc(1, (2 * days - n) ** 2 / n) <= alpha).any(axis=1).mean()
        bar(f"  the same of chi-squared on 28 days at {alpha}", float(daily), alpha, 1)
    final = 56_000
    low, high = rejected_from(np.arange(2000, final + 1, 2000), 0.5, 0.01)
    drift = np.cumsum(rng.binomial(2000, 0.51, (runs, final // 2000)), axis=1)
    bar(
        "  51 to 49 seen among 56,000 units at 0.01, looking daily",
        float(((drift <= low) | (drift >= high)).any(axis=1).mean()),
        0.84,
        1,
    )
    dead = next(
        k
        for k in range(1, 1000)
        if isinstance(r := sample_ratio([Epoch((k, 0), (0.5, 0.5))]), SampleRatio) and r.mismatch
    )
    bar("  units until a dead half is seen at 0.01", dead, 1, 20)

    rate, share, units = 0.01, 0.05, 100_000
    plan = Comparison(RateBaseline(rate), shares=(1 - share, share))
    difference = plan.detectable(units)
    assert isinstance(difference, float)
    theta = 1 + difference / rate
    expected = units * rate
    labels = round(units * (rate * (1 - share) + rate * theta * share))
    for name, kappa in (("averaged", None), ("planned", concentration_for(expected))):
        bounds = rejected_from(np.arange(1, labels + 1), share, 0.05, kappa)
        alarms = (first_crossing(share, bounds, runs, rng) > 0).mean()
        found = (first_crossing(share * theta / (1 - share + share * theta), bounds, runs, rng) > 0).mean()
        bar(f"conversions at 1 %, share .05, {name}: false alarms, every conversion", float(alarms), 0, 0.05)
        bar(
            "  power to a difference that a single look finds 80 % of the time",
            float(found),
            0.4 if kappa else 0.3,
            1,
        )

    held = 0
    lift, per_look, looks = 0.2, 4000, 25
    for _ in range(runs):
        control = np.cumsum(rng.binomial(per_look, rate, looks))
        treatment = np.cumsum(rng.binomial(per_look, rate * (1 + lift), looks))
        evidence = log_evidence_of(np.stack([control, treatment], axis=-1)[:, None, :], [0.5, 0.5])
        against = evidence - treatment * np.log(1 + lift) + (control + treatment) * np.log(1 + lift / 2)
        held += bool((against < np.log(20)).all())
    bar("lift of conversions: intervals hold the truth at all of 25 looks", held / runs, 0.95, 1)
    assert log_evidence([Epoch((1, 1), (0.5, 0.5))]) < 0

    truth = rng.normal(0, DEFAULT_PRIOR.sd, runs)
    error = 0.2
    paths = truth[:, None] + np.cumsum(rng.normal(0, error, (runs, 28)), axis=1) / np.arange(1, 29)
    of_look = error / np.sqrt(np.arange(1, 29))
    for name, weight, most in (
        ("true", DEFAULT_PRIOR.sd**2 / (DEFAULT_PRIOR.sd**2 + of_look**2), 0.015),
        ("flat", np.ones(28), 1.0),
    ):
        chance = ndtr(np.sqrt(weight) * paths / of_look)
        sure = np.maximum(chance, 1 - chance) >= 0.95
        stopped, when = sure.any(axis=1), sure.argmax(axis=1)
        at = chance[np.arange(runs), when][stopped]
        stated, actual = np.maximum(at, 1 - at).mean(), ((at > 0.5) == (truth[stopped] > 0)).mean()
        bar(
            f"stopped when 95 % sure, {name} prior: stated {stated:.3f}, right {actual:.3f}, apart by",
            float(abs(stated - actual)),
            0,
            most,
        )
    print(f"{runs} runs each, {time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
