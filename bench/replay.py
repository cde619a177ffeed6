"""Every decision is reproducible: all assignments of the log made again from the archive alone, in three languages.

uv run python bench/replay.py [--languages sql,python,javascript] [--folder DIR]
"""

import argparse
import asyncio
import time
from pathlib import Path

from litmus_server.processes.replay import Language, replay
from litmus_server.settings import Settings
from stage import show, stage


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--languages", default="sql,python,javascript")
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        settings = Settings.read(env="development", database_url=on.database_url)
        for language in map(Language, given.languages.split(",")):
            began = time.monotonic()
            tally = asyncio.run(replay(settings, language))
            seconds = time.monotonic() - began
            show(
                f"assignments made again in {language}",
                {
                    "same": tally.same,
                    "differing": tally.differs,
                    "cannot_say": tally.unknown.total(),
                    "seconds": round(seconds, 1),
                    "a_second": round(tally.total / seconds),
                },
            )


if __name__ == "__main__":
    main()
