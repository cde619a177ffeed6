"""The dashboard's types are of the document that this server answers."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import msgspec
from litmus_server.apps import description

TYPES = Path(__file__).parents[3] / "frontend" / "app" / "types" / "api.ts"


async def test_the_dashboards_types_are_of_this_openapi_document() -> None:
    document = msgspec.json.encode(await description())
    made_of = re.search(r"[0-9a-f]{64}", TYPES.read_text().splitlines()[0])
    assert made_of is not None
    assert made_of[0] == sha256(document).hexdigest(), "the API has changed: npm run types, in frontend/"
