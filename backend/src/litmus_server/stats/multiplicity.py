"""Many questions at once: adjusted p-values, which questions count together, and intervals that agree with them.

It must not know how a p-value came about, only whether its evidence may be looked at again and again.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Method(StrEnum):
    """What is held at α: the chance of any false alarm (Holm), or the share of false ones among the alarms."""

    NONE = "none"
    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


class Scope(StrEnum):
    """Which questions are one family."""

    METRIC = "metric"
    EXPERIMENT = "experiment"
    PRIMARY = "primary"


class Role(StrEnum):
    """What a question is for; the words of a metric's declaration."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison: a metric of one variant with the control's."""

    metric: Hashable
    variant: Hashable
    role: Role


def families(questions: Sequence[Question], scope: Scope) -> tuple[tuple[int, ...], ...]:
    """The indices of the questions that are adjusted together; every question is in exactly one family.

    METRIC: all variants of one metric. EXPERIMENT: all metrics and variants that are not guardrails. PRIMARY: the
    primary metrics together, every secondary metric alone with its variants. Guardrails are never in a family: there
    a missed harm is worse than a false alarm, so each keeps its own α.
    """

    def family(k: int, question: Question) -> Hashable:
        if question.role is Role.GUARDRAIL:
            return ("guardrail", k)
        if scope is Scope.EXPERIMENT or (scope is Scope.PRIMARY and question.role is Role.PRIMARY):
            return ("all",)
        return ("metric", question.metric)

    found: dict[Hashable, list[int]] = {}
    for k, question in enumerate(questions):
        found.setdefault(family(k, question), []).append(k)
    return tuple(tuple(members) for members in found.values())


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The answers of one family, in the order given.

    `p` is at most α exactly where `rejected`. An interval at level 1 − `interval_alpha` excludes no effect exactly
    where `rejected`, whenever interval and p-value come from the same statistic.
    """

    p: tuple[float, ...]
    rejected: tuple[bool, ...]
    interval_alpha: float


def adjust(p: ArrayLike, method: Method, alpha: float = 0.05) -> Adjusted:
    """The p-values of one family, adjusted. ValueError for a p-value outside 0 and 1.

    HOLM: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70; family-wise error at most α, whatever the
    dependence. BENJAMINI_HOCHBERG: JRSS B 57 (1995) 289-300; false discovery rate at most α for independent or
    positively dependent statistics. For always-valid p-values that are looked at again use `adjust_evidence`.

    `interval_alpha` is R·α ÷ m for R ≥ 1 of m rejected under BENJAMINI_HOCHBERG (false coverage rate at most α:
    Benjamini & Yekutieli, JASA 100 (2005) 71-81), and the α of the first step that failed under HOLM, at which an
    interval of a rejected question holds for itself, not for all of them at once.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values must be a list of numbers from 0 to 1: {values.tolist()}")
    m = values.size
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, m + 1)
    ascending = values[order]
    if method is Method.HOLM:
        stepped = np.maximum.accumulate((m - ranks + 1) * ascending)
    elif method is Method.BENJAMINI_HOCHBERG:
        stepped = np.minimum.accumulate((m / ranks * ascending)[::-1])[::-1]
    else:
        stepped = ascending
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1.0)
    return _adjusted(adjusted, method, alpha)


def adjust_evidence(log_evidence: ArrayLike, alpha: float = 0.05) -> Adjusted:
    """e-BH: the logs of the e-values of one family, adjusted so that the false discovery rate is at most α.

    Valid under any dependence, and at any moment at which somebody stops looking, because an e-value is (Wang &
    Ramdas, JRSS B 84 (2022) 822-852): reject the k largest, k the last with e₍ₖ₎ ≥ m ÷ (k·α). The evidence is that
    of the present moment; the largest one of the past (an always-valid p-value) is not an e-value.
    """
    evidence = np.asarray(log_evidence, dtype=np.float64)
    if evidence.ndim != 1 or np.isnan(evidence).any():
        raise ValueError(f"evidence must be a list of logarithms: {evidence.tolist()}")
    return adjust(np.exp(-np.maximum(evidence, 0.0)), Method.BENJAMINI_HOCHBERG, alpha)


def _adjusted(p: Array, method: Method, alpha: float) -> Adjusted:
    m = p.size
    rejected = p <= alpha
    count = int(rejected.sum())
    if method is Method.HOLM:
        each = alpha / max(m - count, 1)
    elif method is Method.BENJAMINI_HOCHBERG:
        each = alpha * max(count, 1) / max(m, 1)
    else:
        each = alpha
    return Adjusted(tuple(p.tolist()), tuple(rejected.tolist()), each)
