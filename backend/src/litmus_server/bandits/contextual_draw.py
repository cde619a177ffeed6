"""A draw of a unit's own: shares that follow from its features, from scores that came with it, or from which arms it may get.

What a draw was made from is kept with it, so that it can be made again: by anybody from the shares, and from the archived
model and the features. It must not know how a bucket is computed, nor where versions are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

from litmus.decide import Experiment

from litmus_server.bandits.allocation import allocate, carried_over
from litmus_server.bandits.contextual import CONTEXTUAL, Model, ModelMismatch, bounded, read_model, vector_of
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.features import Schema, schema_of
from litmus_server.domain.holdback import Holdback, control_of, mixed, published_holdback, unmixed
from litmus_server.domain.policy import Policy
from litmus_server.domain.replay import Unknown, compiled, entry_of


class Drawn(NamedTuple):
    """What decides, and from what. `shares` in ppm by ordinal; `eligible` are ordinals, None where every arm is.

    `scores` by ordinal, None where they do not come from outside; `schema` is the hash of the features' declaration.
    `holdback`: what units get that are held back (`to`), and how much of each share is the holdback's (`parts`); with the
    unit's bucket they say whether it is one of these (`holdback.is_held`).
    """

    shares: tuple[int, ...]
    features: Mapping[str, Any] | None = None
    schema: str | None = None
    scores: tuple[float | None, ...] | None = None
    eligible: tuple[int, ...] | None = None
    holdback: Mapping[str, Any] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """What an assignment keeps, as JSON."""
        return {name: value for name, value in self._asdict().items() if value is not None}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What an experiment whose shares are learned draws from, under one revision and version.

    `shares` are those in force, in ppm: they decide where there is no model yet, and for types that treat units alike.
    `newcomers` are arms of which the model knows too little. `holdback` is None for types that treat units alike: it is in
    their shares already. So it is in those of `shares`; `control` is whom it may ask for.
    """

    kind: str
    schema: Schema
    keys: tuple[str, ...]
    active: tuple[bool, ...]
    shares: tuple[int, ...]
    model: Model | None = None
    newcomers: tuple[int, ...] = ()
    holdback: Holdback | None = None
    control: int = 0

    @property
    def contextual(self) -> bool:
        """Whether every unit has shares of its own."""
        return self.kind in CONTEXTUAL

    @property
    def external(self) -> bool:
        """Whether scores come with each request."""
        return self.contextual and not self.schema.features

    def draw(
        self,
        attributes: Mapping[str, Any],
        eligible: Sequence[str] | None = None,
        scores: Mapping[str, float] | None = None,
    ) -> Drawn:
        """The shares of a unit, of which a request says so much. Raises Invalid."""
        places = None if eligible is None else self._places(eligible)
        if places is not None and all(k in places for k, on in enumerate(self.active) if on):
            places = None  # nobody is left out
        outside = self._scores(scores)
        active = self._open(places)
        parts = self._parts(active)
        shares = self._shares(self._given(attributes, outside), active, parts)
        features = self.schema.kept(attributes) if self.schema.features else None
        schema = self.schema.hash if features is not None else None
        held = None if self.holdback is None else {"to": str(self.holdback.to), "parts": parts}
        return Drawn(shares, features, schema, outside, places, held)

    def allows(self, eligible: Sequence[str]) -> bool:
        """Whether one of these variants, by key, is active. Raises Invalid for a key that there is not."""
        return any(self.active[k] for k in self._places(eligible))

    def again(self, document: Mapping[str, Any]) -> tuple[int, ...]:
        """The shares that this model gives for what an assignment has kept (`Drawn.document`). Raises Invalid."""
        given, active = self.asked(document)
        return self._shares(given, active, self._parts(active))

    def asked(self, document: Mapping[str, Any]) -> tuple[Sequence[float], tuple[bool, ...]]:
        """What the model was asked for what an assignment has kept (`Drawn.document`): see `Model.shares`. Raises Invalid."""
        active = self._open(document.get("eligible"))
        return self._given(document.get("features", {}), document.get("scores")), active

    def _given(self, attributes: Mapping[str, Any], scores: Sequence[float | None] | None) -> Sequence[float]:
        if self.external:
            return [0.0 if score is None else score for score in scores or ()]
        return vector_of(self.kind, self.schema, attributes) if self.schema.features else ()

    def _shares(
        self, given: Sequence[float], active: tuple[bool, ...], parts: tuple[int, ...]
    ) -> tuple[int, ...]:
        if self.model is not None:
            return mixed(bounded(self.model, given, active, self.newcomers), parts)
        if active == self.active:
            return self.shares
        own = unmixed(self.shares, self._parts(self.active))
        return mixed(carried_over(own, active, 0) or allocate([1.0] * len(active), active, 0), parts)

    def _parts(self, active: tuple[bool, ...]) -> tuple[int, ...]:
        return () if self.holdback is None else self.holdback.parts(active, self.control)

    def _open(self, places: Sequence[int] | None) -> tuple[bool, ...]:
        """Which arms are active, of those that the request allows. Raises Invalid where there is none."""
        active = self.active
        if places is not None:
            active = tuple(on and k in places for k, on in enumerate(active))
        if not any(active):
            message = "names no variant that is active"
            raise Invalid(f"eligible: {message}", (Fault("/eligible", message),))
        return active

    def _places(self, eligible: Sequence[str]) -> tuple[int, ...]:
        faults = tuple(
            Fault(f"/eligible/{place}", f"must be the key of a variant, which are {', '.join(self.keys)}")
            for place, key in enumerate(eligible)
            if key not in self.keys
        )
        if faults:
            raise Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", faults[:100])
        return tuple(sorted({self.keys.index(key) for key in eligible}))

    def _scores(self, scores: Mapping[str, float] | None) -> tuple[float | None, ...] | None:
        if not self.external:
            if scores is None:
                return None
            message = "is for experiments of type squarecb that declare no features"
            raise Invalid(f"scores: {message}", (Fault("/scores", message),))
        faults = [
            Fault(f"/scores/{key}", f"is no variant; they are {', '.join(self.keys)}")
            for key in scores or {}
            if key not in self.keys
        ]
        found = []
        for key, on in zip(self.keys, self.active, strict=True):
            score = (scores or {}).get(key)
            if score is None and on:
                faults.append(
                    Fault(
                        f"/scores/{key}", "is required: what this variant is expected to bring, as a number"
                    )
                )
            elif score is not None and not isfinite(score):
                faults.append(Fault(f"/scores/{key}", "must be a finite number"))
            found.append(score)
        if faults:
            raise Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", tuple(faults[:100]))
        return tuple(found)


