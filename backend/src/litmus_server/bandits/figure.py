"""The regret curves of a study as one SVG: no library, no script, no font of its own.

It must not know files. Colours are those of Okabe and Ito, which colour-blind people tell apart.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from litmus_server.bandits.study import Study

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f6000")
_WIDTH, _HEIGHT = 920, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 275, 90, 58
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:17px;font-weight:600}.note{fill:#666}"
    ".back{fill:#fff}.grid{stroke:#e4e4e4}.axis{stroke:#888}.equal{stroke:#888}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.note{fill:#a0a0a0}.back{fill:#161616}.grid{stroke:#333}}"
)


def figure(study: Study) -> str:
    """Mean regret of each policy, the band that holds 80 % of its runs, and the line of an equal split."""
    title = f"{'Value' if study.world.law else 'Conversions'} lost against always using the best variant"
    top = max(study.equal, *(max(curve.high) for curve in study.curves))
    ticks = nice_ticks(top * 1.02)
    top, horizon = ticks[-1], study.world.horizon

    def x(decisions: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * decisions / horizon

    def y(regret: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * regret / top

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="28">{escape(title)}</text>',
        f'<text class="note" x="{_LEFT}" y="50">{escape(_about(study))}</text>',
        f'<text class="note" x="{_LEFT}" y="67">{escape(_against(study))}</text>',
    ]
    for tick in ticks:
        out.append(
            f'<line class="grid" x1="{_LEFT}" x2="{x(horizon):.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        out.append(f'<text text-anchor="end" x="{_LEFT - 8}" y="{y(tick) + 4:.1f}">{tick:,.10g}</text>')
    out += [
        f'<text text-anchor="middle" x="{x(tick):.1f}" y="{_HEIGHT - _BOTTOM + 20}">{tick:,.10g}</text>'
        for tick in nice_ticks(horizon)
        if tick <= horizon
    ]
    out.append(f'<line class="axis" x1="{_LEFT}" x2="{x(horizon):.1f}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>')
    out.append(
        f'<text class="note" text-anchor="middle" x="{x(horizon / 2):.1f}" y="{_HEIGHT - 14}">decisions</text>'
    )
    labels = []
    if study.world.change is None and "equal_split" not in {curve.name for curve in study.curves}:
        out.append(
            f'<line class="equal" stroke-width="1.5" stroke-dasharray="5 4" x1="{x(0):.1f}" y1="{y(0):.1f}" '
            f'x2="{x(horizon):.1f}" y2="{y(study.equal):.1f}"/>'
        )
        labels.append((y(study.equal), "#888", f"equal split {study.equal:,.4g}"))
    for place, curve in enumerate(study.curves):
        colour = _COLOURS[place % len(_COLOURS)]
        across = [x(at) for at in curve.decisions]
        upper = _points(across, [y(each) for each in curve.high])
        lower = _points(across[::-1], [y(each) for each in curve.low[::-1]])
        line = _points(across, [y(each) for each in curve.mean])
        out.append(f'<polygon points="{upper} {lower}" fill="{colour}" fill-opacity="0.13"/>')
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
        labels.append((y(curve.regret), colour, f"{curve.name} {curve.regret:,.4g} ± {curve.error:,.2g}"))
    for height, (_, colour, text) in zip(_apart([each[0] for each in labels]), labels, strict=True):
        out.append(
            f'<circle cx="{x(horizon) + 9:.1f}" cy="{height:.1f}" r="4" fill="{colour}"/>'
            f'<text x="{x(horizon) + 18:.1f}" y="{height + 4:.1f}">{escape(text)}</text>'
        )
    return "\n".join([*out, "</svg>", ""])


def nice_ticks(top: float) -> list[float]:
    """From 0 to the first round number at or above `top`, in four to seven steps of 1, 2 or 5 times a power of ten."""
    if not top > 0:
        return [0.0, 1.0]
    rough = top / 5
    power = 10.0 ** floor(log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    return [step * k for k in range(ceil(top / step - 1e-9) + 1)]


def _about(study: Study) -> str:
    rates = ", ".join(f"{rate:g}" for rate in study.world.rates[:6]) + (
        ", …" if len(study.world.rates) > 6 else ""
    )
    what = "Means" if study.world.law else "Rates"
    return f"{what} {rates}; {study.runs:,} simulated experiments each, bands hold 80 % of them."


def _against(study: Study) -> str:
    if not study.equal:
        return "No arm is better than another: there is nothing to lose."
    first = study.curves[0]
    return f"An equal split loses {study.equal:,.4g}, {first.name} loses {first.regret / study.equal:.0%} of that."


def _points(across: Sequence[float], heights: Sequence[float]) -> str:
    return " ".join(f"{a:.1f},{h:.1f}" for a, h in zip(across, heights, strict=True))


def _apart(heights: Sequence[float], gap: float = 18) -> list[float]:
    """The heights of labels, moved so that none covers another, in the given order."""
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    placed = [0.0] * len(heights)
    above = float("-inf")
    for k in order:
        above = placed[k] = max(heights[k], above + gap)
    below = _HEIGHT - _BOTTOM + gap / 2
    for k in reversed(order):
        below = placed[k] = min(placed[k], below)
        below -= gap
    return placed
