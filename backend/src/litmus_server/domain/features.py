"""Features: what a contextual experiment knows of a unit when it decides, declared with types and turned into whole numbers.

A schema is fixed when the experiment starts. Its encoding is exact, so that sums over units do not depend on their order.
It must not know what is learned from a vector.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from math import prod
from typing import Any, NamedTuple

from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.form import Form

ONE = 10_000
"""A column of 1.0: vectors are whole numbers of ten-thousandths."""
MOST_FEATURES = 64
MOST_LEVELS = 100
MOST_COLUMNS = 128
MOST_SEGMENTS = 64
MOST_NAME = 64

_LARGEST = 1e308


class FeatureType(StrEnum):
    """What values a feature has."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"


_NUMBER, _BOOLEAN = FeatureType.NUMBER, FeatureType.BOOLEAN


@dataclass(frozen=True, slots=True)
class Feature:
    """An attribute of the request that the policy looks at.

    A number is scaled from its range `low` to `high` onto 0 to 1, and beyond it clipped. A category has one column for each
    of its `levels` and one more for all values that are none of them. What is not `required` may be missing (absent, or
    null): that has a column of its own.
    """

    name: str
    type: FeatureType
    low: float = 0.0
    high: float = 1.0
    levels: tuple[str, ...] = ()
    required: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """As JSON, in the words of the API."""
        shape: dict[str, Any] = {}
        if self.type is FeatureType.NUMBER:
            shape = {"low": float(self.low), "high": float(self.high)}
        elif self.type is FeatureType.CATEGORY:
            shape = {"levels": list(self.levels)}
        return {"name": self.name, "type": str(self.type), **shape, "required": self.required}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns in a vector, in their order."""
        own = [self.name]
        if self.type is FeatureType.CATEGORY:
            own = [*(f"{self.name}={level}" for level in self.levels), f"{self.name}: other"]
        return tuple(own if self.required else [*own, f"{self.name}: missing"])

    @property
    def cells(self) -> int:
        """How many different values it has as part of a segment; 0 for a number, which has no cells."""
        own = {FeatureType.NUMBER: 0, FeatureType.BOOLEAN: 2, FeatureType.CATEGORY: len(self.levels) + 1}
        return own[self.type] and own[self.type] + (not self.required)

    def problem(self, value: object) -> str | None:
        """What is wrong with a value that a request gives, or None."""
        if value is None:
            return "is required" if self.required else None
        if self.type is FeatureType.BOOLEAN:
            return None if isinstance(value, bool) else "must be true or false"
        if self.type is FeatureType.CATEGORY:
            return None if isinstance(value, str) else "must be a text"
        if isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST:
            return None
        return "must be a finite number"


class _Step(NamedTuple):
    """How one feature is encoded: `missing` is the place of its column for that, -1 where it is required."""

    name: str
    type: FeatureType
    start: int
    missing: int
    low: float
    high: float
    levels: Mapping[str, int]


@dataclass(frozen=True)
class Schema:
    """The features of one experiment, in their order."""

    features: tuple[Feature, ...]

    @cached_property
    def hash(self) -> str:
        """16 hex digits that change with anything in the schema: what a model was learned for."""
        text = json.dumps([each.document for each in self.features], ensure_ascii=False, sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of `encode`: those of each feature, and a constant."""
        return (*(name for feature in self.features for name in feature.columns), "constant")

    @cached_property
    def segments(self) -> int:
        """How many segments there are; 0 when a feature is a number."""
        return prod(feature.cells for feature in self.features)

    def encode(self, attributes: Mapping[str, Any]) -> list[int]:
        """The vector of what these attributes say, one whole number of ten-thousandths a column.

        Raises Invalid for a value of another type than the feature's, and for one that is required and missing.
        """
        vector = self._constant.copy()
        for name, kind, start, missing, low, high, levels in self._steps:
            value = attributes.get(name)
            if value is None:
                if missing < 0:
                    raise self._refused(attributes)
                vector[missing] = ONE
            elif kind is _NUMBER:
                if type(value) is not float and type(value) is not int:
                    raise self._refused(attributes)
                if low < value < high:
                    vector[start] = round((value - low) / (high - low) * ONE)
                elif high <= value <= _LARGEST:
                    vector[start] = ONE
                elif not -_LARGEST <= value <= low:
                    raise self._refused(attributes)
            elif kind is _BOOLEAN:
                if type(value) is not bool:
                    raise self._refused(attributes)
                vector[start] = ONE if value else 0
            else:
                if type(value) is not str:
                    raise self._refused(attributes)
                vector[start + levels.get(value, len(levels))] = ONE
        return vector

    def segment(self, attributes: Mapping[str, Any]) -> int:
        """Which segment a unit is in, from 0: its features as digits, the first one weighs most. Raises as `encode`."""
        vector, number = self.encode(attributes), 0
        for feature, step in zip(self.features, self._steps, strict=True):
            if step.missing >= 0 and vector[step.missing]:
                digit = feature.cells - 1
            elif step.type is _BOOLEAN:
                digit = vector[step.start] // ONE
            else:
                digit = vector.index(ONE, step.start) - step.start
            number = number * feature.cells + digit
        return number

    def segment_names(self) -> tuple[str, ...]:
        """What each segment is, by number, in words."""
        names = [""]
        for feature in self.features:
            own = list(feature.columns)
            if feature.type is _BOOLEAN:
                own[:1] = [f"{feature.name}=false", f"{feature.name}=true"]
            names = [f"{name}, {each}" if name else each for name in names for each in own]
        return tuple(names)

    def kept(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The features among these attributes, which can be encoded, as a decision keeps them: to the same vector for ever."""
        get = attributes.get
        kept = {name: value for name in self._names if (value := get(name)) is not None}
        for name in self._categories:
            if name in kept:
                kept[name] = _short(kept[name])
        return kept

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @cached_property
    def _categories(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.features if each.type is FeatureType.CATEGORY)

    @cached_property
    def _constant(self) -> list[int]:
        return [0] * (len(self.columns) - 1) + [ONE]

    @cached_property
    def _steps(self) -> tuple[_Step, ...]:
        steps, start = [], 0
        for each in self.features:
            end = start + len(each.columns)
            levels = {level: place for place, level in enumerate(each.levels)}
            steps.append(
                _Step(
                    each.name, each.type, start, -1 if each.required else end - 1, each.low, each.high, levels
                )
            )
            start = end
        return tuple(steps)

    def _refused(self, attributes: Mapping[str, Any]) -> Invalid:
        faults = tuple(
            Fault(f"/attributes/{each.name}", f"{problem}: it is a feature of type {each.type}")
            for each in self.features
            if (problem := each.problem(attributes.get(each.name))) is not None
        )
        return Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", faults)


def read_features(form: Form) -> tuple[Feature, ...] | None:
    """The features in this form, or None; their faults are noted."""
    if not form.has("features"):
        return None
    entries = form.entries("features", MOST_FEATURES, 1)
    features: dict[str, Feature] = {}
    for place in entries:
        given = entries.form(place)
        feature = _read_feature(given)
        if feature.name in features and feature.name != "?":
            given.fault("name", f"{feature.name} is a feature already")
        features[feature.name] = feature
    width = len(Schema(tuple(features.values())).columns)
    if width > MOST_COLUMNS:
        form.fault("features", f"make {width} columns, one a level, and at most {MOST_COLUMNS} are possible")
    return tuple(features.values())


def schema_of(documents: Sequence[Mapping[str, Any]] | None) -> Schema:
    """The schema that a stored entry describes, empty where it has none; `Feature.document` is the inverse."""
    return Schema(
        tuple(
            Feature(
                each["name"], FeatureType(each["type"]), float(each.get("low", 0)), float(each.get("high", 1)),
                tuple(each.get("levels", ())), each["required"],
            )
            for each in documents or ()
        )
    )  # fmt: skip


def _read_feature(form: Form) -> Feature:
    name = form.text("name", MOST_NAME)
    required, noted = form.flag("required"), form.noted
    if not form.has("type"):
        form.fault("type", f"is required, one of {', '.join(FeatureType)}")
    kind = form.choice("type", FeatureType, FeatureType.BOOLEAN)
    if form.noted > noted:
        form.rest()
    if kind is FeatureType.CATEGORY:
        entries = form.entries("levels", MOST_LEVELS, 1)
        levels = [entries.text(place, MOST_NAME) for place in entries]
        if len(set(levels)) < len(levels):
            form.fault("levels", "must be different")
        return Feature(name, kind, levels=tuple(dict.fromkeys(levels)), required=required)
    if kind is FeatureType.BOOLEAN:
        return Feature(name, kind, required=required)
    low, high = (float(form.number(end, -1e15, 1e15)) for end in ("low", "high"))
    if form.noted == noted and not high - low >= 1e-9:
        form.fault("high", "must be above low: the range that the number usually has")
    return Feature(name, kind, low, high, required=required)


def _short(text: str) -> str:
    """A text that no level can be may be cut: it stays none."""
    if len(text) <= MOST_NAME and "\x00" not in text:
        return text
    return text[:MOST_NAME].replace("\x00", "�") + "…"
