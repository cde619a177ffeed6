"""Do the rules that act by themselves keep what they promise?

    python bench/calibrate_acting.py [--runs 2000]

Guardrails: how often an experiment without harm is paused when it is looked at after every batch of 100 units to 20,000, with harm that is
just borne with as the worst case, before and after a person has resumed it; and how soon harm is seen. Promotion: how often
`bayesian_ab` promotes something when nothing differs, beside the rate that is shown for it. Seeds are fixed. Ends with 1 when
a bar is missed. About ten minutes.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import numpy as np
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.experiment import Experiment, Status, begin
from litmus_server.rules.guardrails import found
from litmus_server.rules.observation import Observation
from litmus_server.rules.promotion import Looks, rate_of
from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import MICRO
from litmus_server.stats.pbest import pbest_beta
from litmus_server.stats.sheet import Measure, Sheet, Strip

BATCH, LOOKS, ALPHA = 100, 200, 0.05
Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def experiment(kind: str, margin: float | None) -> Experiment:
    """As a draft describes it, running."""
    metric = {"name": "guarded", "kind": kind, "role": "guardrail"} | (
        {} if margin is None else {"margin": margin}
    )
    halves = [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}]
    draft = parse_draft({"name": "x", "variants": halves, "secondary_metrics": [metric]})
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = begin(draft, UUID(int=1), (UUID(int=2), UUID(int=3)), "salt", at)
    return replace(made, status=Status.RUNNING, metrics=(replace(made.metrics[0], id=1),))


class Arms:
    """The sums of both arms, as they grow."""

    def __init__(self, of: Experiment, shares: tuple[float, float], binary: bool) -> None:
        self._of, self._shares = of, shares
        self._measures = {1: Measure(binary=binary)}
        self._sums = [[0] * 5, [0] * 5]

    def add(self, arm: int, values: np.ndarray) -> None:
        micro = [round(value * MICRO) for value in values.tolist()]
        added = (
            len(micro),
            sum(v != 0 for v in micro),
            sum(micro),
            sum(v * v for v in micro),
            sum(v**3 for v in micro),
        )
        self._sums[arm] = [a + b for a, b in zip(self._sums[arm], added, strict=True)]

    def evidence(self) -> float:
        """The logarithm of the evidence of harm now."""
        plain = {}
        for arm, (n, seen, s1, s2, s3) in enumerate(self._sums):
            plain[0, arm] = Strip((1,), (0,), ((n, *[0] * 6),))
            plain[1, arm] = Strip((1,), (0,), ((seen, s1, s2, s3, 0, 0, 0),))
        observation = Observation(
            self._of, {}, self._of.created_at, 1, Sheet(24, self._measures, plain), {1: self._shares}
        )
        return found(observation, self._of.metrics[0], 1, TooFew("a sample ratio", 1, 0)).log_evidence


def paused(
    of: Experiment, draw: Draw, share: float, runs: int, *, binary: bool, after: int = 0
) -> tuple[float, float]:
    """The part of experiments that is paused, and the median number of units until then. `after`: resumed after so many looks."""
    rng, ends = np.random.default_rng(11), []
    for _ in range(runs):
        arms, floor = Arms(of, (1 - share, share), binary), 0.0
        for look in range(LOOKS):
            treated = int(rng.binomial(BATCH, share))
            arms.add(0, draw(rng, BATCH - treated, 0))
            arms.add(1, draw(rng, treated, 1))
            size = arms.evidence()
            if look + 1 == after:
                floor = max(0.0, size)
            elif look >= after and size - floor >= np.log(1 / ALPHA):
                ends.append((look + 1) * BATCH)
                break
    return len(ends) / runs, float(np.median(ends)) if ends else float("nan")


def promoted(looks: Looks, shares: tuple[float, float], runs: int) -> float:
    """Two variants of the same rate: the part of experiments in which one is promoted."""
    rng, count, rate = np.random.default_rng(12), 0, 0.1
    for _ in range(runs):
        n, k, before = [0, 0], [0, 0], 0
        for units, threshold in zip(looks.units, looks.thresholds, strict=True):
            new = int(rng.binomial(units - before, shares[1]))
            for arm, more in ((0, units - before - new), (1, new)):
                n[arm] += more
                k[arm] += int(rng.binomial(more, rate))
            before = units
            best = pbest_beta([1 + k[0], 1 + k[1]], [1 + n[0] - k[0], 1 + n[1] - k[1]])
            if max(best.probability) >= threshold:
                count += 1
                break
    return count / runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    start, missed = time.perf_counter(), []

    def bar(what: str, value: float, most: float) -> None:
        allowed = most + 3 * (most * (1 - most) / runs) ** 0.5
        print(f"{what:70} {value:8.2%}   at most {most:.1%} (+3 s.e.)", flush=True)
        if value > allowed:
            missed.append(what)

    kinds: list[tuple[str, str, Draw, bool]] = [
        ("normal", "mean", lambda rng, n, arm: rng.normal(10 - 0.5 * arm, 5, n), False),
        ("exponential", "mean", lambda rng, n, arm: rng.exponential(10 - 0.5 * arm, n), False),
        ("Bernoulli .2", "conversion", lambda rng, n, arm: rng.random(n) < 0.2 - 0.01 * arm, True),
        ("Bernoulli .02", "conversion", lambda rng, n, arm: rng.random(n) < 0.02 - 0.001 * arm, True),
    ]
    for name, kind, draw, binary in kinds:
        for share in (0.5, 0.1):
            rate, _ = paused(experiment(kind, 0.05), draw, share, runs, binary=binary)
            bar(f"{name}, {share:.0%} treated, worse by exactly its margin: paused", rate, ALPHA)
    name, kind, draw, binary = kinds[2]
    rate, _ = paused(experiment(kind, 0.05), draw, 0.5, runs, binary=binary, after=50)
    bar(f"{name}, 50% treated, resumed after 5,000 units: paused again", rate, ALPHA)

    harm: list[tuple[str, Draw]] = [
        ("conversions .2 to .15", lambda rng, n, arm: rng.random(n) < 0.2 - 0.05 * arm),
        ("conversions .02 to .01", lambda rng, n, arm: rng.random(n) < 0.02 - 0.01 * arm),
    ]
    for name, draw in harm:
        seen, median = paused(experiment("conversion", None), draw, 0.5, runs // 10, binary=True)
        print(f"{name:70} {seen:8.2%}   seen, after {median:,.0f} units in the median", flush=True)

    for shares in ((0.5, 0.5), (0.9, 0.1)):
        for threshold in (0.95, 0.99):
            looks = Looks(tuple(range(1000, 15_000, 1000)), (threshold,) * 14)
            shown, done = rate_of(looks, list(shares), 2.0), promoted(looks, shares, runs)
            what = f"bayesian_ab, {threshold:.0%}, 14 looks, {shares[0]:.0%}/{shares[1]:.0%}: shown {shown:.2%}, promoted"
            print(f"{what:70} {done:8.2%}", flush=True)
            if abs(done - shown) > 3 * (shown * (1 - shown) / runs) ** 0.5 + 0.01:
                missed.append(what)
    print(f"{time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
