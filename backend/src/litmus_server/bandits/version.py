"""The next version of a bandit that treats all units alike: what is known of its arms, what is believed of them, and the shares.

The state is archived with the version, and shares follow from it and from nothing else. It must not know when a version is
worth publishing, nor where it is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM
from litmus_server.bandits.arms import Arm, NumberArm, State
from litmus_server.bandits.beliefs import beliefs
from litmus_server.bandits.cohorts import Cohort, Forgetting, faded
from litmus_server.bandits.delays import Maturity, matured
from litmus_server.bandits.policies import next_version, own_parameters, policy
from litmus_server.domain.errors import Invalid
from litmus_server.domain.holdback import mixed, parts_of
from litmus_server.domain.policy import PolicyState, VariantState, Watermark
from litmus_server.domain.weights import share_to_ppm
from litmus_server.stats.moments import Moments
from litmus_server.stats.sheet import Sheet, of_cohort

_DAY, _HOUR = 86_400.0, 3_600.0
_AGES = {"half_life_days", "window_days", "mean_delay_hours", "learned_delays"}
_BELIEVED = ("expected", "lower", "upper", "alpha", "beta", "sd", "win_probability")


def needs_sheet(entry: Mapping[str, Any]) -> bool:
    """Whether counts of units and conversions do not say enough: for numbers, and where age matters."""
    kinds = [metric["kind"] for metric in entry["metrics"] if metric["role"] == "primary"]
    ages = any(entry["parameters"].get(name) for name in _AGES)
    return kinds == ["mean"] or (kinds == ["conversion"] and ages)


def state_of(
    entry: Mapping[str, Any],
    watermark: Watermark,
    units: Sequence[int],
    conversions: Sequence[int],
    joined: Sequence[int],
    sheet: Sheet | None,
    now: float,
) -> PolicyState:
    """What is known of each variant, by ordinal: `units` exposed, `conversions` of them.

    `joined` is how many units the experiment had when each was added; `sheet` has the primary metric's sums by cohort, for
    whom `needs_sheet`; `now` is in seconds since 1970. Raises Invalid for a metric that cannot be learned from.
    """
    metric, parameters = _primary(entry), dict(entry["parameters"])
    active = [each["state"] == "active" for each in entry["variants"]]
    higher = metric["direction"] == "increase"
    ripe: list[Maturity] | None = None
    arms: list[Arm | NumberArm]
    if sheet is None:
        counts = zip(conversions, units, active, joined, strict=True)
        arms = [Arm(successes, trials, on, since) for successes, trials, on, since in counts]
    elif metric["kind"] == "conversion":
        ripe = _rates(sheet, metric, parameters, active, joined, now)
        arms = [each.arm for each in ripe]
    else:
        arms = _numbers(sheet, metric, parameters, active, joined, now)
    floor = parameters.pop("floor", None)
    return PolicyState(
        policy=entry["type"],
        parameters=parameters,
        floor=DEFAULT_FLOOR_PPM if floor is None else share_to_ppm(floor, "/parameters/floor"),
        metric=metric["name"],
        direction=metric["direction"],
        reason="",
        watermark=watermark,
        variants=_variants(entry, units, conversions, State(tuple(arms), higher), ripe, parameters),
        holdback=parts_of(entry),
    )


def arms_of(state: PolicyState) -> State:
    """What a policy may know of the variants, out of the archive."""
    arms = tuple(
        Arm(each.successes, each.n, each.active, each.joined)
        if each.successes is not None
        else NumberArm(each.n, each.mean or 0.0, each.variance or 0.0, each.active, each.joined)
        for each in state.variants
    )
    return State(arms, state.direction == "increase")


def shares_of(state: PolicyState) -> tuple[int, ...]:
    """The shares in ppm that follow from a state, and from nothing else: any published version can be computed again."""
    rule = policy(state.policy, own_parameters(state.policy, state.parameters))
    return mixed(next_version(rule, arms_of(state), state.floor), state.holdback)


def _primary(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    metric = next((each for each in entry["metrics"] if each["role"] == "primary"), None)
    if metric is None or metric["kind"] not in {"conversion", "mean"}:
        raise Invalid(
            f"{entry['type']} learns from a primary metric of kind conversion or mean, and {entry['key']} has none"
        )
    found: Mapping[str, Any] = metric
    return found


def _rates(
    sheet: Sheet,
    metric: Mapping[str, Any],
    parameters: Mapping[str, Any],
    active: Sequence[bool],
    joined: Sequence[int],
    now: float,
) -> list[Maturity]:
    """Each arm. Delays that are to be learned correct nothing as long as their sums are being made."""
    number = metric["id"]
    learned = bool(parameters.get("learned_delays")) and sheet.measures[number].delays
    cohorts: list[list[Cohort]] = []
    for k in range(len(active)):
        cohorts.append([])
        for cohort in sheet.cohorts():
            meant = of_cohort(cohort)
            if (cell := sheet.arm(number, k, meant)).n:
                delays = sheet.delay(number, k, meant) if learned else 0.0
                cohorts[k].append(Cohort(_age(sheet, cohort, now), cell.n, cell.seen, delays))
    delay, forgetting = parameters.get("mean_delay_hours"), _forgetting(parameters)
    if learned or delay is not None:
        return list(
            matured(
                cohorts,
                attribution=metric["window_seconds"],
                law=None if delay is None else [delay * _HOUR] * len(active),
                forgetting=forgetting,
                active=active,
                joined=joined,
            )
        )
    found: list[Maturity] = []
    for cells_of, on, since in zip(cohorts, active, joined, strict=True):
        weighed = [(forgetting.weight(each.age), each) for each in cells_of]
        successes = sum(weight * each.converted for weight, each in weighed)
        trials = sum(weight * each.exposed for weight, each in weighed)
        found.append(Maturity(Arm(min(successes, trials), trials, on, since), None, None))
    return found


def _numbers(
    sheet: Sheet,
    metric: Mapping[str, Any],
    parameters: Mapping[str, Any],
    active: Sequence[bool],
    joined: Sequence[int],
    now: float,
) -> list[Arm | NumberArm]:
    forgetting, waiting = _forgetting(parameters), sheet.measures[metric["id"]].waiting
    arms: list[Arm | NumberArm] = []
    for k, (on, since) in enumerate(zip(active, joined, strict=True)):
        cells = []
        for cohort in sheet.cohorts():
            arm = sheet.arm(metric["id"], k, of_cohort(cohort))
            found = arm.raw if waiting is not None or arm.outcome is None else arm.outcome
            sums = found if isinstance(found, Moments) else Moments(arm.n, found.first[0], found.second[0])
            cells.append((_age(sheet, cohort, now), sums))
        arms.append(faded(cells, forgetting, active=on, joined=since))
    return arms


def _age(sheet: Sheet, cohort: int, now: float) -> float:
    """Of a cohort's units, as if they had come in its middle; of the newest, in the middle of the time it has had."""
    start, end = cohort * _HOUR, (cohort + sheet.cohort_hours) * _HOUR
    return max(now - (start + min(end, max(now, start))) / 2, 0.0)


