"""The tests that people ask for by name: Student's and Welch's t, the pooled z, and Pearson's chi-squared.

They are right once, at a time that was chosen before looking. The first three are `compare` with a fixed critical value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scipy.special import chdtrc

from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast, ScoreContrast
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import means, pooled_means, proportions
from litmus_server.stats.inference import Comparison, compare
from litmus_server.stats.moments import Moments

# Below this many expected units in a cell the chi-squared distribution is no good description (Cochran, Biometrics 10 (1954)).
LEAST_EXPECTED = 5


def welch_t_test(treatment: Moments, control: Moments, alpha: float = 0.05) -> Comparison | Absence:
    """Two means, variances of their own. Needs two units an arm."""
    return _fixed(means(treatment, control), alpha)


def student_t_test(treatment: Moments, control: Moments, alpha: float = 0.05) -> Comparison | Absence:
    """Two means, one variance. Needs two units an arm. Where the variances differ and the arms too, it is wrong: prefer Welch."""
    return _fixed(pooled_means(treatment, control), alpha)


def two_proportion_z_test(
    treatment_successes: int,
    treatment_units: int,
    control_successes: int,
    control_units: int,
    alpha: float = 0.05,
) -> Comparison | Absence:
    """Two shares, with the pooled standard error; the interval is the score interval, which agrees with it."""
    return _fixed(proportions(treatment_successes, treatment_units, control_successes, control_units), alpha)


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """`statistic` is Σ(observed − expected)² ÷ expected; `least_expected` the smallest expected number of units in a cell."""

    statistic: float
    df: int
    p_value: float
    least_expected: float


def chi_squared_test(table: Sequence[Sequence[int]]) -> ChiSquared | TooFew | Undefined:
    """Do the rows (variants) have the same distribution over the columns (outcomes)? Pearson 1900, without a correction.

    Columns and rows that nobody is in are left out. Undefined where less than two of either remain, TooFew where a cell's
    expected number is below 5. ValueError unless all rows have the same length and counts are ≥ 0.
    """
    if len({len(row) for row in table}) > 1 or any(count < 0 for row in table for count in row):
        raise ValueError("a table has rows of one length and counts that are ≥ 0")
    rows = [row for row in table if sum(row)]
    columns = [column for column in zip(*rows, strict=True) if sum(column)]
    if len(rows) < 2 or len(columns) < 2:
        return Undefined(
            "chi-squared", "fewer than two variants have units, or all units have the same outcome"
        )
    by_row, by_column = [sum(row) for row in rows], [sum(column) for column in columns]
    total = sum(by_row)
    statistic, least = 0.0, inf
    for in_column, column in zip(by_column, columns, strict=True):
        for in_row, observed in zip(by_row, column, strict=True):
            expected = in_row * in_column / total
            least = min(least, expected)
            statistic += (observed - expected) ** 2 / expected
    if least < LEAST_EXPECTED:
        return TooFew("each cell of chi-squared, by expectation,", LEAST_EXPECTED, int(least))
    df = (len(rows) - 1) * (len(columns) - 1)
    return ChiSquared(statistic, df, float(chdtrc(df, statistic)), least)


def conversions_chi_squared_test(variants: Sequence[tuple[int, int]]) -> ChiSquared | TooFew | Undefined:
    """Do k variants convert alike? Each is (successes, units). ValueError unless 0 ≤ successes ≤ units."""
    if any(not 0 <= successes <= units for successes, units in variants):
        raise ValueError(f"successes must be between 0 and units: {variants}")
    return chi_squared_test([(successes, units - successes) for successes, units in variants])


def _fixed(contrast: LinearContrast | ScoreContrast | Absence, alpha: float) -> Comparison | Absence:
    if isinstance(contrast, TooFew | Undefined):
        return contrast
    return compare(contrast, Fixed(), alpha)
