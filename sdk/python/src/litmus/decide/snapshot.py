"""What a decision is made from: published entries, parsed once into immutable objects.

It knows the format of the entry and of the policy; it must not know where they come from.
One entry of the configuration, revision r, with the newest policy of that experiment, version v:

    {"id": "<uuid>", "key": "checkout", "revision": 12, "hash": "sha256_v1",
     "status": "draft|running|paused|completed", "archived": false, "type": "ab", "unit_type": "user",
     "salt": "16 hex digits", "traffic": 1000000, "forced": null | {"unit id": ordinal, …},
     "holdout": null | {"salt": "…", "share": 50000}, "layer": null | {"salt": "…", "from": 0, "to": 500000},
     "audience": null | condition,
     "variants": [{"id", "key", "name", "ordinal": 0…, "is_control", "config", "state":
     "active|paused|retired"}], "weights": [ppm by ordinal], "epoch": 1, "winner": null | ordinal, "policy":
     null | {"version": 3, "revision": 12, "propensities": [ppm by ordinal]}}

`"needs_server": true` says that each unit has shares of its own (by its features, say), which only a server computes: no
table of everybody's shares decides, and `weights` are not those in force.

`"ttl_seconds": 86400` says that a unit is drawn anew after so long. What is decided then is a stay of the unit, given as
"unit/number": the unit answers all that comes before the draw, and the whole name is drawn.

Whoever falls below the holdout's share is in no experiment that names this holdout. Forced units always get this
variant, for QA. An entry of the type `flag` is drawn like any other, and has nothing to log.

(r, v) is one state: a policy counts only when its revision is the entry's, else the weights do. Unknown keys
are ignored, so that an older reader can serve a newer document; `hash` may be absent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias, get_args

from litmus.decide.bucketing import BUCKETS, prefix, thresholds
from litmus.decide.document import Document, InvalidEntry
from litmus.decide.targeting import Condition, InvalidCondition, Predicate, compile_condition

Status: TypeAlias = Literal["draft", "running", "paused", "completed"]
VariantState: TypeAlias = Literal["active", "paused", "retired"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One alternative. Its ordinal is its place in weights and propensities, for ever."""

    id: str
    key: str
    name: str
    ordinal: int
    is_control: bool
    config: object
    state: VariantState


