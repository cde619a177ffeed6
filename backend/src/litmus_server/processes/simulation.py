"""`litmus simulate`: from what was typed to a comparison, and from a comparison to a table, JSON, CSV and a figure."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM, FloorTooHigh, check_floor
from litmus_server.bandits.cohorts import Forgetting
from litmus_server.bandits.contextual import CONTEXTUAL
from litmus_server.bandits.contextual_simulate import Stream, classification, segments3x4
from litmus_server.bandits.contextual_study import ContextualDesign, contextual_study
from litmus_server.bandits.environments import ENVIRONMENTS, Environment
from litmus_server.bandits.policies import EqualSplit, InvalidPolicy, Policy, policy
from litmus_server.bandits.returning import DRAWN, Keep, Stickiness
from litmus_server.bandits.simulate import Design
from litmus_server.bandits.study import Study, study
from litmus_server.domain.draft import MOST_MODEL, MOST_VARIANTS, PARAMETERS, ExperimentType, Parameter
from litmus_server.domain.holdback import MOST_HELD, Baseline, Holdback

DEFAULT_POLICIES = ("thompson_sampling", "ucb", "epsilon_greedy:decay=1")
_MOST = 400_000_000  # arms × decisions × runs × policies: minutes
CONTEXTUAL_WORLDS = ("segments3x4",)
_MOST_CONTEXTUAL = 20_000_000  # decisions, which are made one by one
_MOST_RETURNING = 200_000_000  # where each visit of each unit is followed


class Refusal(ValueError):
    """What was typed cannot be simulated, and why."""


def compare(
    *,
    environment: str | None = None,
    classes: Path | None = None,
    rates: str | None = None,
    policies: Sequence[str] = (),
    runs: int = 200,
    horizon: int | None = None,
    floor: float | None = None,
    every: int | None = None,
    half_life: float | None = None,
    window: float | None = None,
    correct: str = "nothing",
    holdback: str | None = None,
    visits: int = 1,
    sticky: Sequence[str] = (),
    seed: int = 1,
) -> Study:
    """Simulate what was typed. Raises Refusal."""
    if classes is not None or environment in CONTEXTUAL_WORLDS:
        others: dict[str, object] = {
            "--rates": rates,
            "--every": every,
            "--half-life": half_life,
            "--window": window,
        }
        others |= {"--sticky": sticky or None, "--visits": None if visits == 1 else visits}
        others |= {"--delays": None if correct == "nothing" else correct}
        if classes is not None:
            others["--environment"] = environment
        unfit = [name for name, value in others.items() if value is not None]
        if unfit:
            raise Refusal(f"{', '.join(unfit)} cannot be simulated where units have features")
        return compare_contextual(
            classes, policies, runs=runs, horizon=horizon, floor=floor, holdback=holdback, seed=seed
        )
    floor = DEFAULT_FLOOR_PPM / 1_000_000 if floor is None else floor
    try:
        world = replace(_world(environment, rates, horizon), visits=visits)
        names = list(dict.fromkeys(policies or DEFAULT_POLICIES))
        if every is not None and every < 1:
            raise Refusal(f"--every must be at least 1, not {every}")
        if not 0 <= floor <= 1:
            raise Refusal(f"--floor is a share from 0 to 1, not {floor:g}")
        floor_ppm = round(floor * 1_000_000)
        check_floor(floor_ppm, len(world.rates))
        kept = _stickinesses(sticky, visits)
        most = _MOST if visits == 1 else _MOST_RETURNING
        if (work := len(world.rates) * world.horizon * runs * len(names) * len(kept)) > most:
            raise Refusal(
                f"{work:,} decisions × arms are more than {most:,}: fewer --runs or a shorter --horizon"
            )
        held = None if holdback is None else _holdback(holdback)
        memory = Forgetting(half_life, window) if half_life is not None or window is not None else None
        designs = {
            f"{name}{label}": Design(
                _policy(name),
                floor_ppm,
                every=every,
                forgetting=memory,
                correct=correct,
                holdback=held,
                stickiness=stickiness,
            )
            for name in names
            for label, stickiness in kept.items()
        }
        return study(world, designs, runs=runs, seed=seed)
    except (InvalidPolicy, FloorTooHigh, ValueError) as refused:
        raise Refusal(str(refused)) from None


def compare_contextual(
    classes: Path | None,
    policies: Sequence[str] = (),
    *,
    runs: int = 200,
    horizon: int | None = None,
    floor: float | None = None,
    holdback: str | None = None,
    seed: int = 1,
) -> Study:
    """The same where each unit has features: segments3x4, or the examples of a file of `classes`. Raises Refusal."""
    names = list(dict.fromkeys(policies or ("linucb", "lints", "thompson_sampling")))
    held = None if holdback is None else _holdback(holdback)
    designs = {name: replace(_contextual(name, floor), holdback=held) for name in names}
    if horizon is not None and horizon < 1:
        raise Refusal(f"the horizon is at least 1 decision, not {horizon}")
    if classes is None:
        decisions, about = horizon or 20_000, "three segments in which other variants are best"
        made = partial(segments3x4, horizon=decisions)
    else:
        examples, labels = _examples(classes)
        decisions, about = horizon or len(labels), f"the right one of {classes.name}"
        passes = -(-decisions // len(labels))
        made = partial(_of_classes, examples, labels, passes)
    if (work := decisions * runs * len(names)) > _MOST_CONTEXTUAL:
        raise Refusal(
            f"{work:,} decisions are more than {_MOST_CONTEXTUAL:,}: fewer --runs or a shorter --horizon"
        )
    try:
        return contextual_study(made, designs, about, runs=runs, horizon=decisions, seed=seed)
    except (FloorTooHigh, ValueError) as refused:
        raise Refusal(str(refused)) from None


def _contextual(typed: str, floor: float | None) -> ContextualDesign:
    """A contextual type with its parameters, or `thompson_sampling`, which sees no features."""
    name, given = _typed(typed)
    sees = name != "thompson_sampling"
    kind = name if sees else "segmented_thompson"
    if kind not in CONTEXTUAL:
        known = ", ".join(["thompson_sampling", *sorted(CONTEXTUAL)])
        raise Refusal(f"where units have features, --policy is one of {known}, not {name}")
    taken = PARAMETERS[ExperimentType(kind)]
    if floor is not None:
        given = {"floor": floor} | given
    for key, value in given.items():
        allowed = taken.get(key)
        if not isinstance(allowed, Parameter):
            raise Refusal(f"{name} takes {', '.join(taken)}, not {key}")
        if not allowed.low <= value <= allowed.high:
            raise Refusal(f"{key} of {name} is {allowed.low:g} to {allowed.high:g}, not {value:g}")
    defaults = {key: float(each.default) for key, each in taken.items() if each.default is not None}
    return ContextualDesign(kind, defaults | given, sees_features=sees)


def _examples(file: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The features of each row, brought to 0 to 1, and its class as a number from 0."""
    try:
        table = np.loadtxt(file, delimiter=",", ndmin=2)
    except (OSError, ValueError) as wrong:
        raise Refusal(f"--classes {file}: {wrong}") from None
    if table.shape[0] < 2 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise Refusal(
            f"--classes {file}: two rows at least of finite numbers, the last one of each the class"
        )
    low, high = table[:, :-1].min(axis=0), table[:, :-1].max(axis=0)
    kinds, labels = np.unique(table[:, -1], return_inverse=True)
    columns = table.shape[1]
    if not 2 <= len(kinds) <= MOST_VARIANTS:
        raise Refusal(f"--classes {file}: there are 2 to {MOST_VARIANTS} classes, not {len(kinds)}")
    if len(kinds) * columns * (columns + 3) // 2 > MOST_MODEL:
        raise Refusal(
            f"--classes {file}: {columns - 1} features of {len(kinds)} classes are more than a model holds"
        )
    return (table[:, :-1] - low) / np.where(high > low, high - low, 1.0), labels.astype(np.int64)


