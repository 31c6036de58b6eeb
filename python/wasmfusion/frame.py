"""Results of statements."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._wasmfusion import Frame

if TYPE_CHECKING:
    import pandas
    import polars

#: How many rows a text shows, and how many characters of a line of a value.
_ROWS, _CHARACTERS = 20, 60


class DataFrame:
    """What a statement gives: a plan, which runs anew each time that it is read.

    It is read by its methods, or by anything that knows Arrow's C stream interface: ``pyarrow.table(frame)``,
    ``polars.DataFrame(frame)``, ``duckdb.sql("SELECT * FROM frame")``. Ctrl-C stops either, but there the error is that
    of who reads, and KeyboardInterrupt comes right after it. What is shown of it, is read once.
    """

    def __init__(self, native: Frame) -> None:
        self._native = native
        #: The first rows, once they were shown: notebooks ask for them twice.
        self._shown: pa.Table | None = None

    @property
    def schema(self) -> pa.Schema:
        """The names and types of the columns."""
        return pa.schema(self._native.schema)

    def to_arrow(self) -> pa.Table:
        """All rows as a table of pyarrow. Ctrl-C stops the query."""
        return pa.table(self._native.collect())

    def to_pandas(self) -> pandas.DataFrame:
        """All rows as a data frame of pandas."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """All rows as a data frame of polars."""
        import polars

        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_pylist(self) -> list[dict[str, Any]]:
        """All rows as dictionaries."""
        rows: list[dict[str, Any]] = self.to_arrow().to_pylist()
        return rows

    def to_pydict(self) -> dict[str, list[Any]]:
        """All columns as lists."""
        columns: dict[str, list[Any]] = self.to_arrow().to_pydict()
        return columns

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches, as the query yields them."""
        return (pa.record_batch(batch) for batch in self._native.stream())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._native.__arrow_c_stream__(requested_schema)

    def show(self, rows: int = _ROWS, *, width: int | None = None) -> None:
        """Prints the first rows.

        :param width: how many characters of a line of a value are shown; all of them by default.
        """
        if rows < 0 or (width is not None and width < 1):
            raise ValueError("show takes a number of rows and, as width, of characters")
        print(self._text(rows, width))

    def _head(self, rows: int, width: int | None) -> tuple[list[str], list[list[str]], bool]:
        """Names, cells and whether there are more rows."""
        if rows != _ROWS:
            table = pa.table(self._native.head(rows + 1))
        elif self._shown is None:
            table = self._shown = pa.table(self._native.head(rows + 1))
        else:
            table = self._shown
        columns = [[_cell(value, width) for value in column.slice(0, rows)] for column in table.columns]
        return table.column_names, [list(row) for row in zip(*columns)], table.num_rows > rows

    def _text(self, rows: int, width: int | None) -> str:
        names, cells, more = self._head(rows, width)
        if not names:
            return "(no columns)"
        # A value of several lines takes as many.
        lines_of = (zip_longest(*(cell.split("\n") for cell in row), fillvalue="") for row in cells)
        cells = [list(line) for lines in lines_of for line in lines]
        widths = [max(map(len, column)) for column in zip(names, *cells)]
        rule = "+".join(["", *("-" * (width + 2) for width in widths), ""])

        def line(values: list[str]) -> str:
            return "| " + " | ".join(value.ljust(width) for value, width in zip(values, widths)) + " |"

        lines = [rule, line(names), rule, *map(line, cells), rule]
        if more:
            lines.append(f"the first {rows} rows")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self._text(_ROWS, _CHARACTERS)

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        names, cells, more = self._head(_ROWS, _CHARACTERS)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join("<tr>" + "".join(f"<td>{_html(cell)}</td>" for cell in row) + "</tr>" for row in cells)
        note = f"<p>the first {_ROWS} rows</p>" if more else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _html(cell: str) -> str:
    return html.escape(cell).replace("\n", "<br>")


def _cell(value: pa.Scalar, width: int | None) -> str:
    """A value as text, of which each line has at most so many characters."""
    try:
        text = str(value.as_py()) if value.is_valid else ""
    except (OverflowError, ValueError):
        # Python has no such date, or no nanoseconds.
        text = str(value.cast(pa.string()).as_py())
    return "\n".join(_line(line, width) for line in text.split("\n"))


def _line(line: str, width: int | None) -> str:
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


__all__ = ["DataFrame"]
