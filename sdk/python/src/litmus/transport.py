"""One POST to Litmus with a total budget of time: retries, pauses and all.

It knows HTTP; it must not know what is asked or answered.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from litmus.errors import DeadlineError, LitmusError, RefusedError, ServerError, UnreachableError, error_for
from litmus.retry import RetryPolicy


class Transport:
    """Posts JSON to one server. The connection pool is made on first use, so a client is cheap and may be
    forked.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        retry: RetryPolicy,
        transport: httpx2.BaseTransport | None,
    ) -> None:
        """`transport` replaces the network, for example by `httpx2.WSGITransport`."""
        self._base_url = base_url
        self._headers = {"Content-Type": "application/json", "User-Agent": "litmus-python"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._retry = retry
        self._transport = transport
        self.start_over()

    def start_over(self) -> None:
        """Forget the pool without closing it: in a forked child its sockets are still the parent's."""
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._closed = False

    def post(self, path: str, body: Callable[[], bytes], budget: float) -> object:
        """The parsed JSON of a 2xx answer, within about `budget` seconds. Raises LitmusError.

        `body` is called for each attempt. Every request must be safe to repeat. The budget is kept between
        any two reads from the network; looking up a host name is the one step that it cannot interrupt.
        """
        deadline = time.monotonic() + budget
        attempt = 0
        while True:
            try:
                return self._once(path, body(), deadline)
            except LitmusError as error:
                pause = self._retry.pause(attempt, error, deadline - time.monotonic(), random.uniform)
                if pause is None:
                    raise
            time.sleep(pause)
            attempt += 1

    def close(self) -> None:
        """Close the pool; later requests are refused."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()

    def _once(self, path: str, body: bytes, deadline: float) -> object:
        client = self._pool()
        extensions = {"timeout": _Remaining(deadline)}
        try:
            request = client.build_request("POST", self._base_url + path, content=body, extensions=extensions)
            response = client.send(request, stream=True)
            try:
                content = b"".join(_until(deadline, response.iter_bytes()))
            finally:
                response.close()
        except httpx2.TimeoutException as error:
            raise DeadlineError(f"no answer in time ({type(error).__name__})") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:  # RuntimeError: closed meanwhile
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        if response.is_success:
            return _parsed(content, response.status_code)
        message = f"POST {path} was answered {response.status_code}: {_message(content)}"
        raise error_for(response.status_code, message, _retry_after(response))

    def _pool(self) -> httpx2.Client:
        with self._lock:
            if self._closed:
                raise RefusedError("the client is closed")
            if self._client is None:
                self._client = httpx2.Client(headers=self._headers, transport=self._transport)
            return self._client


class _Remaining(dict[str, float]):
    """httpcore asks for the timeout of each step as it begins: the answer is what is left of the budget."""

    def __init__(self, deadline: float) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), 0.0))
        self._deadline = deadline

    def get(self, key: str, default: object = None) -> float:
        del key, default
        return max(0.001, self._deadline - time.monotonic())


def _until(deadline: float, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if time.monotonic() > deadline:
            raise DeadlineError("the answer did not end in time")


def _parsed(content: bytes, status: int) -> object:
    try:
        answer: object = json.loads(content)
    except ValueError:
        raise ServerError(
            "the answer is no JSON: is this the base URL of a Litmus server?", status=status
        ) from None
    return answer


def _message(content: bytes) -> str:
    """What a problem document says, as one line."""
    try:
        problem = json.loads(content)
        words = [problem.get("error"), problem.get("message") or problem.get("detail")]
        return ": ".join(str(word) for word in words if word)
    except (ValueError, AttributeError):
        return content[:200].decode(errors="replace")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds from a Retry-After header, which holds either seconds or a date."""
    text = response.headers.get("Retry-After")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if seconds < 86_400 else None
