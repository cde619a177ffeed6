"""Parquet files of a few small tables: plain encoding, no compression, one row group. It knows columns, and not what is in them.

The format: https://github.com/apache/parquet-format (README.md and parquet.thrift, version 2.10). Of its many encodings a reader must know
these, so a writer needs no others; a library for all of them is a hundred times as large as this server.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

MAGIC = b"PAR1"
_OPTIONAL, _PLAIN, _RLE, _UTF8, _DATA_PAGE, _UNCOMPRESSED = 1, 0, 3, 0, 0, 0


class Kind(Enum):
    """Of a column's values; the number is the format's own for how they are stored."""

    INTEGER = 2  # 64 bits
    NUMBER = 5  # 64-bit float
    TEXT = 6


Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one kind; None is null."""

    name: str
    kind: Kind
    values: Sequence[Value]


def parquet(columns: Sequence[Column]) -> bytes:
    """The file of these columns, which are equally long. struct.error for an integer of more than 64 bits."""
    rows = len(columns[0].values)
    body = bytearray(MAGIC)
    chunks: list[_Thrift] = []
    for column in columns:
        start, page = len(body), _page(column)
        sizes = (len(page), len(page))
        header = _struct({1: _DATA_PAGE, 2: sizes[0], 3: sizes[1], 5: {1: rows, 2: _PLAIN, 3: _RLE, 4: _RLE}})
        body += header + page
        size = _Long(len(header) + len(page))
        described: dict[int, _Thrift] = {
            1: column.kind.value,
            2: [_PLAIN, _RLE],
            3: [column.name],
            4: _UNCOMPRESSED,
            5: _Long(rows),
            6: size,
            7: size,
            9: _Long(start),
        }
        chunks.append({2: _Long(start), 3: described})
    root: _Thrift = {4: "schema", 5: len(columns)}
    schema = [root, *(_described(column) for column in columns)]
    group: _Thrift = {1: chunks, 2: _Long(len(body) - len(MAGIC)), 3: _Long(rows)}
    footer = _struct({1: 1, 2: schema, 3: _Long(rows), 4: [group], 6: "litmus"})
    return bytes(body) + footer + struct.pack("<I", len(footer)) + MAGIC


def _described(column: Column) -> "dict[int, _Thrift]":
    described: dict[int, _Thrift] = {1: column.kind.value, 3: _OPTIONAL, 4: column.name}
    return described | ({6: _UTF8} if column.kind is Kind.TEXT else {})


def _page(column: Column) -> bytes:
    """Which values are there, one bit each, and those that are."""
    groups = -(-len(column.values) // 8)
    bits = sum((value is not None) << place for place, value in enumerate(column.values))
    present = _varint(groups << 1 | 1) + bits.to_bytes(groups, "little")
    return (
        struct.pack("<I", len(present))
        + present
        + b"".join(_plain(column.kind, value) for value in column.values if value is not None)
    )


def _plain(kind: Kind, value: Value) -> bytes:
    match kind:
        case Kind.INTEGER:
            return struct.pack("<q", value)
        case Kind.NUMBER:
            return struct.pack("<d", value)
        case Kind.TEXT:
            text = str(value).encode()
            return struct.pack("<I", len(text)) + text


# ── Thrift's compact protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md ──────────


class _Long(int):
    """An integer of 64 bits, where others have 32."""


_Thrift: TypeAlias = "int | str | dict[int, _Thrift] | list[_Thrift]"


def _struct(fields: "dict[int, _Thrift]") -> bytes:
    found, last = bytearray(), 0
    for number, value in fields.items():
        found += bytes([(number - last) << 4 | _type(value)]) + _value(value)
        last = number
    return bytes(found) + b"\0"


def _type(value: "_Thrift") -> int:
    match value:
        case _Long():
            return 6
        case int():
            return 5
        case str():
            return 8
        case list():
            return 9
        case _:
            return 12


def _value(value: "_Thrift") -> bytes:
    match value:
        case int():
            return _varint(value << 1)  # zigzag of what is never negative
        case str():
            return _varint(len(value.encode())) + value.encode()
        case list():
            size = (
                bytes([len(value) << 4 | _type(value[0])])
                if len(value) < 15
                else bytes([0xF0 | _type(value[0])]) + _varint(len(value))
            )
            return size + b"".join(map(_value, value))
        case _:
            return _struct(value)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(found) + bytes([number])
