"""Sessions with every statement."""

from __future__ import annotations

import os
from typing import Any

import pyarrow as pa

from ._wasmfusion import Session as NativeSession
from .engine import Engine, Path
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
        #: The engine.
        self.engine = Engine(**options) if engine is None else engine
        self._native = NativeSession(self.engine._native)

    def sql(self, statement: str) -> DataFrame:
        """Plans one statement. A query runs when its result is read, each time; a statement that defines, changes or
        writes something is carried out at once. Ctrl-C stops all statements of the session.

        :raises WasmError: when the statement is wrong.
        """
        return DataFrame(self._native.sql(statement))

    def table(self, name: str) -> DataFrame:
        """The rows of a table."""
        return DataFrame(self._native.table(name))

    def register_table(self, name: str, data: Any) -> None:
        """Makes a table of anything that gives Arrow data: a table or a batch of pyarrow, data frames of polars, DuckDB
        or pandas, a result of this or another session, a reader. A table of that name is replaced.

        The rows are read once and kept in memory, without a copy where Arrow allows it.
        """
        if not (hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")):
            # Older versions of pandas.
            data = pa.Table.from_pandas(data) if hasattr(data, "iloc") else pa.table(data)
        self._native.register_batches(name, data)

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


__all__ = ["SessionContext"]
