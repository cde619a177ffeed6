"""Why a unit's own shares are what they are: what the model expected of it under each arm that it could get.

It must not know which draw of the unit it is asked about, nor where that was kept.
"""

from collections.abc import Mapping
from typing import Any

from litmus_server.bandits.contextual_draw import Drawing
from litmus_server.domain.expectation import Expectation, NoExpectation, VariantExpectation
from litmus_server.domain.weights import to_fraction


def expectation_of(drawing: Drawing, kept: Mapping[str, Any]) -> Expectation:
    """Of the draw of which an assignment keeps this (`Drawn.document`), by what it was drawn from. Raises Invalid for features of another schema."""
    model = drawing.model
    if model is None:
        return Expectation(missing=NoExpectation.NO_MODEL)
    given, active = drawing.asked(kept)
    beliefs = model.beliefs(given, active)
    if not any(beliefs):
        return Expectation(missing=NoExpectation.NOT_ARCHIVED)
    return Expectation(
        [
            VariantExpectation(key, to_fraction(share), belief)
            for key, share, belief in zip(drawing.keys, kept["shares"], beliefs, strict=True)
        ]
    )
