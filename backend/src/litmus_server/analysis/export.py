"""A report with all that it was computed from, as tables: whoever has them can compute every number again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from litmus_server.analysis.document import computed
from litmus_server.domain.export import COLUMNS, Export, Rows, Table
from litmus_server.domain.look import Look
from litmus_server.ports import Facts

SCHEMA_VERSION = 1


def exported(facts: Facts) -> Export:
    """Everything, of the moment of these facts."""
    found = computed(facts)
    names = {metric["id"]: metric["name"] for metric in facts.entry["metrics"]} | {0: ""}
    keys = [variant["key"] for variant in facts.entry["variants"]]
    rows = {
        Table.MOMENTS: _moments(facts, names, keys),
        Table.MEASURES: _measures(facts, names),
        Table.JOINT_MOMENTS: _joint(facts, names, keys),
        Table.SKETCH: _sketch(facts, names, keys),
        Table.SHARES: _shares(facts, keys),
        Table.PROPENSITIES: zip(keys, facts.propensities or (), strict=False),
        Table.LOOKS: _looks([*facts.looks, *found.looks], names, keys),
        Table.COUNTERS: _counters(facts, names, keys),
        Table.ROLLUP: _rollup(facts, names, keys),
        Table.PAST: iter(facts.past),
        Table.HELD: _held(facts),
    }
    tables = {str(table): Rows(tuple(COLUMNS[table]), list(of)) for table, of in rows.items()}
    return Export(SCHEMA_VERSION, facts.entry, msgspec.to_builtins(found.report), tables)


_Rows = Iterator[Sequence[Any]]
_Names = Mapping[int, str]


def _moments(facts: Facts, names: _Names, keys: Sequence[str]) -> _Rows:
    for (metric, variant), strip in sorted(facts.sheet.plain.items()):
        for epoch, cohort, sums in sorted(zip(strip.epochs, strip.cohorts, strip.rows, strict=True)):
            yield [names[metric], keys[variant], epoch, cohort, sums[0], *map(str, sums[1:])]


def _measures(facts: Facts, names: _Names) -> _Rows:
    for metric, measure in sorted(facts.sheet.measures.items()):
        cap = None if measure.cap is None else str(measure.cap)
        waiting = None if measure.waiting is None else str(measure.waiting)
        flags = int(measure.before), int(measure.delays)
        yield [names[metric], measure.outcomes, measure.covariates, *flags, cap, waiting]


def _joint(facts: Facts, names: _Names, keys: Sequence[str]) -> _Rows:
    for (metric, variant), strip in sorted(facts.sheet.joint.items()):
        measure = facts.sheet.measures[metric]
        for epoch, cohort, sums in sorted(zip(strip.epochs, strip.cohorts, strip.rows, strict=True)):
            text = " ".join(map(str, sums))
            yield [
                names[metric], keys[variant], epoch, cohort, measure.outcomes or 0, measure.covariates, text,
            ]  # fmt: skip


def _sketch(facts: Facts, names: _Names, keys: Sequence[str]) -> _Rows:
    for (metric, variant), counts in sorted(facts.sheet.buckets.items()):
        for bucket, units in sorted(counts.items()):
            yield [names[metric], keys[variant], bucket, units]


def _shares(facts: Facts, keys: Sequence[str]) -> _Rows:
    for epoch, shares in sorted(facts.shares.items()):
        for key, share in zip(keys, shares, strict=False):  # variants that were added later had none
            yield [epoch, key, share]


def _looks(looks: Sequence[Look], names: _Names, keys: Sequence[str]) -> _Rows:
    for look in sorted(looks, key=lambda each: (each.metric, each.variant, each.number)):
        row = {each.name: getattr(look, each.name) for each in fields(look)}
        row |= {
            "metric": names[look.metric],
            "variant": keys[look.variant],
            "taken_at": look.taken_at.isoformat(),
            "final": int(look.final),
            "contrast": msgspec.json.encode(look.contrast).decode(),
        }
        yield [row[name] for name in COLUMNS[Table.LOOKS]]


def _held(facts: Facts) -> _Rows:
    for each in facts.held:
        yield [str(each.baseline), each.share, int(each.held), each.units, each.seen, *map(str, each[5:])]


def _counters(facts: Facts, names: _Names, keys: Sequence[str]) -> _Rows:
    for total in facts.totals:
        name = names.get(total.metric) or total.name or ""
        yield [name, keys[total.variant], total.events, str(total.value), total.units]


def _rollup(facts: Facts, names: _Names, keys: Sequence[str]) -> _Rows:
    if facts.window is None:
        return
    seconds = facts.window.interval.seconds
    for strip in sorted(facts.strips, key=lambda each: (each.metric, each.variant)):
        unseen = [None] * len(strip.intervals)  # exposures are counted as units only
        cells = zip(strip.intervals, strip.events or unseen, strip.totals or unseen, strip.units, strict=True)
        for at, *counted in sorted(cells):
            yield [names[strip.metric], keys[strip.variant], at * seconds, *counted]
