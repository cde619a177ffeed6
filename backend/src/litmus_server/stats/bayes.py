"""What is believed of an effect, given a prior: how probably it is a win, what a wrong choice costs, where it lies.

Two beliefs with the same questions: `NormalBelief` of any effect with a standard error, `RateBelief` of two conversion
rates. All by closed forms and quadrature, none by draws. A belief is not a test: under a flat prior somebody who looks
every day sees "95 % sure" in nearly half of all experiments without an effect. The default prior is therefore proper.

It must not know which prior an experiment uses, nor what is done at which probability.
"""

from dataclasses import dataclass
from functools import cached_property
from math import copysign, hypot, inf, isfinite, isinf, log, pi, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincc, erfcx, ndtr, ndtri

from litmus_server.stats.beta import BetaPosterior, Interval
from litmus_server.stats.contrast import Scale
from litmus_server.stats.pbest import NODES_AT, WEIGHTS, BetaLogit, logistic, panels, pbest_beta
from litmus_server.stats.roots import root, settled

Array = NDArray[np.float64]


class Belief(Protocol):
    """A distribution of the effect of treatment, less control. Effects and quantiles are in the belief's own scale."""

    def below(self, effect: float) -> float:
        """The probability that the true effect is less."""
        ...

    def above(self, effect: float) -> float:
        """The probability that it is greater; computed by itself, so that a small one keeps its digits."""
        ...

    def quantile(self, probability: float) -> float:
        """The effect that the true one is below with this probability."""
        ...

    def expected_excess(self) -> tuple[float, float]:
        """E[(effect)⁺] and E[(−effect)⁺]: what control and what treatment are expected to lose if more is better."""
        ...


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a reader is told of a belief.

    `chance_to_win` is the probability that treatment is better. `loss_of_treatment` is how much worse than control
    treatment is expected to be, counting as 0 where it is better: what choosing it now is expected to cost; and the
    other way round. `harm`, `equivalence` and `benefit` are the probabilities of being worse than, inside and better
    than the region of practical equivalence, and sum to 1.
    """

    chance_to_win: float
    loss_of_treatment: float
    loss_of_control: float
    interval: Interval
    harm: float
    equivalence: float
    benefit: float


def conclude(
    belief: Belief, *, higher_is_better: bool = True, equivalence: float = 0.0, level: float = 0.95
) -> Conclusion:
    """The answers at once. `equivalence` is the half-width of the region of practical equivalence, in the belief's scale.

    The interval is equal-tailed. ValueError unless 0 < level < 1 and 0 ≤ equivalence < ∞.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1: {level}")
    if not 0 <= equivalence < inf:
        raise ValueError(f"the region of equivalence must be at least 0 wide: {equivalence}")
    more, less = belief.expected_excess()
    low, high = belief.below(-equivalence), belief.above(equivalence)
    harm, benefit = (low, high) if higher_is_better else (high, low)
    tail = (1 - level) / 2
    return Conclusion(
        chance_to_win=belief.above(0.0) if higher_is_better else belief.below(0.0),
        loss_of_treatment=less if higher_is_better else more,
        loss_of_control=more if higher_is_better else less,
        interval=Interval(belief.quantile(tail), belief.quantile(1 - tail), level),
        harm=harm,
        equivalence=max(0.0, 1.0 - harm - benefit),
        benefit=benefit,
    )


