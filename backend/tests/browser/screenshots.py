"""The pictures of the documents, made anew from a live bandit: python backend/tests/browser/screenshots.py FOLDER"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[3] / "scripts")]

from browser.conftest import chromium  # noqa: E402
from browser.world import World  # noqa: E402
from five_models import MODELS  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from serving import serving  # noqa: E402

UNITS = 2000


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with serving() as server, World(server.base_url) as world, sync_playwright() as driver:
        variants = [
            {"key": model.key, "name": model.name, "is_control": model is MODELS[0]} for model in MODELS
        ]
        key = world.create("Suggested order", start=True, type="thompson_sampling", variants=variants)
        for first in range(0, UNITS, 40):
            world.visit(key, range(first, first + 40), {model.key: model.rate for model in MODELS})
            time.sleep(0.3)  # policies are published at most once a second
        world.exposed(key, UNITS)
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_page(
                base_url=server.base_url,
                color_scheme="dark" if theme == "dark" else "light",
                locale="en-GB",
                reduced_motion="reduce",
                viewport={"width": 1280, "height": 1000},
            )
            for name, path in {"detail": "", "results": "/results"}.items():
                page.goto(f"/experiments/{key}{path}")
                page.get_by_role("heading", level=1).wait_for()
                page.wait_for_timeout(2500)
                page.screenshot(path=folder / f"{name}-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
