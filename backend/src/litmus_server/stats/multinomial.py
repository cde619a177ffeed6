"""The exact sequential test of counts, given their total: the engine of sample ratio, rare conversions and error counts.

Each assigned unit, and each unit that converts, bears the label of a variant. If the variants do not differ, labels
are independent draws with known shares, whatever the rate is and however it moves with time: so the test needs no
variance, no minimum sample and no planned end. Lindon & Malek, *Anytime-valid inference for multinomial count data*,
NeurIPS 2022 (arXiv 2011.03567): the sections on multinomial, on Bernoulli and on Poisson counts.

It must not know what is counted. It must not keep the past either: the evidence at any moment follows from the counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, logsumexp

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.beta import Interval
from litmus_server.stats.critical import best_ratio
from litmus_server.stats.roots import root

Array = NDArray[np.float64]

CONCENTRATIONS = (2.0, 20.0, 200.0, 2_000.0, 20_000.0)
"""How far from the shares the alternatives lie: about 1 ÷ √concentration. A small one sees a dead variant after a
dozen units, a large one a split of 51 to 49 before a hundred thousand; an average of tests is a test."""
_WEIGHTS = (0.1, 0.1, 0.1, 0.6, 0.1)

_SHARES_SUM_TO_ONE_WITHIN = 1e-6


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was counted of each variant while the shares were these. ValueError unless both fit together.

    `shares` are positive or zero and sum to 1. Counts of labels only: never negative, never fractions of a unit.
    """

    counts: tuple[int, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        """ValueError names what is wrong with counts or shares."""
        if len(self.counts) != len(self.shares) or len(self.counts) < 2:
            raise ValueError(f"one count and one share a variant, two at least: {self.counts}, {self.shares}")
        if min(self.counts) < 0:
            raise ValueError(f"counts must not be negative: {self.counts}")
        if not (min(self.shares) >= 0 and abs(sum(self.shares) - 1) <= _SHARES_SUM_TO_ONE_WITHIN):
            raise ValueError(f"shares must be at least 0 and sum to 1: {self.shares}")

    @property
    def total(self) -> int:
        """All counts together."""
        return sum(self.counts)


def merged(epochs: Sequence[Epoch]) -> tuple[Epoch, ...]:
    """Epochs of the same shares as one, in the order of their first appearance: they are one table of counts."""
    together: dict[tuple[float, ...], list[int]] = {}
    for epoch in epochs:
        counts = together.setdefault(epoch.shares, [0] * len(epoch.counts))
        together[epoch.shares] = [a + b for a, b in zip(counts, epoch.counts, strict=True)]
    return tuple(Epoch(tuple(counts), shares) for shares, counts in together.items())


def log_evidence(epochs: Sequence[Epoch], concentration: float | None = None) -> float:
    """Log of the evidence against "labels follow the shares": reject at level α when it reaches ln(1 ÷ α), at any moment.

    A count where the share is 0 is evidence without bound: infinity. One `concentration` instead of the average
    over CONCENTRATIONS suits a planned total, see `concentration_for`. ValueError unless all epochs have the same
    number of variants.
    """
    tables = merged(epochs)
    if not tables:
        return 0.0
    counts, shares = (
        np.array([getattr(each, what) for each in tables], float) for what in ("counts", "shares")
    )
    return float(log_evidence_of(counts, shares, concentration))


def log_evidence_of(counts: ArrayLike, shares: ArrayLike, concentration: float | None = None) -> Array:
    """The same for many experiments at once: both arguments broadcast to (…, epochs, variants), the result has shape (…).

    In one epoch it is the Bayes factor of Dirichlet(κρ) alternatives against the point ρ, averaged over κ
    (arXiv 2011.03567, multinomial counts):

        ln B(κρ + S) − ln B(κρ) − Σ S ln ρ,   B the multivariate beta function

    Factors multiply over epochs. That asks each epoch anew what the alternative is, which hundreds of versions of a
    bandit do not survive; so of all that follows the first epoch half of the evidence comes from alternatives that stay: one
    variant arrives with e^w times its odds, averaged over variants and a grid of w. Each factor has expectation 1
    given the past, so the average is a test martingale whatever the grid is; the grid only decides the power. It begins with
    the second epoch, at 1: to average over the first one afterwards would be a second test, with an alpha of its own.
    """
    seen, rho = np.broadcast_arrays(np.asarray(counts, np.float64), np.asarray(shares, np.float64))
    rho = rho / rho.sum(axis=-1, keepdims=True)
    kappas = np.array(CONCENTRATIONS if concentration is None else [concentration])
    weights = np.array(_WEIGHTS if concentration is None else [1.0])
    each = _log_factors(seen, rho, kappas.reshape(-1, *[1] * seen.ndim))
    fresh = logsumexp(each, axis=0, b=weights.reshape(-1, *[1] * (each.ndim - 1)))
    found = fresh[..., 0]
    if seen.shape[-2] > 1:
        staying = _log_staying(seen[..., 1:, :], rho[..., 1:, :])
        found = found + np.logaddexp(fresh[..., 1:].sum(axis=-1), staying) - np.log(2)
    impossible = ((seen > 0) & (rho == 0)).any(axis=(-2, -1))
    return np.asarray(np.where(impossible, np.inf, found))


def p_value(log_evidence: float) -> float:
    """The always-valid p-value of the most evidence that there has been: 1 ÷ evidence, at most 1."""
    return float(np.exp(-max(0.0, log_evidence)))


def concentration_for(planned_total: float, alpha: float = 0.05) -> float:
    """The concentration that makes the test at `planned_total` counts as sharp as can be: total ÷ r*(α).

    r* = −W₋₁(−α² ÷ e) − 1 minimises the boundary of the normal mixture at the planned end (Howard et al., Annals of
    Statistics 49, 2021, section 3.5), and this boundary approaches that one. ValueError unless the total is positive and 0 < α < 1.
    """
    if not planned_total > 0:
        raise ValueError(f"the planned total must be positive: {planned_total}")
    return planned_total / best_ratio(alpha)


@dataclass(frozen=True, slots=True)
class RateLift:
    """How much higher the treatment's rate is than the control's, as a fraction of the control's.

    `interval` holds the true lift at all moments together with probability `level`; it excludes 0 exactly when
    `log_evidence` reaches ln(1 ÷ (1 − level)). Its ends may be −1 (no lower bound yet) and infinity (no upper one).
    """

    lift: float
    interval: Interval
    log_evidence: float


def rate_lift(
    epochs: Sequence[Epoch], alpha: float = 0.05, concentration: float | None = None
) -> RateLift | TooFew | Undefined:
    """The lift of a rate, from conversions (or errors) of control and treatment, in this order, by epoch of weights.

    `shares` are those of the two among the units of both: assignment is by chance, so they are exact. Given a
    conversion, it is the treatment's with probability ρ₁θ ÷ (ρ₀ + ρ₁θ), where θ = p₁ ÷ p₀: so the set of all θ that
    are not rejected is an interval for the ratio of rates, however large the rates are (arXiv 2011.03567, contrasts).
    A unit counts once; events that come in bursts from the same unit break the independence that this rests on.
    Needs one conversion; Undefined when no one ratio fits all epochs.
    """
    if any(len(epoch.counts) != 2 for epoch in epochs):
        raise ValueError("control and treatment, two counts an epoch")
    possible = [epoch for epoch in epochs if min(epoch.shares) > 0]
    used = [epoch for epoch in possible if epoch.total]
    if not used:
        return TooFew("a ratio of rates", 1, 0)
    # An epoch without counts is one all the same: alternatives that stay begin with the second, in the p-value and so here.
    evidence = log_evidence(possible, concentration)
    treated = float(sum(epoch.counts[1] for epoch in used))
    totals = np.array([epoch.total for epoch in used], dtype=np.float64)
    rho = np.array([epoch.shares[1] for epoch in used])

    log_rho, log_rest, bar = np.log(rho), np.log1p(-rho), float(np.log(alpha))

    def excess(w: float) -> float:
        """Log evidence against θ = exp(w), less the bar; convex."""
        return evidence + bar - treated * w + float(totals @ np.logaddexp(log_rest, log_rho + w))

    def slope(w: float) -> float:
        return float(totals @ expit(log_rho - log_rest + w)) - treated

    controlled = float(totals.sum()) - treated
    centre = root(slope, -_FAR, _FAR) if treated and controlled else (-_FAR if controlled else _FAR)
    if excess(centre) > 0:
        return Undefined("the lift", "the epochs contradict one another: no one lift fits them all")
    lower = root(excess, -_FAR, centre) if excess(-_FAR) > 0 else -np.inf
    upper = root(excess, centre, _FAR) if excess(_FAR) > 0 else np.inf
    lift = float(np.expm1(centre)) if treated and controlled else (-1.0 if controlled else float("inf"))
    return RateLift(lift, Interval(float(np.expm1(lower)), float(np.expm1(upper)), 1 - alpha), evidence)


_FAR = 60.0  # a ratio of e^60 is out of the reach of any count


_TILTS = 0.005 * 1.35 ** np.arange(25)  # from half a per cent of the odds to a thousand times


def _log_staying(counts: Array, shares: Array) -> Array:
    """Σ over epochs of S·w − n·ln(1 + ρ(e^w − 1)), averaged over variants and tilts ±w."""
    totals = counts.sum(axis=-1, keepdims=True)
    each = [(counts * w - totals * np.log1p(shares * np.expm1(w))).sum(axis=-2) for w in (*_TILTS, *-_TILTS)]
    return np.asarray(logsumexp(each, axis=(0, -1)) - np.log(len(each) * counts.shape[-1]))


def _log_factors(counts: Array, shares: Array, kappa: Array) -> Array:
    return _log_beta_excess(counts, shares, kappa) - _log_beta_excess(np.zeros_like(counts), shares, kappa)


def _log_beta_excess(counts: Array, shares: Array, kappa: Array) -> Array:
    """Σ lnΓ(x) − lnΓ(Σx) − Σ x ln ρ for x = κρ + S, over positive shares, by Stirling's formula and its exact remainder.

    With x = Nρ(1 + u) and N = Σx the leading terms are N Σ ρ((1 + u)ln(1 + u) − u): no large numbers are subtracted,
    as differences of log-gammas would, which at a billion units have lost five digits.
    """
    possible = shares > 0
    rho = np.where(possible, shares, 1.0)
    total = counts.sum(axis=-1, keepdims=True)
    size = total + kappa
    x = kappa * rho + counts
    u = (counts - total * rho) / (size * rho)
    each = size * rho * _log_excess(u) - np.log(x) / 2 + np.log(2 * np.pi) / 2 + _stirling_rest(x)
    whole = (np.log(size) / 2 - np.log(2 * np.pi) / 2 - _stirling_rest(size))[..., 0]
    out: Array = np.where(possible, each, 0.0).sum(axis=-1) + whole
    return out


def _log_excess(u: Array) -> Array:
    """(1 + u)·ln(1 + u) − u, with all digits near 0."""
    small = np.abs(u) < 0.02
    s = np.where(small, u, 0.0)
    series = (
        s * s * (1 / 2 - s * (1 / 6 - s * (1 / 12 - s * (1 / 20 - s * (1 / 30 - s * (1 / 42 - s / 56))))))
    )
    big = np.where(small, 1.0, u)
    return np.where(small, series, (1 + big) * np.log1p(big) - big)


def _stirling_rest(x: Array) -> Array:
    """lnΓ(x) − [(x − ½)·ln x − x + ½·ln 2π]."""
    large = np.maximum(x, 10.0)
    square = 1 / large**2
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / large
    small = np.minimum(x, 10.0)
    direct = gammaln(small) - ((small - 0.5) * np.log(small) - small + 0.5 * np.log(2 * np.pi))
    return np.where(x < 10, direct, series)
