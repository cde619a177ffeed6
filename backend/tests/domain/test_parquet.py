"""Parquet as the reference implementation reads it."""

import io
import struct

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.domain.parquet import Column, Kind, parquet

VALUES = {
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.NUMBER: st.floats(allow_nan=False),
    Kind.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}
TABLES = st.integers(0, 300).flatmap(
    lambda rows: st.lists(
        st.sampled_from(list(Kind)).flatmap(
            lambda kind: st.builds(
                Column,
                st.text("abcdef_.", min_size=1, max_size=8),
                st.just(kind),
                st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows),
            )
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda column: column.name,
    )
)


@settings(max_examples=30, deadline=None)
@given(TABLES)
def test_whatever_is_written_is_read_again(columns: list[Column]) -> None:
    found = pq.read_table(io.BytesIO(parquet(columns)))
    assert found.column_names == [column.name for column in columns]
    assert [each.to_pylist() for each in found.columns] == [list(column.values) for column in columns]
    assert found.num_rows == len(columns[0].values)


def test_kinds_are_those_of_the_format() -> None:
    columns = [Column("n", Kind.INTEGER, [1]), Column("x", Kind.NUMBER, [0.5]), Column("t", Kind.TEXT, ["é"])]
    schema = pq.read_schema(io.BytesIO(parquet(columns)))
    assert [str(each.type) for each in schema] == ["int64", "double", "string"]


def test_an_integer_that_is_too_large_is_an_error_and_not_another_integer() -> None:
    with pytest.raises(struct.error):
        parquet([Column("n", Kind.INTEGER, [2**63])])
