"""The golden numbers of `spec/stats`, and the moments of the experiment that most of them are about."""

import json
from pathlib import Path
from typing import Any

from litmus_server.stats.moments import MICRO, JointMoments, Moments

SPEC = Path(__file__).parents[3] / "spec" / "stats"
EFFECTS = json.loads((SPEC / "effects.json").read_text())
CRITICAL = json.loads((SPEC / "critical_values.json").read_text())
DIFFERS: dict[str, str] = {
    each["id"]: each["reason"] for each in json.loads((SPEC / "differs.json").read_text())["differs"]
}
"""The golden numbers that Litmus does not give, with the reason."""


def outputs(golden: dict[str, Any]) -> dict[str, Any]:
    return {case["id"]: case["output"] for case in golden["cases"]}


def joint(arm: str, *names: str) -> JointMoments:
    """Values have two decimals, so that the sums in the file, rounded, are the exact ones."""
    sums = EFFECTS["inputs"][arm]

    def product(a: str, b: str) -> float:
        if a == b:
            return float(sums[f"sumsq_{a}"])
        return float(sums.get(f"sumprod_{a}_{b}", sums.get(f"sumprod_{b}_{a}")))

    products = [product(a, b) for i, a in enumerate(names) for b in names[i:]]
    first = tuple(round(sums[f"sum_{name}"] * MICRO) for name in names)
    return JointMoments(sums["n"], first, tuple(round(each * 10**12) for each in products))


def both(*names: str) -> tuple[JointMoments, JointMoments]:
    return joint("treatment", *names), joint("control", *names)


def single(arm: str, name: str) -> Moments:
    moments = joint(arm, name)
    return Moments(moments.n, moments.first[0], moments.second[0])