def _of_classes(examples: NDArray[np.float64], labels: NDArray[np.int64], passes: int, seed: int) -> Stream:
    return classification(examples, labels, 1.0, seed, passes)


def _world(environment: str | None, rates: str | None, horizon: int | None) -> Environment:
    if (environment is None) == (rates is None):
        worlds = ", ".join([*ENVIRONMENTS, *CONTEXTUAL_WORLDS])
        raise Refusal(f"give --rates 0.1,0.12, or --environment: {worlds}")
    if rates is not None:
        try:
            numbers = tuple(float(each) for each in rates.split(","))
        except ValueError:
            raise Refusal(f"--rates are numbers with commas between them, not {rates}") from None
        return Environment(numbers, 20_000 if horizon is None else horizon, "rates as given")
    if environment is None or environment not in ENVIRONMENTS:
        raise Refusal(
            f"there is no environment {environment}: {', '.join([*ENVIRONMENTS, *CONTEXTUAL_WORLDS])}"
        )
    found = ENVIRONMENTS[environment]
    return found if horizon is None else replace(found, horizon=horizon)


def _holdback(typed: str) -> Holdback | None:
    """`share` or `share:to`."""
    share, _, to = typed.partition(":")
    words = ", ".join(Baseline)
    try:
        ppm = round(float(share) * 1_000_000)
        found = Holdback(ppm, Baseline(to or Baseline.UNIFORM))
    except (ValueError, OverflowError):
        raise Refusal(
            f"--holdback is a share and what it gets ({words}), as 0.05:control, not {typed}"
        ) from None
    if not 0 <= found.share <= MOST_HELD * 1_000_000:
        raise Refusal(f"--holdback is a share from 0 to {MOST_HELD:g}, not {share}")
    return found if found.share else None


