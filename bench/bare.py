"""The ceiling that ratios are against: decode, hash, encode; no database, no log, nothing else; on the same server and event
loop. `python bench/bare.py PORT` serves it by our exchange, as the product is; with `plain` after it by uvicorn's own.
"""

import sys
from bisect import bisect_right
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from typing import Any

import msgspec
import uvicorn
from litmus_server.http.answer import ANSWER
from litmus_server.processes.protocol import LeanHttp

Message = MutableMapping[str, Any]


class Assign(msgspec.Struct):
    unit_id: str
    attributes: dict[str, Any] = {}


decoder = msgspec.json.Decoder(Assign)
encoder = msgspec.json.Encoder()
THRESHOLDS = (200_000, 400_000, 600_000, 800_000, 1_000_000)
HEAD = b"content-type: application/json\r\n"
JSON = (b"content-type", b"application/json")
ARMS = ("a", "b", "c", "d", "e")


def pick(experiment: str, unit: str) -> str:
    point = int.from_bytes(sha256(f"{experiment}:{unit}".encode()).digest()[:4], "big") * 1_000_000 >> 32
    return ARMS[bisect_right(THRESHOLDS, point)]


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    request = decoder.decode(body)
    experiment = scope["path"].split("/")[4]
    answer = encoder.encode(
        {
            "experiment_id": experiment,
            "unit_id": request.unit_id,
            "variant_key": pick(experiment, request.unit_id),
            "propensity": 0.2,
        }
    )
    if ANSWER in scope.get("extensions", ()):
        await send({"type": ANSWER, "status": 200, "head": HEAD, "body": answer})
        return
    length = (b"content-length", str(len(answer)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [JSON, length]})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools" if "plain" in sys.argv else LeanHttp, proxy_headers=False, server_header=False, access_log=False,
        log_level="error", lifespan="off",
    )  # fmt: skip
