"""Multivariate experiments: factors with levels, and the cells, which are the variants.

It must not know what is done with a variant; `stats/factorial.py` analyses cells.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from re import compile as pattern
from typing import Any, TypeAlias

from litmus_server.domain.form import Form

MOST_FACTORS = 4
MOST_LEVELS = 5
MOST_CELLS = 100
MOST_NAME = 48
"""Characters of a level's name: those of a cell are one name of at most 200."""
KEY = pattern(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,29}")
"""Of a factor and of a level: those of a cell are one key of at most 128."""

Cell: TypeAlias = dict[str, str]
"""Factor key → level key, in the order of the factors."""


@dataclass(frozen=True, slots=True)
class Level:
    """One setting of a factor; `config` is what it adds to each cell that has it."""

    key: str
    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that is varied; its first level is how it is without the experiment."""

    key: str
    name: str
    levels: tuple[Level, ...]

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored and shown, and read back by `read_factors`."""
        levels = [{"key": each.key, "name": each.name, "config": dict(each.config)} for each in self.levels]
        return {"key": self.key, "name": self.name, "levels": levels}


def read_factors(form: Form, most: int) -> tuple[Factor, ...] | None:
    """The form's `factors`, None without; `most` bounds the bytes of a level's config."""
    if not form.has("factors"):
        return None
    entries = form.entries("factors", MOST_FACTORS, 2)
    forms = [entries.form(place) for place in entries]
    factors = tuple(_read_factor(each, most) for each in forms)
    _refuse_twins(forms, [(each.key, each.name) for each in factors], "factor")
    owner: dict[str, str] = {}
    for each, factor in zip(forms, factors, strict=True):
        for name in {name for level in factor.levels for name in level.config}:
            other = owner.setdefault(name, factor.key)
            if other != factor.key:
                each.fault(
                    "levels",
                    f"config.{name} is set by factor {other} too: one would hide the other; each sets its own",
                )
    return factors


def read_cells(form: Form, factors: Sequence[Factor]) -> list[Cell]:
    """The form's `cells`: `all`, which is the default, or a list of chosen ones."""
    value = form.value("cells")
    if value is None or value == "all":
        count = prod(len(factor.levels) for factor in factors)
        if count > MOST_CELLS:
            form.fault(
                "cells", f"all are {count}, and at most {MOST_CELLS} can be variants: list those to be tried"
            )
            return []
        keys = [[level.key for level in factor.levels] for factor in factors]
        return [dict(zip((each.key for each in factors), levels, strict=True)) for levels in product(*keys)]
    if isinstance(value, str):
        form.fault("cells", "must be all, or a list of cells such as {factor: level}")
        return []
    entries = form.entries("cells", MOST_CELLS, 2)
    cells = [read_cell(entries.form(place), factors) for place in entries]
    refuse_cells(form, "cells", cells, factors)
    return cells


def read_cell(form: Form, factors: Sequence[Factor]) -> Cell:
    """One level of every factor."""
    cell = {}
    for factor in factors:
        levels = [level.key for level in factor.levels]
        value = form.value(factor.key)
        if value not in levels:
            form.fault(factor.key, f"must be one of {', '.join(levels)}")
        cell[factor.key] = str(value)
    return cell


def refuse_cells(form: Form, name: str, cells: Sequence[Cell], factors: Sequence[Factor]) -> None:
    """Note what is wrong with these cells as a whole: one that is there twice, a level that is in none."""
    times = Counter(tuple(cell.values()) for cell in cells)
    for levels, count in times.items():
        if count > 1:
            form.fault(name, f"the cell {', '.join(levels)} is there {count} times")
    for factor in factors:
        missing = {level.key for level in factor.levels} - {cell[factor.key] for cell in cells}
        if missing:
            form.fault(name, f"no cell has {factor.key} = {', '.join(sorted(missing))}")


def combined(cell: Cell, factors: Sequence[Factor]) -> tuple[str, str, dict[str, Any]]:
    """Key, name and config of the variant that is this cell."""
    levels = [
        next((level for level in factor.levels if level.key == cell[factor.key]), factor.levels[0])
        for factor in factors
        if factor.levels
    ]
    config = {name: value for level in levels for name, value in level.config.items()}
    return "-".join(level.key for level in levels), ", ".join(level.name for level in levels), config


def first_cell(cells: Sequence[Mapping[str, str] | None], factors: Sequence[Factor]) -> int:
    """Where the cell of all first levels is: how things are without the experiment. The first cell, if it is not tried."""
    first = {factor.key: factor.levels[0].key for factor in factors if factor.levels}
    return next((place for place, cell in enumerate(cells) if cell == first), 0)


def _read_factor(form: Form, most: int) -> Factor:
    key = form.text("key", 30, shape=KEY)
    entries = form.entries("levels", MOST_LEVELS, 2)
    forms = [entries.form(place) for place in entries]
    levels = tuple(_read_level(each, most) for each in forms)
    _refuse_twins(forms, [(each.key, each.name) for each in levels], "level")
    return Factor(key, form.text("name", 200, key) or key, levels)


def _read_level(form: Form, most: int) -> Level:
    key = form.text("key", 30, shape=KEY)
    config = form.json("config", {}, most)
    if not isinstance(config, Mapping):
        form.fault("config", "must be an object: those of a cell's levels become one")
        config = {}
    return Level(key, form.text("name", MOST_NAME, key) or key, config)


def _refuse_twins(forms: Sequence[Form], names: Sequence[tuple[str, str]], what: str) -> None:
    keys: dict[str, int] = {}
    called: dict[str, int] = {}
    for place, (form, (key, name)) in enumerate(zip(forms, names, strict=True)):
        if keys.setdefault(key, place) != place:
            form.fault("key", f"{key} is that of {what} {keys[key]} too; each needs its own")
        elif called.setdefault(name, place) != place:
            form.fault("name", f"{name} is that of {what} {called[name]} too; each needs its own")