def _forgetting(parameters: Mapping[str, Any]) -> Forgetting:
    half, window = parameters.get("half_life_days"), parameters.get("window_days")
    return Forgetting(None if half is None else half * _DAY, None if window is None else window * _DAY)


def _variants(
    entry: Mapping[str, Any],
    units: Sequence[int],
    conversions: Sequence[int],
    state: State,
    ripe: Sequence[Maturity] | None,
    parameters: Mapping[str, Any],
) -> tuple[VariantState, ...]:
    found = beliefs(state, parameters.get("prior_alpha", 1.0), parameters.get("prior_beta", 1.0))
    believed = found if isinstance(found, tuple) else (None,) * len(units)
    # Before the first conversion nothing is known of delays, and so not that everything has come.
    arrived = [each.arrived for each in ripe] if ripe else [None] * len(units)
    delays = [each.mean_delay for each in ripe] if ripe else [None] * len(units)
    return tuple(
        VariantState(
            variant_id=variant["id"],
            active=arm.active,
            units=units[k],
            conversions=conversions[k],
            n=arm.outcomes,
            successes=arm.successes if isinstance(arm, Arm) else None,
            mean=arm.mean if isinstance(arm, NumberArm) else None,
            variance=arm.variance if isinstance(arm, NumberArm) else None,
            joined=int(arm.joined),
            arrived=None if delays[k] is None else arrived[k],
            mean_delay_hours=None if (mean := delays[k]) is None else mean / _HOUR,
            **{name: None if belief is None else getattr(belief, name) for name in _BELIEVED},
        )
        for k, (variant, arm, belief) in enumerate(zip(entry["variants"], state.arms, believed, strict=True))
    )
