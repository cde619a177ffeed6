"""A comparison of contextual policies on streams of units whose rewards are known, as `study` is one of the others.

It must not know formats, files or where the streams came from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from litmus_server.bandits.contextual_simulate import Outcome, Stream, simulate
from litmus_server.bandits.environments import Environment
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.simulate import mean_and_error
from litmus_server.bandits.study import POINTS, Curve, Study
from litmus_server.domain.features import Feature, FeatureType, Schema
from litmus_server.domain.holdback import Holdback

_NOTHING = Schema((Feature("everybody", FeatureType.CATEGORY, levels=("yes",), required=True),))


@dataclass(frozen=True, slots=True)
class ContextualDesign:
    """A contextual type with all of its parameters. Without features all units are alike to it."""

    kind: str
    parameters: Mapping[str, float]
    sees_features: bool = True
    holdback: Holdback | None = None


def contextual_study(
    made: Callable[[int], Stream],
    designs: Mapping[str, ContextualDesign],
    about: str,
    *,
    runs: int,
    horizon: int,
    seed: int,
) -> Study:
    """Every design lives on the same `runs` streams, which are `made` from seeds, by the product's refresh rule.

    The world's rates are what each arm would bring of all units. `on_best` of a curve is the share of decisions that the unit's own
    best arm made, `found` the part of runs in which that is more than half. ValueError for less than two runs.
    """
    if runs < 2:
        raise ValueError(f"a comparison takes at least 2 runs, not {runs}")
    lives: dict[str, list[Outcome]] = {name: [] for name in designs}
    rates, equal = [], []
    for run in range(seed * runs, (seed + 1) * runs):
        stream = made(run)
        expected = stream.expected[:horizon]
        rates.append(expected.mean(axis=0))
        equal.append(float((expected.max(axis=1) - expected.mean(axis=1)).sum()))
        blind = replace(stream, schema=_NOTHING, people=[{"everybody": "yes"}], units=[0] * len(stream.units))
        for name, design in designs.items():
            seen = stream if design.sees_features else blind
            rng = np.random.default_rng((seed, run))
            rule, kind = RefreshRule(), design.kind
            lives[name].append(
                simulate(
                    kind, design.parameters, seen, rng, rule=rule, horizon=horizon, holdback=design.holdback
                )
            )
    world = Environment(tuple(np.mean(rates, axis=0).round(4).tolist()), horizon, about)
    curves = tuple(_curve(name, found, horizon) for name, found in lives.items())
    return Study(world, runs, float(np.mean(equal)), curves)


def _curve(name: str, lives: list[Outcome], horizon: int) -> Curve:
    at = np.unique(np.linspace(0, horizon, min(POINTS, horizon) + 1)[1:].round().astype(int))
    lost = np.array([each.lost[at - 1] for each in lives])
    low, high = np.quantile(lost, (0.1, 0.9), axis=0)
    on_best = np.array([each.on_best for each in lives])
    return Curve(
        name=name,
        decisions=(0, *at.tolist()),
        mean=(0.0, *lost.mean(axis=0).tolist()),
        low=(0.0, *low.tolist()),
        high=(0.0, *high.tolist()),
        error=mean_and_error(lost[:, -1])[1],
        on_best=float(on_best.mean()),
        found=float((on_best > 0.5).mean()),
        versions=round(float(np.mean([each.versions for each in lives]))),
    )
