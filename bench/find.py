"""What a list, a search and the trail cost with 5,000 experiments, as a caller of the API sees it.

uv run python bench/find.py [--experiments 5000] [--folder DIR]
"""

import argparse
import random
import time
from pathlib import Path
from urllib.parse import urlencode

from stage import Stage, show, stage

_WORDS = ["checkout", "basket", "search", "ranking", "price", "banner", "mail", "sign-up", "shorter", "longer", "faster",
          "colour", "button", "page", "card", "offer", "coupon", "shipping", "delivery", "model", "embedding", "hybrid",
          "baseline", "recommend", "related", "similar", "trending", "new", "old", "first", "last"]  # fmt: skip
_ASKED: dict[str, dict[str, object]] = {
    "running, newest": {},
    "all, a page of 50": {"status": "all", "limit": 50},
    "all, a page of 200": {"status": "all"},
    "one word": {"status": "all", "q": "coupon", "limit": 50},
    "three words": {"status": "all", "q": "shorter ranking ann", "limit": 50},
    "a word that nothing has": {"status": "all", "q": "xyzzy", "limit": 50},
    "filters together": {
        "status": "draft,paused",
        "tag": "mail",
        "owner": "ann",
        "type": "ab",
        "metric": "buy",
        "limit": 50,
    },
    "by name, backwards": {"status": "all", "order": "-name", "limit": 50},
    "by start": {"status": "all", "order": "-started_at", "limit": 50},
}


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--experiments", type=int, default=5000)
    parse.add_argument("--times", type=int, default=40)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-find"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        _furnish(on, given.experiments)
        for name, query in _ASKED.items():
            path = f"/api/v1/experiments?{urlencode(query)}"
            _show(on, name, path, given.times)
            cursor = on.call("GET", path)["next_cursor"]
            if cursor is not None:
                _show(on, f"{name}, page two", f"{path}&{urlencode({'cursor': cursor})}", given.times)
        _show(on, "the trail of everything", "/api/v1/audit?limit=50", given.times)
        _show(on, "the trail of one", "/api/v1/audit?experiment=find-17&limit=50", given.times)


def _show(on: Stage, name: str, path: str, times: int) -> None:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        found = on.call("GET", path)
        took.append(1e3 * (time.perf_counter() - began))
    took.sort()
    show(
        name,
        {
            "of": found.get("total"),
            "p50_ms": round(took[times // 2], 1),
            "p95_ms": round(took[times * 95 // 100], 1),
        },
    )


def _furnish(on: Stage, experiments: int) -> None:
    """Texts of a few hundred characters, two to five variants, four metrics, and every status."""
    there = on.call("GET", "/api/v1/experiments?status=all&limit=1")["total"]
    dice = random.Random(there)
    for k in range(there, experiments):
        body = {
            "name": f"find-{k}", "owner": dice.choice(("ann", "bob", "eve")), "tags": dice.sample(_WORDS, 3),
            "description": " ".join(dice.choices(_WORDS, k=60)), "hypothesis": " ".join(dice.choices(_WORDS, k=30)),
            "primary_metric": "buy", "secondary_metrics": ["revenue", "visits", "errors"],
            "variants": [{"name": f"arm-{a}", "weight": w} for a, w in enumerate(_shares(dice.randrange(2, 6)))],
        }  # fmt: skip
        on.call("POST", "/api/v1/experiments", body)
        for action in [("start",), ("start", "pause"), ("start", "stop"), (), ()][k % 5]:
            on.call("POST", f"/api/v1/experiments/find-{k}/{action}", {})
    if there < experiments:
        on.sql("analyze")


def _shares(count: int) -> list[float]:
    return [1 / count] * count


if __name__ == "__main__":
    main()
