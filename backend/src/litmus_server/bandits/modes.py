"""What a bandit is for: a purpose is chosen, and the algorithm, the floor and the rule of promotion follow from it.

Promoting moves traffic to the probable winner. It claims nothing: two equal arms pass any threshold of this kind sooner
or later, and to choose between equals costs nothing. Proof is the report's word, and has its own rules.
It must not know a clock, a policy's arithmetic, or who acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM, check_floor
from litmus_server.domain.draft import Purpose
from litmus_server.stats.absence import Undefined

DAY = 86_400.0
_NORMAL_REACH = (
    1.959963984540054  # of a 95 % interval; spelled out, so that the API needs no numerical library
)


@dataclass(frozen=True, slots=True)
class Promotion:
    """Arm `ordinal` is to have all traffic: it is the best one with probability `win_probability`."""

    ordinal: int
    win_probability: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is promoted yet, and `because` says what is missing."""

    because: str


@dataclass(frozen=True, slots=True)
class PromotionRule:
    """Promote the leader when P(best) reaches `threshold`, not before `least_units` in all and `least_age` seconds.

    There is no minimum for each arm: a bandit starves losers, so they would never reach it. `least_leader_units`
    is of the leader alone.
    """

    threshold: float
    least_units: int
    least_age: float
    least_leader_units: int = 0

    def __post_init__(self) -> None:
        """ValueError unless the threshold is above a half and at most 1 − 1e-6, and no minimum is negative."""
        if not 0.5 < self.threshold <= 1 - 1e-6:
            raise ValueError(f"the threshold must be above 0.5 and at most 0.999999: {self.threshold}")
        if min(self.least_units, self.least_age, self.least_leader_units) < 0:
            raise ValueError("no minimum may be negative")

    def judge(
        self, win_probabilities: Sequence[float | None], units: Sequence[float], age: float
    ) -> Promotion | Waiting:
        """From P(best) and matured units of each arm, by ordinal (None for an inactive arm), and the seconds since the start."""
        contest = [(p, k) for k, p in enumerate(win_probabilities) if p is not None]
        if not contest:
            return Waiting("no arm is active")
        best, leader = max(contest, key=lambda each: (each[0], -each[1]))
        if (total := sum(units)) < self.least_units:
            return Waiting(f"{total:g} of at least {self.least_units} units have matured")
        if units[leader] < self.least_leader_units:
            return Waiting(f"the leader has {units[leader]:g} of at least {self.least_leader_units} units")
        if age < self.least_age:
            return Waiting(f"it runs for {age / DAY:.1f} of at least {self.least_age / DAY:g} days")
        if best < self.threshold:
            return Waiting(
                f"the leader is the best with probability {best:.4f}, and {self.threshold:g} is asked for"
            )
        return Promotion(leader, best)


@dataclass(frozen=True, slots=True)
class Mode:
    """The defaults of a purpose.

    `policy` is a key of POLICIES, None for a fixed split. `floor_ppm` is of each active arm. `horizon` is after how many seconds
    somebody has to decide, None where the experiment may run on for ever.
    """

    policy: str | None
    floor_ppm: int
    horizon: float | None
    promotion: PromotionRule | None


MODES: Mapping[Purpose, Mode] = {
    Purpose.EARN: Mode("thompson_sampling", DEFAULT_FLOOR_PPM, None, PromotionRule(0.99, 500, 7 * DAY)),
    Purpose.LEARN: Mode("top_two", 10_000, 28 * DAY, PromotionRule(0.99, 500, 7 * DAY)),
    Purpose.TEST: Mode(None, 10_000, 28 * DAY, None),
}
"""Earn: most conversions while it runs, and after it. Learn: the winner, soon. Test: how much better, with proof.

A week is one business cycle; demonstrations set `least_age` to 0 and the threshold to 0.95.
"""


@dataclass(frozen=True, slots=True)
class FloorPrice:
    """What a floor gives and what it costs, at the end of `units` units.

    `half_width` is half the width of the 95 % interval of the mean of an arm that stays at the floor, in the metric's
    units, and Undefined at no floor; `share_given_away` is the part of the traffic that floors take from the leader.
    """

    floor_ppm: int
    units_at_floor: float
    half_width: float | Undefined
    share_given_away: float


def floor_prices(
    variance: float, units: int, arms: int, floors_ppm: Sequence[int] = (0, 500, 2_000, 5_000, 10_000, 50_000)
) -> tuple[FloorPrice, ...]:
    """One line a floor, for outcomes of this variance (a rate p has p·(1 − p)). FloorTooHigh, ValueError for no plan.

    An arm at the floor has `floor·units` units, and the mean of as many has the standard error √(variance ÷ them).
    """
    if not (variance > 0 and units > 0 and arms > 1):
        raise ValueError("a plan needs a positive variance, units, and two arms at least")
    prices = []
    for floor in floors_ppm:
        check_floor(floor, arms)
        share = floor / 1e6
        width: float | Undefined = Undefined("an interval", "an arm without a floor may get no units")
        if floor:
            width = _NORMAL_REACH * sqrt(variance / (share * units))
        prices.append(FloorPrice(floor, share * units, width, (arms - 1) * share))
    return tuple(prices)
