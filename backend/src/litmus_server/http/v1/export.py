"""The canonical API for those who take data away: as JSON, CSV, Parquet, or unit by unit."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import StreamingResponse

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.export import Export, Format, Rows, Table, csv_of, parquet_of
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.v1.query import Reference
from litmus_server.services.exports import Exports

_CSV, _NDJSON, _PARQUET = "text/csv; charset=utf-8", "application/x-ndjson", "application/vnd.apache.parquet"


class UnitFormat(StrEnum):
    """How rows of units are written."""

    CSV = "csv"
    NDJSON = "ndjson"


def routes(exports: Exports, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["results"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]
    manager = Annotated[Principal, Depends(Require(authenticator, Action.MANAGE))]

    @router.get(
        "/experiments/{id}/export",
        operation_id="exportReport",
        summary="The report with all that it was computed from, as one JSON document, or one table of it as CSV or Parquet",
        response_model=Export,
        responses={200: {"content": {"text/csv": {}, _PARQUET: {}}}},
    )
    async def report(
        _: reader,
        reference: Reference,
        format: Annotated[Format, Query(description="JSON has all tables")] = Format.JSON,  # noqa: A002
        table: Annotated[Table, Query(description="Of CSV and Parquet")] = Table.MOMENTS,
    ) -> Response:
        found = await exports.report(reference)
        if format is Format.JSON:
            return Response(msgspec.json.encode(found), media_type="application/json")
        rows = msgspec.convert(found["tables"][table], Rows)
        body = csv_of(rows) if format is Format.CSV else parquet_of(table, rows)
        name = f"{found['experiment']['key']}-{table}.{format}"
        return Response(body, media_type=_CSV if format is Format.CSV else _PARQUET, headers=_named(name))

    @router.get(
        "/experiments/{id}/export/units",
        operation_id="exportUnits",
        summary="Every exposed unit: variant, first exposure, and of each metric events, sum, and sum before the exposure",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}, _NDJSON: {}}}},
    )
    async def units(
        _: manager,
        reference: Reference,
        format: Annotated[UnitFormat, Query()] = UnitFormat.CSV,  # noqa: A002
    ) -> Response:
        found = await exports.units(reference)
        columns = ["unit_id", "variant", "epoch", "first_exposure_at"]
        for metric in found.metrics:
            columns += [f"{metric}.events", f"{metric}.sum", f"{metric}.before"]
        write = _csv if format is UnitFormat.CSV else _lines(columns)
        head = _csv([columns]) if format is UnitFormat.CSV else b""
        media = _CSV if format is UnitFormat.CSV else _NDJSON
        return StreamingResponse(
            _written(found.parts, head, write), media_type=media, headers=_named(f"units.{format}")
        )

    return router


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


async def _written(
    parts: AsyncIterator[Sequence[Sequence[Any]]],
    head: bytes,
    write: Callable[[Sequence[Sequence[Any]]], bytes],
) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for part in parts:
        yield write(part)


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [f"{value:f}" if hasattr(value, "is_nan") else value for value in row] for row in rows
    )
    return text.getvalue().encode()


def _lines(columns: Sequence[str]) -> Callable[[Sequence[Sequence[Any]]], bytes]:
    encoder = msgspec.json.Encoder(decimal_format="number")

    def write(rows: Sequence[Sequence[Any]]) -> bytes:
        return b"".join(encoder.encode(dict(zip(columns, row, strict=True))) + b"\n" for row in rows)

    return write
