"""What a report was computed from, as tables for analysts: their names and columns, and their rows as CSV or Parquet.

Sums are exact integers of micro-units to the power of their factors; as they may have more digits than any machine's integer, they are
text. It must not know where rows come from.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from litmus_server.domain.parquet import Column, Kind, parquet


class Table(StrEnum):
    """Which sums; one row a cell."""

    MOMENTS = "moments"
    """By metric (empty: the exposure), variant, epoch and cohort: units (n), and sums of their totals and of what came before."""
    MEASURES = "measures"
    """How the sums of each metric are kept: the cap that is in force, and what adjusts it."""
    JOINT_MOMENTS = "joint_moments"
    """Sums of products of several values a unit, in the order that `docs/reference/exports.md` says."""
    SKETCH = "sketch"
    """Of quantile metrics: units by the bucket of their total."""
    SHARES = "shares"
    """What was drawn by: the share of each variant in ppm, by epoch of weights or version of the policy."""
    PROPENSITIES = "propensities"
    """What the next units are drawn by, in ppm, by the newest policy. No rows under fixed weights."""
    LOOKS = "looks"
    """The planned looks that were taken."""
    COUNTERS = "counters"
    """Events as they came in, undeclared metrics too; and, over all time, units by first exposure and first conversion."""
    ROLLUP = "rollup"
    """Over time, of the exposure and the primary metric: events, their sum, and units that were new."""
    PAST = "past"
    """Lifts of past experiments, where the prior is fitted to them."""
    HELD = "held"
    """Where features decide and a share is held back: sums of the primary metric by what those units get, share and side."""


class Format(StrEnum):
    """How it is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


_CELL = {"metric": Kind.TEXT, "variant": Kind.TEXT, "epoch": Kind.INTEGER, "cohort": Kind.INTEGER}
COLUMNS: Mapping[Table, Mapping[str, Kind]] = {
    Table.MOMENTS: {
        **_CELL,
        "n": Kind.INTEGER,
        **dict.fromkeys(("sum_y", "sum_yy", "sum_yyy", "sum_x", "sum_xx", "sum_xy"), Kind.TEXT),
    },
    Table.MEASURES: {
        "metric": Kind.TEXT,
        "outcomes": Kind.INTEGER,
        "covariates": Kind.INTEGER,
        "before": Kind.INTEGER,
        "delays": Kind.INTEGER,
        "cap": Kind.TEXT,
        "waiting": Kind.TEXT,
    },
    Table.JOINT_MOMENTS: {**_CELL, "outcomes": Kind.INTEGER, "covariates": Kind.INTEGER, "sums": Kind.TEXT},
    Table.SKETCH: {
        "metric": Kind.TEXT,
        "variant": Kind.TEXT,
        "bucket": Kind.INTEGER,
        "units": Kind.INTEGER,
    },
    Table.SHARES: {"epoch": Kind.INTEGER, "variant": Kind.TEXT, "share_ppm": Kind.INTEGER},
    Table.PROPENSITIES: {"variant": Kind.TEXT, "share_ppm": Kind.INTEGER},
    Table.LOOKS: {
        "metric": Kind.TEXT,
        "variant": Kind.TEXT,
        "number": Kind.INTEGER,
        "taken_at": Kind.TEXT,
        "fraction": Kind.NUMBER,
        "final": Kind.INTEGER,
        "planned_units": Kind.INTEGER,
        "units": Kind.INTEGER,
        "contrast": Kind.TEXT,
        "estimate": Kind.NUMBER,
        "lower": Kind.NUMBER,
        "upper": Kind.NUMBER,
        "p_value": Kind.NUMBER,
        "median_unbiased": Kind.NUMBER,
    },
    Table.COUNTERS: {
        "metric": Kind.TEXT,
        "variant": Kind.TEXT,
        "events": Kind.INTEGER,
        "sum": Kind.TEXT,
        "units": Kind.INTEGER,
    },
    Table.ROLLUP: {
        "metric": Kind.TEXT,
        "variant": Kind.TEXT,
        "at": Kind.INTEGER,
        "events": Kind.INTEGER,
        "sum": Kind.NUMBER,
        "units": Kind.INTEGER,
    },
    Table.PAST: {"lift": Kind.NUMBER, "standard_error": Kind.NUMBER},
    Table.HELD: {
        "to": Kind.TEXT,
        "share_ppm": Kind.INTEGER,
        "held": Kind.INTEGER,
        "n": Kind.INTEGER,
        "seen": Kind.INTEGER,
        **dict.fromkeys(("sum_y", "sum_yy", "sum_yyy"), Kind.TEXT),
    },
}


@dataclass(frozen=True, slots=True)
class Export:
    """The report, and all that it was computed from, of one moment.

    `experiment` is the document that was in force. Cohorts are hours since 1970 at which the stretch of first exposures begins, which is
    `experiment.cohort_hours` long. Each table has its `columns`, and `rows` in that order.
    """

    schema_version: int
    experiment: Mapping[str, Any]
    report: Mapping[str, Any]
    tables: Mapping[str, "Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """One table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def csv_of(rows: Rows) -> bytes:
    """With a line of names; null is nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.rows)
    return text.getvalue().encode()


def parquet_of(table: Table, rows: Rows) -> bytes:
    """A whole file."""
    kinds = COLUMNS[table]
    return parquet(
        [Column(name, kinds[name], [row[k] for row in rows.rows]) for k, name in enumerate(rows.columns)]
    )
