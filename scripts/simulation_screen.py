"""What the simulation shows: lines that stay, and below them one table that is drawn again in place.

It knows the document of GET …/bandit and the terminal; it must not know how the document was fetched.
"""

import math
import os
import shutil
from typing import Any, TextIO

from five_models import BY_KEY, MODELS, regret

_BAR = 12  # cells for a share of 1
_SCALE = 18  # cells between the lowest and the highest rate that are shown
_LOW, _HIGH = 0.5, 0.9


class Screen:
    """Lines above, a table below. Where `out` is no terminal there is no table, only the lines."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._draws = out.isatty() and os.environ.get("TERM") != "dumb"
        self._height = 0

    def line(self, text: str) -> None:
        """Print it above the table, to stay."""
        self._wipe()
        print(text, file=self._out, flush=True)

    def table(self, bandit: dict[str, Any]) -> None:
        """Draw the table in the place of the one before."""
        if not self._draws:
            return
        self._wipe()
        width = shutil.get_terminal_size().columns - 1
        rows = ["", *(row[:width] for row in _rows(bandit)), ""]
        self._height = len(rows)
        print("\n".join(rows), file=self._out, flush=True)

    def keep(self) -> None:
        """Leave the last table where it stands."""
        self._height = 0

    def _wipe(self) -> None:
        if self._height:
            self._out.write(f"\x1b[{self._height}A\x1b[J")
            self._height = 0


def leader(bandit: dict[str, Any]) -> dict[str, Any]:
    """The variant with the highest win probability."""
    top: dict[str, Any] = max(bandit["variants"], key=lambda each: float(each["win_probability"] or 0))
    return top


def snapshot_line(bandit: dict[str, Any], seconds: float, units: int) -> str:
    """One `live_snapshot`, as words that a program can read too."""
    top = leader(bandit)
    exposures = sum(each["exposures"] for each in bandit["variants"])
    return (
        f"live_snapshot t={seconds:.0f}s units={units} top={top['variant_key']} "
        f"win_probability={top['win_probability']:.4f} expected_rate={top['expected_rate']:.4f} "
        f"top_exposures={top['exposed_units']} exposures={exposures} share={top['propensity']:.4f} "
        f"policy_version={bandit['policy_version']} lag={bandit['lag_seconds']:.2f}s"
    )


def summary(units: dict[str, int], converged_after: int | None) -> list[str]:
    """What the bandit saved against an equal split, from the true rates that only the simulator knows."""
    total = sum(units.values())
    if not total:
        return ["nobody was assigned"]
    lost, equal = regret(units), regret({model.key: 1 for model in MODELS}) * total / len(MODELS)
    best = max(MODELS, key=lambda model: model.rate)
    return [
        f"converged  {f'after {converged_after} units' if converged_after else 'not yet'}; "
        f"{units[best.key]} of {total} units got the best model, {best.key}",
        f"saved      {equal - lost:.0f} orders: an equal split of {total} units loses {equal:.0f} "
        f"against the best model, the bandit lost {lost:.0f}",
        "           (regret = Σ units × (best true rate − the model's true rate); the rates are "
        + ", ".join(f"{model.key} {model.rate:g}" for model in MODELS)
        + ")",
    ]


def _rows(bandit: dict[str, Any]) -> list[str]:
    head = f"{'':<15}{'share':<{_BAR + 6}}{'units':>8}  {'P(best)':>7}  {'rate':>6}  "
    rows = [f"{head}{_LOW:<{_SCALE // 2}g}{_HIGH:>{_SCALE // 2}g}"]
    for each in bandit["variants"]:
        model = BY_KEY[each["variant_key"]]
        share = float(each["propensity"])
        rows.append(
            f"{each['variant_key'][:14]:<15}{_bar(share):<{_BAR}} {share:>5.1%} {each['exposed_units']:>7}  "
            f"{each['win_probability']:>7.3f}  {each['expected_rate']:>6.3f}  "
            f"{_interval(each['alpha'], each['beta'], model.rate)}"
        )
    rows.append("┃ posterior mean   ─ its 95 % interval   ◆ the true rate, unknown to Litmus".rjust(79))
    return rows


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def _interval(alpha: float, beta: float, truth: float) -> str:
    mean = alpha / (alpha + beta)
    spread = 1.96 * math.sqrt(mean * (1 - mean) / (alpha + beta + 1))
    cells = ["·"] * (_SCALE + 1)
    for cell in range(_cell(mean - spread), _cell(mean + spread) + 1):
        cells[cell] = "─"
    cells[_cell(truth)] = "◆"
    cells[_cell(mean)] = "┃"
    return "".join(cells)


def _cell(rate: float) -> int:
    return min(_SCALE, max(0, round((rate - _LOW) / (_HIGH - _LOW) * _SCALE)))
