"""Where a function of one number changes its sign. (scipy.optimize would be half a second of loading for this.)"""

from collections.abc import Callable
from math import inf, isfinite

_NEIGHBOURS = 2.3e-16
# Secants settle in five or six steps, or something is the matter. A short step alone could be a cliff: the value is small, too.
_SECANTS, _SETTLED = 12, 1e-9


def root(f: Callable[[float], float], left: float, right: float, *, tolerance: float = 1e-13) -> float:
    """Between `left` and `right`, where `f` has different signs, to `tolerance` relative to the larger of 1 and |x|, or to the last bit.

    Chandrupatla's method (Advances in Engineering Software 28 (1997) 145-149): bisection, or inverse quadratic
    interpolation where that is safe. ValueError when the signs are the same.
    """
    a, b = left, right
    f_a, f_b = f(a), f(b)
    if f_a == 0 or f_b == 0:
        return a if f_a == 0 else b
    if (f_a > 0) == (f_b > 0):
        raise ValueError(f"no change of sign between {left} and {right}")
    c, f_c = a, f_a
    t = 0.5
    while True:
        x = a + t * (b - a)
        f_x = f(x)
        if (f_x > 0) == (f_a > 0):
            c, f_c = a, f_a
        else:
            c, b, f_c, f_b = b, a, f_b, f_a
        a, f_a = x, f_x
        best = a if abs(f_a) < abs(f_b) else b
        # Never finer than floats are: between two neighbours there is nothing left to try.
        room = 2 * max(tolerance * max(1.0, abs(best)), _NEIGHBOURS * abs(best)) / abs(b - a)
        if room >= 1 or f_a == 0:
            return best
        # Interpolate only where the inverse is monotone over the bracket (Chandrupatla's test).
        xi, phi = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
        if 1 - (1 - xi) ** 0.5 < phi < xi**0.5:
            t = f_a / (f_b - f_a) * f_c / (f_b - f_c) + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (
                f_c - f_b
            )
        else:
            t = 0.5
        t = min(1 - room / 2, max(room / 2, t))


def settled(
    f: Callable[[float], float],
    guess: float,
    *,
    slope: float,
    left: float = -inf,
    right: float = inf,
    tolerance: float = 1e-13,
) -> float | None:
    """Where `f` is zero, if it is nearly a line of this `slope`: by secants from `guess`, in half the calls that `root` needs.

    To `tolerance` relative to the larger of 1 and |x|. None where they leave the open interval from `left` to `right`, or do not settle.
    """
    a, b = guess, guess
    f_a = f_b = f(guess) if left < guess < right else inf
    step = -f_a / slope
    for _ in range(_SECANTS):
        if not (isfinite(f_b) and left < b + step < right):
            return None
        if abs(step) <= tolerance * max(1.0, abs(b)) and abs(f_b) <= _SETTLED * abs(slope):
            return b + step
        a, f_a, b = b, f_b, b + step
        f_b = f(b)
        if f_b == f_a:
            return b if f_b == 0 else None
        step = -f_b * (b - a) / (f_b - f_a)
    return None
