"""The next version of a contextual experiment: its model, and the mean shares of the units that it has met.

The mean shares, with the holdback in them, are what is shown of a version, and what a newer one is compared with; no unit is drawn by them. It must not know when a version is worth publishing, nor where it is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from litmus_server.bandits.allocation import allocate
from litmus_server.bandits.contextual import Sums, bounded, external_sums, fit, read_model, vector_of
from litmus_server.bandits.policies import NEWCOMER_UNITS
from litmus_server.domain.features import schema_of
from litmus_server.domain.holdback import mixed, parts_of


def next_model(
    entry: Mapping[str, Any],
    sums: Sequence[Sums],
    people: Sequence[Mapping[str, Any]],
    units: Sequence[int],
    joined: Sequence[int],
) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The model document, and the mean shares in ppm by ordinal.

    Of each arm `units` is how many were exposed, and `joined` how many the experiment had when it was added.

    `people` are features of units that were met, a sample. Where scores come from outside nothing is summed, only counted. Without people the active arms have equal shares.
    """
    kind, schema = entry["type"], schema_of(entry["features"])
    metric = next(each for each in entry["metrics"] if each["role"] == "primary")
    active = [variant["state"] == "active" for variant in entry["variants"]]
    if not schema.features:
        sums = external_sums(sum(units), len(active))
    document = fit(
        kind,
        entry["parameters"],
        sums,
        schema,
        higher_is_better=metric["direction"] == "increase",
        binary=metric["kind"] == "conversion",
    )
    newcomers = [k for k, on in enumerate(active) if on and joined[k] > 0 and units[k] < NEWCOMER_UNITS]
    if newcomers:
        document["newcomers"] = newcomers
    model = read_model(document, kind, schema, len(active))
    met = (
        [bounded(model, vector_of(kind, schema, each), active, newcomers) for each in people]
        if schema.features
        else []
    )
    mean = [float(sum(each)) for each in zip(*met, strict=True)] if met else [1.0] * len(active)
    return document, mixed(allocate(mean, active, 0), parts_of(entry))
