"""Natural batching: while one transaction commits, arriving rows pile up and become the next batch.

Each caller awaits the commit of the batch that its rows rode in. There is no timer and no batch size to tune. A burst may
wait up to a bound in rows; from there on the bound is a time, until nothing has been refused for a while: what is accepted
under overload is answered soon, and what would wait longer is `Overloaded` at once. It knows batches and connections, not
what a row means.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import asyncpg
import structlog

from litmus_server.domain.errors import Overloaded, Unavailable, Unstorable
from litmus_server.store.database import connect, is_guilty, is_trouble

log = structlog.get_logger(__name__)
Row_contra = TypeVar("Row_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)
R = TypeVar("R")
A = TypeVar("A")

_SHEDDING = 1.0
"""Seconds after a refusal in which the bound is a time."""
_WINDOW = 0.1
"""Seconds over which departures are counted before they count as a rate."""


class Writer(Protocol[Row_contra, Answer_co]):
    """Writes one batch in one transaction and answers each row, in order."""

    async def __call__(self, batch: int, rows: Sequence[Row_contra], again: bool, /) -> Sequence[Answer_co]:
        """`again`: this batch id was sent before and its fate is unknown; what it stored then counts as stored now."""
        ...


class BatchIds:
    """Numbers that no other process of this database uses, before or after a restart."""

    def __init__(self) -> None:
        """Takes its node number from the database when the first id is needed."""
        self._next = 0

    async def reserve(self, connection: "asyncpg.Connection[Any]") -> None:
        """Make sure that `take` can answer; costs one query in the life of the process."""
        if not self._next:
            self._next = (await connection.fetchval("select nextval('node_number')")) << 40

    def take(self) -> int:
        """The next id; `reserve` came before."""
        self._next += 1
        return self._next


class _Item(Generic[R, A]):
    __slots__ = ("arrived", "future", "rows", "size")

    def __init__(self, rows: Sequence[R], size: int, future: "asyncio.Future[list[A | Exception]]") -> None:
        self.rows, self.size, self.future, self.arrived = rows, size, future, time.monotonic()


@dataclass(slots=True)
class _Part:
    """Rows [start, end) of what was taken, under a batch id of their own. `again`: sent before, fate unknown."""

    start: int
    end: int
    batch: int
    again: bool = False


class _Load(Generic[R, A]):
    """What one connection writes before it takes more: the rows of some requests, in one part or, after halving, several."""

    __slots__ = ("answers", "items", "parts", "rows")

    def __init__(self, items: "list[_Item[R, A]]", batch: int) -> None:
        self.items = items
        self.rows = [row for item in items for row in item.rows]
        self.answers: list[A | Exception] = []
        self.parts = [_Part(0, len(self.rows), batch)]

    def halve(self, part: _Part, ids: BatchIds) -> None:
        """The part that cannot be stored, as two: the first comes next."""
        middle = (part.start + part.end) // 2
        self.parts[-1:] = [_Part(middle, part.end, ids.take()), _Part(part.start, middle, ids.take())]


class Journal(Generic[R, A]):
    """A queue in front of one or a few connections, each writing one batch after the other."""

    def __init__(
        self,
        name: str,
        url: str,
        ids: BatchIds,
        bind: "Callable[[asyncpg.Connection[Any], BatchIds], Awaitable[Writer[R, A]]]",
        *,
        connections: int = 1,
        max_rows: int = 2_000,
        bound_rows: int = 4_000,
        bound_bytes: int = 32 << 20,
        soon: float = 0.03,
        patience: float = 5.0,
    ) -> None:
        """`max_rows` per transaction; `bound_*` may wait, and under overload what is done within `soon` seconds.

        `patience`: seconds that a row waits for a database that is away.
        """
        self.name = name
        self._url, self._ids, self._bind = url, ids, bind
        self._connections, self._max_rows = connections, max_rows
        self._bound_rows, self._bound_bytes, self._patience = bound_rows, bound_bytes, patience
        self._soon, self._shedding_until = soon, 0.0
        self._rate, self._departed, self._since = 0.0, 0, 0.0
        self._queue: deque[_Item[R, A]] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self.waiting_rows = self.waiting_bytes = 0
        self.batches = self.rows_written = self.refused = 0

    def start(self) -> None:
        """Begin to write; connections are opened, and opened again, in the background."""
        self._tasks = [
            asyncio.create_task(self._run(), name=f"journal {self.name} {n}")
            for n in range(self._connections)
        ]

    def admit(self, rows: int, size: int = 0) -> None:
        """Raise Overloaded when so much more would be too much, Unavailable when the journal is closing."""
        if self._closing:
            raise Unavailable("The server is shutting down")
        waiting, bound = self.waiting_rows, self._bound()
        # A large request that meets next to nothing is no sign of overload: refused for its size, it would keep the bound low
        # for as long as it is sent again.
        late = waiting + min(rows, bound // 2) > bound
        full = waiting + rows > self._bound_rows or self.waiting_bytes + size > self._bound_bytes
        if waiting and (late or full):
            self.refused += 1
            self._shedding_until = time.monotonic() + _SHEDDING
            raise Overloaded(f"Too much is waiting to be written ({waiting} rows); try again in a second")

    def submit(self, rows: Sequence[R], size: int) -> "asyncio.Future[list[A | Exception]]":
        """Queue rows; the future answers after their commit, a row that cannot be stored with its exception.

        `size`: bytes, roughly. Raises Overloaded when too much waits, Unavailable when the journal is closing.
        """
        self.admit(len(rows), size)
        future: asyncio.Future[list[A | Exception]] = asyncio.get_running_loop().create_future()
        item = _Item(rows, size, future)
        if not self.waiting_rows:  # idle time is not part of a rate
            self._since, self._departed = item.arrived, 0
        self._queue.append(item)
        self.waiting_rows += len(rows)
        self.waiting_bytes += size
        self._arrived.set()
        return future

    async def close(self, deadline: float = 10.0) -> None:
        """Take nothing more, write what waits, for at most `deadline` seconds."""
        self._closing = True
        self._arrived.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._fail(list(self._queue), Unavailable("The server is shutting down"))
        self._queue.clear()

    async def _run(self) -> None:
        connection: asyncpg.Connection[Any] | None = None
        writer: Writer[R, A] | None = None
        load: _Load[R, A] | None = None
        try:
            while True:
                try:
                    if load is None and not self._queue:
                        if self._closing:
                            return
                        self._arrived.clear()
                        await self._arrived.wait()
                        continue
                    if connection is None or writer is None or connection.is_closed():
                        connection = await connect(self._url, timeout=self._patience)
                        await self._ids.reserve(connection)
                        writer = await self._bind(connection, self._ids)
                    if load is None:
                        if not self._queue:  # another connection took it while this one was opened
                            continue
                        load = _Load(self._take(), self._ids.take())
                    await self._write(writer, load)
                except Exception as error:
                    # The database is away, or not as we expect it (a schema from before): this task must never die.
                    if not is_trouble(error):
                        log.exception("journal cannot write", journal=self.name)
                    await _discard(connection)
                    connection = None
                    if load is not None and not self._still_worth_it(load.items):
                        log.warning(
                            "journal gave a batch up",
                            journal=self.name,
                            rows=len(load.rows),
                            error=repr(error),
                        )
                        self._fail(load.items, Unavailable("The database is away; try again in a moment"))
                        load = None
                    self._expire()
                    await asyncio.sleep(0.05)
                else:
                    self._settle(load.items, load.answers)
                    load = None
        finally:
            if load is not None:
                self._fail(load.items, Unavailable("The server is shutting down"))
            await _discard(connection)

    def _take(self) -> list[_Item[R, A]]:
        queue = self._queue
        items = [queue.popleft()]
        rows = len(items[0].rows)
        while queue and rows + len(queue[0].rows) <= self._max_rows:
            items.append(queue.popleft())
            rows += len(items[-1].rows)
        return items

    async def _write(self, writer: Writer[R, A], load: _Load[R, A]) -> None:
        """Write its parts, halving one that cannot be stored until the guilty row stands alone.

        Raises what is no row's fault; what was written by then is answered, and the rest goes on under the same ids.
        """
        while load.parts:
            part = load.parts[-1]
            rows = load.rows[part.start : part.end]
            answers: Sequence[A | Exception]
            try:
                # A database that hangs is as good as away: the same batch is sent again on another connection.
                async with asyncio.timeout(self._patience):
                    answers = await writer(part.batch, rows, part.again)
            except Exception as error:
                if is_trouble(error) or (isinstance(error, asyncpg.PostgresError) and not is_guilty(error)):
                    part.again = True
                    raise
                if len(rows) > 1:
                    load.halve(part, self._ids)
                    continue
                if not is_guilty(error):  # a fault of ours: this caller is told, its neighbours are served
                    log.exception("journal cannot write a row", journal=self.name)
                answers = [
                    Unstorable("It holds text or a number that cannot be stored")
                    if is_guilty(error)
                    else error
                ]
            load.answers += answers
            load.parts.pop()
            self.batches += 1
            self.rows_written += len(rows)

    def _bound(self) -> int:
        """Rows that may wait now: all that fits; under overload what leaves soon, but some for each connection."""
        if not self._shedding_until or time.monotonic() > self._shedding_until:
            return self._bound_rows
        return min(
            self._bound_rows, max(self._connections * self._max_rows // 4, int(self._rate * self._soon))
        )

    def _count_departures(self, rows: int) -> None:
        now = time.monotonic()
        self._departed += rows
        took = now - self._since
        if took >= _WINDOW:
            rate = self._departed / took
            self._rate = (self._rate + rate) / 2 if self._rate else rate
            self._since, self._departed = now, 0

    def _settle(self, items: list[_Item[R, A]], answers: list[A | Exception]) -> None:
        self._count_departures(len(answers))
        start = 0
        for item in items:
            end = start + len(item.rows)
            if not item.future.done():  # a request that was cancelled: its rows are stored all the same
                item.future.set_result(answers[start:end])
            start = end
        # After those who were just woken: a row counts as waiting until its caller has had its turn.
        asyncio.get_running_loop().call_soon(self._release, items)

    def _fail(self, items: list[_Item[R, A]], error: Exception) -> None:
        for item in items:
            if not item.future.done():
                item.future.set_exception(error)
        self._release(items)

    def _release(self, items: list[_Item[R, A]]) -> None:
        self.waiting_rows -= sum(len(item.rows) for item in items)
        self.waiting_bytes -= sum(item.size for item in items)

    def _still_worth_it(self, items: list[_Item[R, A]]) -> bool:
        return any(time.monotonic() - item.arrived < self._patience for item in items)

    def _expire(self) -> None:
        late = []
        while self._queue and time.monotonic() - self._queue[0].arrived >= self._patience:
            late.append(self._queue.popleft())
        self._fail(late, Unavailable("The database is away; try again in a moment"))


async def _discard(connection: "asyncpg.Connection[Any] | None") -> None:
    if connection is not None:
        connection.terminate()
