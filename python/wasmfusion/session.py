"""Sessions with every statement."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ._wasmfusion import Session as NativeSession
from .engine import Engine, Path, as_array
from .frame import DataFrame


class SessionContext:
    """A DataFusion session that understands ``CREATE FUNCTION … AS WASM``, lateral table functions, ``SET wasm.…``,
    extensions, ``BACKUP`` and ``RESTORE``, and everything that DataFusion does.

    :param engine: the engine whose functions it has; one of its own by default.
    :param options: the options of :class:`Engine`, when none is given: ``data_dir``, ``plancache`` and variables.
    """

    def __init__(self, engine: Engine | None = None, **options: Any) -> None:
        if engine is not None and options:
            raise TypeError("options are those of an engine of its own; an engine is given")
        if engine is not None and not isinstance(engine, Engine):
            raise TypeError(f"a session is of an Engine, not of a {type(engine).__name__}")
        #: The engine.
        self.engine = Engine(**options) if engine is None else engine
        self._native = NativeSession(self.engine._native)

    def sql(self, statement: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> DataFrame:
        """Plans one statement. A query runs when its result is read, each time; a statement that defines, changes or
        writes something is carried out at once. Ctrl-C stops all statements of the session: guests at once, and what
        DataFusion does itself where it yields, which some of its joins do rarely.

        :param params: the values of the parameters ``$1``, ``$2`` … in order, or by their names ``$name``: values of
            Python, or scalars of pyarrow.
        :raises WasmError: when the statement is wrong.
        """
        if params is None:
            return DataFrame(self._native.sql(statement))
        if isinstance(params, (str, bytes)) or not isinstance(params, (Mapping, Sequence)):
            raise TypeError("params are values in a sequence, or by their names")
        names, values = (list(params), params.values()) if isinstance(params, Mapping) else (None, params)
        return DataFrame(self._native.sql(statement, [as_array(value) for value in values], names))

    def table(self, name: str) -> DataFrame:
        """The rows of a table."""
        return DataFrame(self._native.table(name))

    def register_table(self, name: str, data: Any) -> None:
        """Makes a table of anything that gives Arrow data: a table or a batch of pyarrow, data frames of polars, DuckDB
        or pandas, a result of this or another session, a reader; or of batches of pyarrow, dictionaries of columns, or a
        list of dictionaries. A table of that name is replaced.

        The rows are read once and kept in memory, without a copy where Arrow allows it.

        :raises TypeError: when it is no table.
        """
        try:
            self._native.register_batches(name, _table(data))
        except (TypeError, ValueError, pa.ArrowException) as error:
            kind = f"{type(data).__module__}.{type(data).__qualname__}"
            raise TypeError(f"register_table: no table can be made of a {kind}: {error}") from error

    def register_parquet(self, name: str, path: Path) -> None:
        """Makes a table of a Parquet file, or of a folder of files ``*.parquet``. A table of that name is replaced."""
        self._native.register_parquet(name, os.fspath(path))

    def register_csv(self, name: str, path: Path, *, has_header: bool = True) -> None:
        """Makes a table of a CSV file, or of a folder of files ``*.csv``. A table of that name is replaced."""
        self._native.register_csv(name, os.fspath(path), has_header)

    def register_json(self, name: str, path: Path) -> None:
        """Makes a table of a file with a JSON object in each line, or of a folder of files ``*.json``. A table of that
        name is replaced."""
        self._native.register_json(name, os.fspath(path))

    def deregister_table(self, name: str) -> None:
        """Forgets a table.

        :raises KeyError: when there is none of that name.
        """
        if not self._native.deregister_table(name):
            raise KeyError(f"there is no table {name}")

    def pack_extension(self, folder: Path, output: Path | None = None) -> tuple[str, str]:
        """Packs the extension in a folder as an archive for CREATE EXTENSION.

        :returns: the name of the extension, and where the archive is.
        """
        name, path = self._native.pack_extension(folder, output)
        return name, os.fspath(path)

    def __repr__(self) -> str:
        return f"<wasmfusion session of {self.engine!r}>"


def _table(data: Any) -> Any:
    """Something with a stream or a batch of Arrow."""
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return data
    if isinstance(data, (str, bytes, os.PathLike)):
        raise TypeError("a file is registered with register_parquet, register_csv or register_json")
    if hasattr(data, "iloc"):
        # Older versions of pandas.
        return pa.Table.from_pandas(data)
    if hasattr(data, "collect") and hasattr(data, "lazy"):
        # Polars, not computed yet.
        return data.collect()
    if isinstance(data, Iterable) and not isinstance(data, Mapping):
        rows = list(data)
        if rows and all(isinstance(row, pa.RecordBatch) for row in rows):
            return pa.Table.from_batches(rows)
        if rows and all(isinstance(row, Mapping) for row in rows):
            return pa.Table.from_pylist(rows)
        raise TypeError("it has neither batches of pyarrow nor dictionaries")
    return pa.table(data)


__all__ = ["SessionContext"]