# --- any effect with a standard error ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NormalBelief:
    """Normal(mean, sd) of an effect. As a prior `sd` may be infinite (flat). ValueError unless sd > 0 and mean is finite."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        """ValueError for what is no distribution."""
        if not (isfinite(self.mean) and self.sd > 0):
            raise ValueError(f"a belief needs a finite mean and an sd > 0: {self.mean}, {self.sd}")

    @property
    def flat(self) -> bool:
        """Every effect is equally probable: to be labelled, since no protection against looking again is left."""
        return isinf(self.sd)

    def scaled(self, baseline: float) -> "NormalBelief":
        """The same belief of a lift as one of the difference, for a control mean of `baseline`: priors follow the scale."""
        return NormalBelief(self.mean * abs(baseline), self.sd * abs(baseline))

    def after(self, effect: float, standard_error: float) -> "NormalBelief":
        """Updated by an estimate in the same scale: precisions add up. ValueError unless the standard error is > 0."""
        if not (isfinite(effect) and 0 < standard_error < inf):
            raise ValueError(f"an estimate is finite, its standard error > 0: {effect}, {standard_error}")
        if self.flat:
            return NormalBelief(effect, standard_error)
        both = hypot(self.sd, standard_error)
        shrink = (standard_error / both) ** 2
        return NormalBelief(shrink * self.mean + (1 - shrink) * effect, self.sd * (standard_error / both))

    def below(self, effect: float) -> float:
        """Right down to 1e-300."""
        return float(ndtr((effect - self.mean) / self.sd))

    def above(self, effect: float) -> float:
        """Right down to 1e-300."""
        return float(ndtr((self.mean - effect) / self.sd))

    def quantile(self, probability: float) -> float:
        """Mean + sd·Φ⁻¹(probability)."""
        return self.mean + self.sd * float(ndtri(probability))

    def expected_excess(self) -> tuple[float, float]:
        """sd·(φ(z) + zΦ(z)) and sd·(φ(z) − zΦ(−z)), z = mean ÷ sd."""
        z = self.mean / self.sd
        return self.sd * _normal_loss(-z), self.sd * _normal_loss(z)


def _normal_loss(z: float) -> float:
    """φ(z) − zΦ(−z), by Mills' ratio: where z is large the two terms are nearly equal."""
    if z < 0:
        return _normal_loss(-z) - z
    density = float(np.exp(-0.5 * z * z)) / sqrt(2 * pi)
    return density * max(0.0, 1 - z * sqrt(pi / 2) * float(erfcx(z / sqrt(2))))


DEFAULT_PRIOR = NormalBelief(0.0, 0.05)
"""Of a lift: two of three true lifts within ± 5 %. No variant is favoured, and miracles need evidence."""

_PRIOR_OF_LOG_SD = 1.0
_GRID = np.linspace(-8.0, 8.0, 4001)


def fitted_prior(
    effects: ArrayLike, standard_errors: ArrayLike, default: NormalBelief = DEFAULT_PRIOR
) -> NormalBelief:
    """The prior that past experiments suggest: N(0, sd²), `sd` from their estimates and these estimates' errors.

    The model is hierarchical: effects ~ N(0, sd²), estimates ~ N(effect, error²) (Gelman et al., Bayesian Data
    Analysis, 3rd edition, section 5.4; for experiments online Deng, WWW 2015 companion, 923-928), and ln sd ~ N(ln of
    the default's, 1), so that no experiment gives exactly the default and a few move it a little. The answer is
    exp E[ln sd], by quadrature. All past experiments have to be there: of winners only, any prior looks justified.
    ValueError unless every estimate is finite with an error > 0, or for a flat default.
    """
    d, s = np.asarray(effects, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64)
    if (
        d.ndim != 1
        or d.shape != s.shape
        or not (np.isfinite(d).all() and np.isfinite(s).all() and (s > 0).all())
    ):
        raise ValueError("past experiments are a finite effect and an error > 0 each")
    if default.flat:
        raise ValueError("a flat prior cannot be fitted")
    sd = default.sd * np.exp(_GRID)
    log_p = -0.5 * (_GRID / _PRIOR_OF_LOG_SD) ** 2
    for effect, error in zip(d, s, strict=True):
        variance = sd**2 + error**2
        log_p = log_p - 0.5 * (effect**2 / variance + np.log(variance))
    p = np.exp(log_p - log_p.max())
    return NormalBelief(0.0, float(default.sd * np.exp((p * _GRID).sum() / p.sum())))


