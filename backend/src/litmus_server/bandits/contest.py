"""Who takes part in the contest for the best arm: an inactive arm cannot win it, and takes nothing from the others."""

from collections.abc import Sequence

from litmus_server.stats.pbest import pbest_beta


def win_probabilities(
    posteriors: Sequence[tuple[float, float]], active: Sequence[bool], *, higher_is_better: bool = True
) -> list[float | None]:
    """P(best) among the active arms under their Beta(alpha, beta); None for the others."""
    contest = [posterior for posterior, on in zip(posteriors, active, strict=True) if on]
    if not contest:
        return [None] * len(posteriors)
    alphas, betas = zip(*contest, strict=True)
    best = iter(pbest_beta(alphas, betas, higher_is_better=higher_is_better).probability)
    return [next(best) if on else None for on in active]