def drawing_of(
    document: Mapping[str, Any], experiment: Experiment, model: Mapping[str, Any] | None
) -> Drawing:
    """What an experiment draws from, by its configuration's document, compiled with the policy in force, and that policy's model.

    Raises ModelMismatch and KeyError for a model that is not understood.
    """
    variants, kind = experiment.variants, document["type"]
    schema = schema_of(document.get("features") or ())
    return Drawing(
        kind,
        schema,
        tuple(variant.key for variant in variants),
        tuple(variant.state == "active" for variant in variants),
        experiment.propensities,
        None if model is None else read_model(model, kind, schema, len(variants)),
        () if model is None else tuple(model.get("newcomers", ())),
        published_holdback(document) if kind in CONTEXTUAL else None,
        control_of(document),
    )


def archived_drawing(document: Mapping[str, Any], policy: Policy) -> Drawing | Unknown:
    """What was drawn from under this configuration and policy, both from the archive; Unknown where they cannot be read any more."""
    entry = entry_of(document, policy)
    experiment = entry if isinstance(entry, Unknown) else compiled(entry)
    if isinstance(entry, Unknown) or isinstance(experiment, Unknown):
        return Unknown.UNREADABLE
    try:
        return drawing_of(entry, experiment, policy.document.get("model"))
    except (ModelMismatch, KeyError, TypeError):
        return Unknown.UNREADABLE
