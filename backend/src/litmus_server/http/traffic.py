"""What is remembered of every request of both planes: counts, durations, and a log line where it is worth one.

The data plane answers tens of thousands of requests a second, so what happens for each is a dictionary look-up and a few
additions; Prometheus's objects are made when somebody scrapes. Labels are route templates, never paths.
"""

import logging
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

import structlog
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("litmus.http")
# Asked for each request, where structlog's proxy would cost more than the answer.
_levels = logging.getLogger("litmus.http")

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histogram, in seconds."""
SLOW = 1.0
"""Seconds from which a request gets a line, whatever its plane."""

ROUTE = "litmus.route"
PRINCIPAL = "litmus.principal"
REQUEST_ID = "litmus.request_id"
"""Keys under which whoever handles a request tells us its template, its principal's name and its id."""
HEADERS = "litmus.headers"
"""The key of the request's headers as a mapping, made once; of a name that came twice, the last."""


class _Series:
    __slots__ = ("buckets", "count", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.count = 0
        self.seconds = 0.0


class Traffic(Collector):
    """The collector of what was answered; `http/envelope.py` tells it."""

    def __init__(self, *, quiet: Callable[[Scope], bool]) -> None:
        """`quiet` says of which requests only failures and slow ones get a line: those of the data plane, probes."""
        self._quiet = quiet
        self._series: dict[tuple[str, str, int], _Series] = {}
        self.in_flight = 0

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """A request has been answered so, in this time."""
        key = (scope["method"], route_of(scope), status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.count += 1
        series.seconds += seconds
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        if status >= 500 or seconds >= SLOW:
            self._line(logging.WARNING, scope, key, seconds)
        elif not self._quiet(scope):
            self._line(logging.INFO, scope, key, seconds)
        elif _levels.isEnabledFor(logging.DEBUG):
            self._line(logging.DEBUG, scope, key, seconds)

    def _line(self, level: int, scope: Scope, key: tuple[str, str, int], seconds: float) -> None:
        method, route, status = key
        log.log(
            level,
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 3),
            request_id=scope.get(REQUEST_ID),
            principal=scope.get(PRINCIPAL),
        )

    def collect(self) -> Iterable[CounterMetricFamily | HistogramMetricFamily]:
        """Both families, from one reading of the series."""
        requests = CounterMetricFamily(
            "litmus_requests", "Requests answered", labels=("method", "route", "status")
        )
        seconds = HistogramMetricFamily(
            "litmus_request_seconds",
            "Time from a request's head to the end of its answer",
            labels=("method", "route"),
        )
        by_route: dict[tuple[str, str], _Series] = {}
        for (method, route, status), series in sorted(self._series.items()):
            requests.add_metric((method, route, str(status)), series.count)
            total = by_route.setdefault((method, route), _Series())
            total.seconds += series.seconds
            total.buckets = [a + b for a, b in zip(total.buckets, series.buckets, strict=True)]
        for labels, series in by_route.items():
            seconds.add_metric(labels, _cumulative(series.buckets), series.seconds)
        yield requests
        yield seconds


def route_of(scope: Scope) -> str:
    """The template of the route that answered: one label value a route, however many paths."""
    told = scope.get(ROUTE)
    if told is not None:
        return str(told)
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total, rows = 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows
