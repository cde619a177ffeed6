"""Sample ratio: do units arrive in the variants as the weights say, and if not, which variant and which slice is guilty?

A sample ratio mismatch means that units are lost or doubled in a way that depends on the variant; then no comparison
of the variants can be trusted, however exact its arithmetic is. This only ever tells: it must not end an experiment.
(Ending one in response to a sequential test of this kind is claimed by US patents 11,544,178 and 11,593,667.)

It must not know where units come from. A bandit's versions are epochs like any others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.multinomial import Epoch, log_evidence, log_evidence_of, merged, p_value
from litmus_server.stats.multiplicity import Method, adjust

Array = NDArray[np.float64]

SMALLEST_DEVIATION = 0.002
"""A deviation of a share below 0.2 percentage points does no harm that a reader must know of, however certain it is."""

_LEAST_EXPECTED = 5.0  # the chi-squared approximation of a count


@dataclass(frozen=True, slots=True)
class FixedTest:
    """Pearson's chi-squared test. `p` is right for one look at a planned moment, and for no other."""

    statistic: float
    degrees: int
    p: float


@dataclass(frozen=True, slots=True)
class VariantRatio:
    """One variant against all others together.

    `residual` is (counted − expected) in standard deviations; `p` is always valid, Holm-adjusted over the variants.
    `stray` says that it was counted while its weight was 0: then there is no expectation to deviate from, and p is 0.
    """

    counted: int
    expected: float
    share_deviation: float
    residual: float | Undefined
    p: float
    stray: bool


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """What the counts say of the weights, at level `alpha`.

    `p` is the always-valid p-value of the present counts: valid however often it is looked at; its running minimum
    is valid too. `mismatch`: p ≤ α and some share is off by SMALLEST_DEVIATION, or a variant is `stray`.
    """

    mismatch: bool
    p: float
    log_evidence: float
    fixed: FixedTest | TooFew
    largest_deviation: float
    variants: tuple[VariantRatio, ...]
    alpha: float


def sample_ratio(epochs: Sequence[Epoch], alpha: float = 0.01) -> SampleRatio | TooFew:
    """The counts of all variants by epoch of weights, all with the same variants in the same order. Needs one unit.

    Sequential: the multinomial evidence multiplied over epochs (Lindon & Malek, arXiv 2011.03567). Fixed: chi-squared
    summed over epochs, each with one degree of freedom less than it has variants of positive weight. ValueError
    unless the epochs agree on the number of variants.
    """
    if len({len(epoch.counts) for epoch in epochs}) > 1:
        raise ValueError("all epochs must list the same variants")
    epochs = [epoch for epoch in merged(epochs) if epoch.total]
    total = sum(epoch.total for epoch in epochs)
    if not total:
        return TooFew("a sample ratio", 1, 0)
    counts = np.array([epoch.counts for epoch in epochs], dtype=np.float64)
    shares = np.array([epoch.shares for epoch in epochs], dtype=np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    totals = counts.sum(axis=1)
    strays = ((shares == 0) & (counts > 0)).any(axis=0)
    expected = totals @ shares
    spread = np.sqrt(totals @ (shares * (1 - shares)))
    deviation = (counts.sum(axis=0) - expected) / total
    evidence = log_evidence(epochs)
    each = adjust(list(map(p_value, _against_the_rest(counts, shares))), Method.HOLM, alpha)
    largest = float(np.abs(deviation).max())
    p = p_value(evidence)
    return SampleRatio(
        mismatch=bool(strays.any()) or (p <= alpha and largest >= SMALLEST_DEVIATION),
        p=p,
        log_evidence=evidence,
        fixed=_fixed(counts, shares),
        largest_deviation=largest,
        variants=tuple(
            VariantRatio(
                counted=sum(epoch.counts[k] for epoch in epochs),
                expected=float(expected[k]),
                share_deviation=float(deviation[k]),
                residual=float(deviation[k] * total / spread[k]) if spread[k] else _NO_SPREAD,
                p=each.p[k],
                stray=bool(strays[k]),
            )
            for k in range(counts.shape[1])
        ),
        alpha=alpha,
    )


_NO_SPREAD = Undefined("a residual", "the weight is 0 or 1, so chance leaves no room")


def _against_the_rest(counts: Array, shares: Array) -> Array:
    """For each variant, the log evidence that its share is not as its weights say. Rows are epochs."""
    totals = counts.sum(axis=1, keepdims=True)
    seen, expected = np.stack([counts, totals - counts], axis=-1), np.stack([shares, 1 - shares], axis=-1)
    return log_evidence_of(seen.swapaxes(0, 1), expected.swapaxes(0, 1))


def _fixed(counts: Array, shares: Array) -> FixedTest | TooFew:
    """Epochs too small for the approximation are left out; strays have no expectation, and are judged apart."""
    statistic, degrees, least = 0.0, 0, np.inf
    for observed, share in zip(counts, shares, strict=True):
        possible = share > 0
        seen = observed[possible]
        expected = seen.sum() * share[possible]
        least = min(least, float(share[possible].min()))
        if expected.min() < _LEAST_EXPECTED:
            continue
        statistic += float(((seen - expected) ** 2 / expected).sum())
        degrees += int(possible.sum()) - 1
    if not degrees:
        return TooFew("a chi-squared test", int(np.ceil(_LEAST_EXPECTED / least)), int(counts.sum()))
    return FixedTest(statistic, degrees, float(chdtrc(degrees, statistic)))


@dataclass(frozen=True, slots=True)
class Suspect:
    """One slice whose units do not arrive as the weights say, although no other slice is looked at.

    `p` is always valid, and Holm-adjusted over all slices of all dimensions; `p_of_the_rest` is that of all other
    slices of its dimension together: not small any more if this slice alone is guilty.
    """

    dimension: str
    slice: str
    units: int
    share_of_units: float
    largest_deviation: float
    p: float
    p_of_the_rest: float


def guilty_slices(
    dimensions: Mapping[str, Mapping[str, Sequence[Epoch]]], alpha: float = 0.01
) -> tuple[Suspect, ...]:
    """The slices (a country, a device, a day, a range of buckets) that deviate by themselves, the clearest first.

    `dimensions` maps the name of each dimension to its slices, and each slice to its epochs. Slices of a dimension
    share no unit. Units are sliced by what was known before assignment: else a slice may deviate for a good reason.
    """
    found = [
        (dimension, name, ratio)
        for dimension, slices in dimensions.items()
        for name, epochs in slices.items()
        if isinstance(ratio := sample_ratio(epochs, alpha), SampleRatio)
    ]
    adjusted = adjust([ratio.p for _, _, ratio in found], Method.HOLM, alpha)
    suspects = []
    for (dimension, name, ratio), p in zip(found, adjusted.p, strict=True):
        stray = any(each.stray for each in ratio.variants)
        if p > alpha or (ratio.largest_deviation < SMALLEST_DEVIATION and not stray):
            continue
        others = [
            epoch for other, epochs in dimensions[dimension].items() if other != name for epoch in epochs
        ]
        units = sum(each.counted for each in ratio.variants)
        of_all = units + sum(epoch.total for epoch in others)
        rest = p_value(log_evidence(others))
        suspects.append(Suspect(dimension, name, units, units / of_all, ratio.largest_deviation, p, rest))
    return tuple(sorted(suspects, key=lambda each: (each.p, -each.largest_deviation)))
