"""The canonical API over one kept-open connection, for the scripts beside this file: standard library only.

It knows HTTP and JSON; it must not know what an experiment is.
"""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

_GONE = (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest)


class ApiError(Exception):
    """The server answered with an error, or not at all (status 0)."""

    def __init__(self, status: int, message: str, body: Json | None = None, retry_after: float = 1.0) -> None:
        """`message` is the server's own sentence where it sent one."""
        super().__init__(f"{status} {message}" if status else message)
        self.status, self.body, self.retry_after = status, body or {}, retry_after


class Api:
    """One connection to one server. Not for use by two threads at once."""

    def __init__(self, base_url: str, token: str | None = None, timeout: float = 10.0) -> None:
        """`base_url` is scheme, host and port, with or without a path in front of the API's own."""
        url = urlsplit(base_url if "//" in base_url else f"//{base_url}", scheme="http")
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError(f"{base_url!r} is no base URL; one looks like http://localhost:8000")
        self.base_url = f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"
        self._prefix = url.path.rstrip("/")
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(url.hostname, url.port, timeout=timeout)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Json:
        """The document at this path. Raises ApiError."""
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> Json:
        """The answer to this body. Raises ApiError."""
        return self.call("POST", path, {} if body is None else body)

    def call(self, method: str, path: str, body: object = None) -> Json:
        """One request, one JSON object. A kept-open connection that the server closed is opened again, once."""
        payload = None if body is None else json.dumps(body).encode()
        try:
            reused = self._connection.sock is not None
            try:
                return self._exchange(method, path, payload)
            except _GONE:
                self._connection.close()
                if not reused:
                    raise
                return self._exchange(method, path, payload)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ApiError(
                0, f"no answer from {self.base_url}: {str(error) or type(error).__name__}"
            ) from error

    def patiently(self, method: str, path: str, body: object = None, seconds: float = 60.0) -> Json:
        """`call`, tried again while the server is away or asks to wait (429, 503), for at most `seconds`.

        Only for requests that may be sent twice: reads, assignments, events that have an id.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.call(method, path, body)
            except ApiError as error:
                if error.status not in {0, 429, 503} or time.monotonic() + error.retry_after > deadline:
                    raise
                time.sleep(error.retry_after)

    def _exchange(self, method: str, path: str, payload: bytes | None) -> Json:
        self._connection.request(method, self._prefix + path, payload, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        try:
            body = json.loads(text) if text else {}
        except ValueError:
            body = {}
        if not isinstance(body, dict):
            body = {"body": body}
        if response.status < 400:
            return body
        message = body.get("message") or body.get("error") or text[:200].decode("utf-8", "replace")
        wait = response.headers.get("Retry-After", "1")
        raise ApiError(response.status, str(message), body, float(wait) if wait.isdigit() else 1.0)