def _stickinesses(sticky: Sequence[str], visits: int) -> dict[str, Stickiness]:
    """By what follows a policy's name; without any each visit is drawn."""
    if sticky and visits == 1:
        raise Refusal("--sticky is of units that return: give --visits above 1 with it")
    found = {f", {typed}": _stickiness(typed) for typed in sticky}
    return found or {"": DRAWN}


def _stickiness(typed: str) -> Stickiness:
    """`forever`, `none`, `soft`, or `ttl:decisions`."""
    keep, _, ttl = typed.partition(":")
    words = ", ".join(Keep)
    if keep not in list(Keep):
        raise Refusal(f"--sticky is one of {words}, ttl with its decisions as ttl:2000, not {typed}")
    if ttl and not ttl.isdecimal():
        raise Refusal(f"--sticky ttl is a whole number of decisions, as ttl:2000, not {typed}")
    return Stickiness(Keep(keep), int(ttl) if ttl else None)


def _typed(typed: str) -> tuple[str, dict[str, float]]:
    """`name`, or `name:parameter=number,parameter=number`."""
    name, _, given = typed.partition(":")
    parameters: dict[str, float] = {}
    for part in given.split(",") if given else ():
        key, _, value = part.partition("=")
        try:
            parameters[key] = float(value)
        except ValueError:
            raise Refusal(f"--policy is name:parameter=number, not {typed}") from None
    return name, parameters


def _policy(typed: str) -> Policy:
    name, parameters = _typed(typed)
    if name == "equal_split" and not parameters:
        return EqualSplit()
    return policy(name, parameters)


def table(found: Study) -> str:
    """For people: one line a policy, the best first."""
    width = max(len("equal split, by arithmetic"), *(len(curve.name) for curve in found.curves))
    lines = [
        f"{found.world.about}: {', '.join(f'{rate:g}' for rate in found.world.rates)}; "
        f"{found.world.horizon:,} decisions, {found.runs:,} runs"
        + (f", {found.world.visits} visits a unit" if found.world.visits > 1 else ""),
        "",
        f"{'policy':<{width}}  {'regret':>9} {'± s.e.':>7}  {'8 of 10 runs':>17}  {'on best':>7}  {'found':>6}  {'versions':>8}",
        f"{'equal split, by arithmetic':<{width}}  {found.equal:9.1f}",
    ]
    for curve in sorted(found.curves, key=lambda each: each.regret):
        band = f"{curve.low[-1]:.1f} to {curve.high[-1]:.1f}"
        lines.append(
            f"{curve.name:<{width}}  {curve.regret:9.1f} {curve.error:7.1f}  {band:>17}  {curve.on_best:7.1%}  "
            f"{curve.found:6.1%}  {curve.versions:8}"
        )
    lines += [
        "",
        "regret: conversions (or value) lost against always using the best variant; on best: its share of the traffic;",
        "found: runs in which it got most; versions: policies published",
    ]
    return "\n".join(lines)


def as_json(found: Study) -> str:
    """For programs: everything that a figure shows, with the rates and the runs."""
    return json.dumps(
        {
            "rates": list(found.world.rates),
            "horizon": found.world.horizon,
            "runs": found.runs,
            "equal_split": found.equal,
            "policies": [asdict(curve) for curve in found.curves],
        },
        indent=2,
    )


def as_csv(found: Study) -> str:
    """For spreadsheets: one line a policy and point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["policy", "decisions", "regret_mean", "regret_10", "regret_90"])
    for curve in found.curves:
        for point in zip(curve.decisions, curve.mean, curve.low, curve.high, strict=True):
            writer.writerow([curve.name, *point])
    return out.getvalue().rstrip("\n")


FORMATS = {"table": table, "json": as_json, "csv": as_csv}
