"""What is believed of an effect: from the prior of the lift, or of the rates where the experiment learns from these."""

from litmus_server.analysis.estimates import lift_error
from litmus_server.analysis.population import Population
from litmus_server.domain import report as r
from litmus_server.domain.report import Missing
from litmus_server.stats.bayes import Belief, NormalBelief, RateBelief, conclude
from litmus_server.stats.beta import BetaPosterior
from litmus_server.stats.contrast import Contrast


def belief_of(population: Population, contrast: Contrast | None) -> tuple[r.Belief | None, Missing]:
    """The belief, or None and why there is none."""
    frame, metric = population.frame, population.metric
    rope = frame.minimum_effect(metric) or 0.0
    prior = frame.prior
    told = r.LiftPrior(prior.mean, None if prior.flat else prior.sd, prior.flat)
    learned = frame.adaptive or frame.entry["type"] == "bayesian_ab"
    if learned and metric["kind"] == "conversion" and metric["role"] == "primary":
        alpha = frame.entry["parameters"].get("prior_alpha", 1.0)
        beta = frame.entry["parameters"].get("prior_beta", 1.0)
        t, c = (
            BetaPosterior.of_counts(arm.seen, arm.n, alpha, beta)
            for arm in (population.whole.treatment, population.whole.control)
        )
        return _concluded(
            population, RateBelief(c, t), 1.0, rope, r.LiftPrior(0.0, None, flat=True)
        ), Missing.NO_SUMS
    if contrast is None:
        return None, Missing.NO_VARIANCE
    error = lift_error(contrast)
    if error is None:
        return None, Missing.NO_BASELINE
    lift = (contrast.treatment - contrast.control) / abs(contrast.control)
    belief = NormalBelief(prior.mean, prior.sd).after(lift, error)
    return _concluded(population, belief, abs(contrast.control), rope, told), Missing.NO_SUMS


def _concluded(
    population: Population, belief: Belief, unit: float, rope: float, prior: r.LiftPrior
) -> r.Belief:
    found = conclude(
        belief,
        higher_is_better=population.metric["direction"] == "increase",
        equivalence=rope,
        level=1 - population.frame.alpha,
    )
    return r.Belief(
        chance_to_win=found.chance_to_win,
        expected_loss=found.loss_of_treatment * unit,
        expected_loss_of_control=found.loss_of_control * unit,
        interval=r.CredibleInterval(found.interval.lower, found.interval.upper, found.interval.level),
        rope=rope,
        in_rope=found.equivalence,
        benefit=found.benefit,
        harm=found.harm,
        prior=prior,
    )
