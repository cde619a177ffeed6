"""Twice what can be sustained: memory stays bounded, what is accepted is quick, the rest is told to come again.

uv run python bench/overload.py [--seconds 30] [--folder DIR]
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from stage import TOKEN, Stage, furnish, show, stage

CONNECTIONS = 200


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--seconds", type=int, default=30)
    parse.add_argument("--units", type=int, default=1_000_000)
    parse.add_argument("--events", type=int, default=88_000, help="events a second that are offered")
    parse.add_argument(
        "--assignments", type=int, default=80_000, help="assignments a second that are offered"
    )
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        furnish(on, given.units)
        show(
            "events, 500 a request",
            asyncio.run(_press(on, given.seconds, given.events / 500, _events)),
            offered=given.events,
        )
        show("assignments, 100 a request", asyncio.run(_press(on, given.seconds, given.assignments / 100, _assignments)),
             offered=given.assignments)  # fmt: skip


async def _press(
    on: Stage, seconds: int, rate: float, make: Callable[[int], tuple[str, bytes]]
) -> dict[str, object]:
    """So many requests a second whatever becomes of them, over connections that are opened before; nobody waits for anybody."""
    statuses: Counter[int] = Counter()
    retry_after: Counter[str] = Counter()
    accepted: list[float] = []
    before = on.tree()["api"]
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", on.port))
    unsent = 0

    async def ask(number: int) -> None:
        reader, writer = free.get_nowait()
        path, body = make(number)
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
        free.put_nowait((reader, writer))

    asking = set()
    start = time.monotonic()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
        if free.empty():
            unsent += 1
            continue
        task = asyncio.create_task(ask(number))
        asking.add(task)
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    took = time.monotonic() - start
    accepted.sort()
    return {
        "statuses": dict(statuses), "retry_after": dict(retry_after), "not_sent_all_connections_busy": unsent,
        "accepted_per_second": round(len(accepted) / took, 1), "accepted_p50_ms": round(accepted[len(accepted) // 2], 1),
        "accepted_p99_ms": round(accepted[len(accepted) * 99 // 100], 1), "api_pss_before": before, "api_pss_after": on.tree()["api"],
    }  # fmt: skip


_start = int(time.time() * 1e3) % 10**10


def _events(number: int) -> tuple[str, bytes]:
    prefix = uuid4().hex
    head = f'{{"event_id":"{prefix[:8]}-{prefix[8:12]}-7{prefix[12:15]}-a{prefix[15:18]}-'
    tail = '","type":"metric","metric_name":"order_value","value":1.5,"unit_id":"'
    return "/api/v1/events", (
        '{"events":[' + ",".join(f'{head}{k:012x}{tail}{number % 97}-{k}"}}' for k in range(500)) + "]}"
    ).encode()


def _assignments(number: int) -> tuple[str, bytes]:
    requests = ",".join(
        f'{{"experiment_id":"bench-{k}","unit_id":"{_start}-{number}-{k}"}}' for k in range(100)
    )
    return "/api/v1/assignments", ('{"requests":[' + requests + "]}").encode()


if __name__ == "__main__":
    main()
