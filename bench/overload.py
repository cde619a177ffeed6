"""Twice what can be sustained: memory stays bounded, what is accepted is quick, the rest is told to come again.

uv run python bench/overload.py [--seconds 30] [--folder DIR]
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from stage import TOKEN, Stage, furnish, show, stage

CONNECTIONS = 600


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--seconds", type=int, default=30)
    parse.add_argument("--units", type=int, default=1_000_000)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        furnish(on, given.units)
        for name, make in (("events, 500 a request", _events), ("assignments, 100 a request", _assignments)):
            show(name, asyncio.run(_press(on, given.seconds, make)))


async def _press(on: Stage, seconds: int, make: "object") -> dict[str, object]:
    """Many connections that never wait for one another; a refusal is taken at its word and tried again at once."""
    statuses: Counter[int] = Counter()
    accepted: list[float] = []
    retry_after: Counter[str] = Counter()
    end = time.monotonic() + seconds
    before = on.tree()["api"]

    async def caller(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.port)
        while time.monotonic() < end:
            path, body = make(number)  # type: ignore[operator]
            head = f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {len(body)}\r\n\r\n"
            began = time.perf_counter()
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in answer[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            status = int(answer[0].split()[1])
            statuses[status] += 1
            if status == 200:
                accepted.append((time.perf_counter() - began) * 1e3)
            else:
                retry_after[headers.get("retry-after", "none")] += 1
                await asyncio.sleep(0.05)
        writer.close()

    await asyncio.gather(*map(caller, range(CONNECTIONS if make is _assignments else 64)))
    accepted.sort()
    return {
        "statuses": dict(statuses), "retry_after": dict(retry_after), "accepted_per_second": round(len(accepted) / seconds, 1),
        "accepted_p50_ms": round(accepted[len(accepted) // 2], 1), "accepted_p99_ms": round(accepted[len(accepted) * 99 // 100], 1),
        "api_pss_before": before, "api_pss_after": on.tree()["api"],
    }  # fmt: skip


_counter = iter(range(10**12))
_start = int(time.time() * 1e3) % 10**10


def _events(number: int) -> tuple[str, bytes]:
    prefix = uuid4().hex[:20]
    events = [
        {"event_id": f"{prefix[:8]}-{prefix[8:12]}-7{prefix[12:15]}-a{prefix[15:18]}-{k:012x}", "type": "metric",
         "metric_name": "order_value", "value": k, "unit_id": f"{number}-{k}"} for k in range(500)
    ]  # fmt: skip
    return "/api/v1/events", json.dumps({"events": events}).encode()


def _assignments(number: int) -> tuple[str, bytes]:
    requests = [
        {"experiment_id": f"bench-{k}", "unit_id": f"{_start}-{number}-{next(_counter)}"} for k in range(100)
    ]
    return "/api/v1/assignments", json.dumps({"requests": requests}).encode()


if __name__ == "__main__":
    main()