# --- two conversion rates ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RateBelief:
    """The difference, or the lift as a fraction of control's rate, between two rates with Beta posteriors.

    P(effect < x) = ∫ f_C(p)·F_T(image of p) dp by Gauss–Legendre quadrature in logit(p), on panels that follow both
    posteriors (see `pbest`): the error is below 1e-12 where all alphas and betas are at least 0.3. `expected_excess` is in
    units of the rate on both scales.
    """

    control: BetaPosterior
    treatment: BetaPosterior
    scale: Scale = Scale.LIFT

    def below(self, effect: float) -> float:
        """0 and 1 outside what two rates can be."""
        return self._integral(effect, below=True)

    def above(self, effect: float) -> float:
        """By the complement of F, not of the integral."""
        return self._integral(effect, below=False)

    def quantile(self, probability: float) -> float:
        """To 1e-10 of the spread."""
        if not 0 < probability < 1:
            raise ValueError(f"a probability is between 0 and 1: {probability}")
        upper, target = probability > 0.5, float(ndtri(min(probability, 1 - probability)))

        def excess(at: float) -> float:
            """In standard deviations of a normal distribution, by which this is nearly a straight line."""
            tail = self.above(self._effect(at)) if upper else self.below(self._effect(at))
            z = float(ndtri(tail)) if 0 < tail < 1 else copysign(40.0, tail - 0.5)
            return (target - z) if upper else (z - target)

        middle, spread = self._start
        at = middle + (-target if upper else target) * spread
        if self._bounded:
            found = settled(excess, at, slope=1 / spread, tolerance=1e-10 * spread / max(1.0, abs(at)))
            if found is not None:
                return self._effect(found)
        off = excess(at)
        if off == 0:
            return self._effect(at)
        # A little beyond where a straight line would be zero, so that the root lies between.
        step, before = -1.1 * off * spread - copysign(1e-3 * spread, off), at
        while (excess(before + step) > 0) == (off > 0):
            before, step = before + step, 2 * step
        tolerance = 1e-10 * spread / max(1.0, abs(before), abs(before + step))
        return self._effect(root(excess, before, before + step, tolerance=tolerance))

    def expected_excess(self) -> tuple[float, float]:
        """E[(p_T − p_C)⁺] and E[(p_C − p_T)⁺]."""
        a, b = [self.control.alpha, self.treatment.alpha], [self.control.beta, self.treatment.beta]
        return pbest_beta(a, b).expected_loss[0], pbest_beta(a, b).expected_loss[1]

    def _effect(self, at: float) -> float:
        return at if self.scale is Scale.DIFFERENCE else float(np.expm1(at))

    @cached_property
    def _start(self) -> tuple[float, float]:
        """About the median and the standard deviation of the difference, or of the logarithm of the ratio."""
        arms = (self.treatment, self.control)
        if self.scale is Scale.DIFFERENCE:
            (m1, m0) = (arm.mean for arm in arms)
            spread = [m * (1 - m) / (arm.alpha + arm.beta + 1) for m, arm in zip((m1, m0), arms, strict=True)]
            return m1 - m0, sqrt(sum(spread))
        (c1, c0) = (log((arm.alpha + 0.5) / (arm.alpha + arm.beta + 0.5)) for arm in arms)
        return c1 - c0, sqrt(sum(1 / (arm.alpha + 0.5) for arm in arms))

    def _integral(self, effect: float, *, below: bool) -> float:
        """∫ f_C(p)·P(p_T below, or above, slope·p + shift) dp."""
        slope, shift = (1.0, effect) if self.scale is Scale.DIFFERENCE else (1 + effect, 0.0)
        if self._mirrored:  # 1 − p_T is above slope·(1 − p_C) + …
            shift, below = 1 - slope - shift, not below
        knots, control, treatment = self._posteriors
        images = (treatment.at_knots - shift) / slope if slope > 0 else np.array([])
        inside = images[(images > 0) & (images < 1)]
        mapped = np.log(inside) - np.log1p(-inside)
        mapped = mapped[(mapped > knots[0]) & (mapped < knots[-1])]
        edges = panels([knots, np.unique(mapped)]) if mapped.size > 1 else knots
        half = np.diff(edges)[:, None] / 2
        nodes = edges[:-1, None] + half * (1 + NODES_AT)
        mass = control.density(nodes) * half * WEIGHTS
        reached = (slope * logistic(nodes) + shift).clip(0.0, 1.0)
        values = (betainc if below else betaincc)(treatment.a, treatment.b, reached)
        return float((mass * values).sum() / mass.sum())

    @property
    def _bounded(self) -> bool:
        """Whether no density has a pole, near which no line is straight."""
        return all(min(arm.alpha, arm.beta) >= 1 for arm in (self.control, self.treatment))

    @cached_property
    def _mirrored(self) -> bool:
        """Rates near 1 are told by their failures: 1 − p would have lost its digits."""
        return self.control.mean + self.treatment.mean > 1

    @cached_property
    def _posteriors(self) -> tuple[Array, BetaLogit, "_Knotted"]:
        control, treatment = (
            BetaLogit(arm.beta, arm.alpha) if self._mirrored else BetaLogit(arm.alpha, arm.beta)
            for arm in (self.control, self.treatment)
        )
        return control.knots(), control, _Knotted(treatment.a, treatment.b, logistic(treatment.knots()))


@dataclass(frozen=True, slots=True)
class _Knotted:
    """Beta(a, b), and its panels' boundaries as rates."""

    a: float
    b: float
    at_knots: Array