class Gate(NamedTuple):
    """A step that lets through the units whose bucket is in [start, stop)."""

    step: Literal["holdout", "layer", "traffic"]
    salted: bytes
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Policy:
    """Propensities in ppm by ordinal that a learner published as `version`, for configuration `revision`."""

    version: int
    revision: int
    propensities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One entry, with everything that does not depend on the unit worked out. Made by `compile_entry`."""

    id: str
    key: str
    revision: int
    status: Status
    archived: bool
    type: str
    unit_type: str
    salt: str
    traffic: int
    forced: Mapping[str, int]
    holdout: Gate | None
    layer: Gate | None
    audience: Condition | None
    variants: tuple[Variant, ...]
    weights: tuple[int, ...]
    epoch: int
    winner: int | None
    policy: Policy | None
    needs_server: bool = False
    """Shares are each unit's own: whoever has only this entry cannot draw."""
    ttl_seconds: int | None = None
    """How long a stay lasts; None where a unit is drawn once."""
    control: int = field(init=False)
    propensities: tuple[int, ...] = field(init=False)
    """Those in force: the policy's, or the weights."""
    policy_version: int | None = field(init=False)
    """None where the weights are in force."""
    thresholds: tuple[int, ...] = field(init=False)
    variant_salted: bytes = field(init=False)
    gates: tuple[Gate, ...] = field(init=False)
    """Those before the audience, in their order."""
    eligible: Predicate | None = field(init=False, compare=False)
    """The audience's."""
    entrance: Gate | None = field(init=False)
    """The traffic's, after the audience; None where all of it enters."""
    is_flag: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out the derived fields, so that they cannot disagree with the given ones."""
        current = self.policy if self.policy is not None and self.policy.revision == self.revision else None
        derived = {
            "control": _control(self.variants),
            "propensities": self.weights if current is None else current.propensities,
            "policy_version": None if current is None else current.version,
            "thresholds": thresholds(self.weights if current is None else current.propensities),
            "variant_salted": prefix(f"variant:{self.salt}"),
            "gates": tuple(gate for gate in (self.holdout, self.layer) if gate is not None),
            "eligible": None if self.audience is None else self.audience.matches,
            "entrance": None
            if self.traffic == BUCKETS
            else Gate("traffic", prefix(f"traffic:{self.salt}"), 0, self.traffic),
            "is_flag": self.type == "flag",
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def variant(self, key_or_id: str) -> Variant | None:
        """The variant of this key or id, whatever its state."""
        return next((each for each in self.variants if key_or_id in {each.key, each.id}), None)

    def with_policy(self, policy: Policy) -> "Experiment":
        """The same entry under a newer policy of the same revision; itself when the policy is older or
        another's.

        Raises InvalidEntry when the propensities do not fit the variants.
        """
        if policy.revision != self.revision or policy.version <= (self.policy_version or 0):
            return self
        _check_shares(policy.propensities, self.variants, "/policy/propensities")
        return replace(self, policy=policy)


class DecisionTable:
    """All entries by id and by key. Immutable: a change is a new table, and the owner swaps one reference.

    An entry never goes back: publications are hinted at in any order, so what is older than the table's own
    (by revision, then by policy version) is ignored.
    """

    __slots__ = ("_by_id", "_by_key")

    def __init__(self, experiments: Iterable[Experiment] = ()) -> None:
        """A table of these entries; of two with one id the last counts."""
        self._by_id = {each.id: each for each in experiments}
        self._by_key = {each.key: each for each in self._by_id.values()}

    def get(self, id_or_key: str) -> Experiment | None:
        """The entry of this id, else of this key."""
        return self._by_id.get(id_or_key) or self._by_key.get(id_or_key)

    def with_entry(self, entry: Experiment) -> "DecisionTable":
        """A table with this entry put in or replaced; this table when it holds a newer one."""
        mine = self._by_id.get(entry.id)
        if mine is not None and mine.revision > entry.revision:
            return self
        if mine is not None and mine.policy is not None:
            entry = entry.with_policy(mine.policy)
        return self._with(entry)

    def with_policy(self, experiment_id: str, policy: Policy) -> "DecisionTable":
        """A table with this policy in force; this table when the policy is not newer, or of another revision."""
        mine = self._by_id.get(experiment_id)
        newer = mine.with_policy(policy) if mine is not None else None
        return self if newer is None or newer is mine else self._with(newer)

    def __iter__(self) -> Iterator[Experiment]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def _with(self, entry: Experiment) -> "DecisionTable":
        table = DecisionTable()
        before = self._by_id.get(entry.id)
        by_key = self._by_key
        if before is not None and before.key != entry.key:
            by_key = {key: each for key, each in by_key.items() if each is not before}
        table._by_id = {**self._by_id, entry.id: entry}
        table._by_key = {**by_key, entry.key: entry}
        return table


def compile_entry(document: Mapping[str, object]) -> Experiment:
    """The experiment that a published entry describes. Raises InvalidEntry, and nothing else."""
    entry = Document(document)
    if entry.value("hash") not in (None, "sha256_v1"):
        raise entry.wrong("hash", "only sha256_v1 is known")
    variants = tuple(_variant(item, ordinal) for ordinal, item in enumerate(entry.documents("variants")))
    weights = entry.integers("weights")
    _check_shares(weights, variants, "/weights")
    revision = entry.integer("revision", 0)
    return Experiment(
        id=entry.text("id"),
        key=entry.text("key"),
        revision=revision,
        status=entry.choice("status", get_args(Status)),
        archived=entry.flag("archived"),
        type=entry.text("type"),
        unit_type=entry.text("unit_type"),
        salt=entry.text("salt"),
        traffic=entry.integer("traffic", 0, BUCKETS),
        forced=entry.ordinals("forced", len(variants)),
        holdout=_holdout(entry.document("holdout")),
        layer=_layer(entry.document("layer")),
        audience=_audience(entry.value("audience")),
        variants=variants,
        weights=weights,
        epoch=entry.integer("epoch", 0),
        winner=None if entry.value("winner") is None else entry.integer("winner", 0, len(variants) - 1),
        policy=_policy(entry.document("policy"), revision, variants),
        needs_server=entry.flag("needs_server"),
        ttl_seconds=None if entry.value("ttl_seconds") is None else entry.integer("ttl_seconds", 1),
    )


def parse_policy(document: Mapping[str, object]) -> Policy:
    """The policy that a published document describes, not yet held against an entry. Raises InvalidEntry."""
    return _read_policy(Document(document, "/policy"))


def _read_policy(policy: Document) -> Policy:
    return Policy(
        policy.integer("version", 1), policy.integer("revision", 0), policy.integers("propensities")
    )


def _policy(document: Document | None, revision: int, variants: Sequence[Variant]) -> Policy | None:
    if document is None:
        return None
    policy = _read_policy(document)
    if policy.revision == revision:  # one of another revision may have had other variants, and is not used
        _check_shares(policy.propensities, variants, "/policy/propensities")
    return policy


def _variant(item: Document, ordinal: int) -> Variant:
    if item.integer("ordinal", 0) != ordinal:
        raise item.wrong("ordinal", "variants stand in the order of their ordinals, from 0")
    return Variant(
        id=item.text("id"),
        key=item.text("key"),
        name=item.text("name"),
        ordinal=ordinal,
        is_control=item.flag("is_control"),
        config=item.value("config"),
        state=item.choice("state", get_args(VariantState)),
    )


def _holdout(holdout: Document | None) -> Gate | None:
    if holdout is None:
        return None
    salted = prefix(f"holdout:{holdout.text('salt')}")
    return Gate("holdout", salted, holdout.integer("share", 0, BUCKETS), BUCKETS)


def _layer(layer: Document | None) -> Gate | None:
    if layer is None:
        return None
    start = layer.integer("from", 0, BUCKETS)
    return Gate("layer", prefix(f"layer:{layer.text('salt')}"), start, layer.integer("to", start, BUCKETS))


def _audience(document: object) -> Condition | None:
    if document is None:
        return None
    try:
        return compile_condition(document)
    except InvalidCondition as error:
        raise InvalidEntry(f"/audience{error.pointer}", error.message) from error


def _control(variants: Sequence[Variant]) -> int:
    flagged = [variant.ordinal for variant in variants if variant.is_control]
    named = [variant.ordinal for variant in variants if variant.key == "control"]
    return [*flagged, *named, 0][0]


def _check_shares(shares: Sequence[int], variants: Sequence[Variant], at: str) -> None:
    if len(shares) != len(variants):
        raise InvalidEntry(at, f"{len(variants)} shares are needed, one a variant")
    if min(shares) < 0 or sum(shares) != BUCKETS:
        raise InvalidEntry(at, f"shares are not negative and sum to {BUCKETS}")
    for variant, share in zip(variants, shares, strict=True):
        if share > 0 and variant.state != "active":
            raise InvalidEntry(f"{at}/{variant.ordinal}", f"a {variant.state} variant has share 0")
