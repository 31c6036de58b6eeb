"""Engines and their functions."""

from __future__ import annotations

import base64
import operator
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from . import _bindings, _compiler
from ._wasmfusion import Engine as NativeEngine
from ._wasmfusion import Function as NativeFunction
from ._wasmfusion import Session as NativeSession
from ._wasmfusion import WasmError

if TYPE_CHECKING:
    import datafusion

Path = str | os.PathLike[str]
#: A module or WIT: its bytes or text, or the path of a file.
Source = bytes | bytearray | memoryview | Path


class Function:
    """A function of an engine.

    It can be handed to the ``datafusion`` package: ``ctx.register_udf(datafusion.udf(function))``, and a table function
    ``ctx.register_udtf(datafusion.udtf(function, function.name))``.
    """

    def __init__(self, native: NativeFunction) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """The name in SQL."""
        return self._native.name

    @property
    def parameters(self) -> dict[str, str]:
        """The types of the parameters by their names, as DataFusion writes them."""
        return dict(self._native.parameters)

    @property
    def return_type(self) -> str:
        """The type of the result; of a table function a list."""
        return self._native.return_type

    @property
    def is_table(self) -> bool:
        """Whether it is a table function."""
        return self._native.is_table

    @property
    def statement(self) -> str:
        """The CREATE FUNCTION statement that made it, without secrets."""
        return self._native.statement

    @property
    def export(self) -> str:
        """The export of the module that is called."""
        return self._native.export

    @property
    def abi(self) -> str:
        """``BASIC`` or ``CANONICAL``."""
        return self._native.abi

    @property
    def volatility(self) -> str:
        """``IMMUTABLE``, ``STABLE`` or ``VOLATILE``."""
        return self._native.volatility

    @property
    def module_hash(self) -> str:
        """The SHA-256 of the module, and of the WIT that was given with it, in hexadecimal digits."""
        return self._native.module_hash

    def call(self, *args: Any, rows: int | None = None) -> pa.Array:
        """Calls the function on whole arrays.

        :param args: arrays of pyarrow, or of anything else with ``__arrow_c_array__`` or ``__arrow_c_stream__``; arrays
            of NumPy; sequences, which pyarrow makes arrays of; and single values, which stand for all rows.
        :param rows: how many rows the result has, when no argument is an array; 1 by default.
        :raises ValueError: when arrays have different lengths.
        :raises WasmError: when an argument has another type; a :class:`GuestError` when the guest fails.

        Other threads of Python run meanwhile, and Ctrl-C stops the guest.
        """
        arrays, constants = [], []
        types = pa.schema(self._native.types)
        for index, arg in enumerate(args):
            # Of too many arguments there will be an error.
            type_ = types.field(index).type if index < len(types) else None
            try:
                array, is_constant = _array(arg, type_)
            except _NO_ARRAY as error:
                raise WasmError(f"function {self.name}: argument {index} ({type_}): {error}") from error
            arrays.append(array)
            constants.append(is_constant)
        return pa.array(self._native.call(arrays, constants, rows))

    def __datafusion_scalar_udf__(self) -> Any:
        _bindings.check()
        return self._native.__datafusion_scalar_udf__()

    def __datafusion_table_function__(self, session: Any) -> Any:
        _bindings.check()
        return self._native.__datafusion_table_function__(session)

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name} {type_}" for name, type_ in self.parameters.items())
        kind = " table function" if self.is_table else ""
        return f"<wasmfusion{kind} {self.name}({parameters}) -> {self.return_type}>"


class Engine:
    """What sessions share: functions, compiled code and sandboxes.

    :param data_dir: the folder in which functions outlive the process; in memory only by default.
    :param plancache: the folder in which compiled code outlives the process; ``data_dir/plancache`` by default, if there
        is a ``data_dir``.
    :param progress: whether what takes longer than half a second is shown on standard error, if that is a terminal.
    :param variables: variables as ``SET wasm.…`` knows them, for instance ``timeout_ms=1000``.
    :raises WasmError: when a folder cannot be used, or a variable does not take a value.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        plancache: Path | None = None,
        progress: bool = True,
        **variables: bool | int | str,
    ) -> None:
        for what, folder in ("data_dir", data_dir), ("plancache", plancache):
            if folder is not None and not os.fspath(folder):
                raise ValueError(f"Engine: {what} is the name of a folder, not an empty text")
        words = [(name, str(value).lower()) for name, value in variables.items()]
        self._native = NativeEngine(data_dir, plancache, words, progress, _compiler.command())
        self._session = NativeSession(self._native)

    @overload
    def create_function(self, name: str) -> None: ...
    @overload
    def create_function(
        self,
        name: str,
        module: Source,
        *,
        parameters: Mapping[str, str] | None = None,
        returns: str | None = None,
        wit: Source | None = None,
        export: str | None = None,
        abi: str | None = None,
        grow_to: int | None = None,
        volatility: str | None = None,
        or_replace: bool = False,
        if_not_exists: bool = False,
    ) -> Function: ...

    def create_function(
        self,
        name: str,
        module: Source | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        returns: str | None = None,
        wit: Source | None = None,
        export: str | None = None,
        abi: str | None = None,
        grow_to: int | None = None,
        volatility: str | None = None,
        or_replace: bool = False,
        if_not_exists: bool = False,
    ) -> Function | None:
        """Creates a function.

        Either by a statement, ``engine.create_function("CREATE FUNCTION …")``, or by its parts:

        :param name: the name in SQL, as it shall be written there; or the whole statement.
        :param module: the bytes of a module, or the path of its file; binary or WebAssembly text.
        :param parameters: SQL types by names; those of WIT by default.
        :param returns: the SQL type of the result, or ``TABLE`` or ``TABLE (column type, …)``.
        :param wit: the WIT of a core module, as bytes, or the path of its file.
        :param export: the export to call, when it is not named like the function.
        :param abi: ``BASIC`` or ``CANONICAL``.
        :param grow_to: the most bytes that the linear memory of a sandbox may have.
        :param volatility: ``IMMUTABLE`` (the default), ``STABLE`` or ``VOLATILE``.
        :returns: the function; ``None`` when a statement was given.
        :raises WasmError: when the module, its types or the statement are wrong.
        """
        if module is None:
            if or_replace or if_not_exists or any(
                part is not None for part in (parameters, returns, wit, export, abi, grow_to, volatility)
            ):
                raise TypeError("create_function: the parts of a function are given without a module")
            if not _CREATE.match(name):
                raise ValueError(f"create_function: neither a statement CREATE FUNCTION nor a module for it: {name!r}")
            self._session.sql(name)
            return None
        folded = _folded(name)
        if not folded:
            raise ValueError("create_function: a function needs a name")
        if if_not_exists and (known := self.functions.get(folded)) is not None:
            return known
        words = ["CREATE"]
        if or_replace:
            words.append("OR REPLACE")
        words.append("FUNCTION")
        if if_not_exists:
            words.append("IF NOT EXISTS")
        words.append(_identifier(folded))
        if parameters is not None:
            if not isinstance(parameters, Mapping):
                raise TypeError("create_function: parameters are SQL types by names: {'x': 'BIGINT'}")
            listed = (f"{_identifier(_folded(param))} {_type(type_)}" for param, type_ in parameters.items())
            words.append(f"({', '.join(listed)})")
        if returns is not None:
            words.append(f"RETURNS {_type(returns)}")
        if volatility is not None:
            words.append(_word(volatility, "volatility", ("IMMUTABLE", "STABLE", "VOLATILE")))
        words.append("AS WASM")
        if abi is not None:
            words.append(f"ABI {_word(abi, 'abi', ('BASIC', 'CANONICAL'))}")
        if grow_to is not None:
            if operator.index(grow_to) <= 0:
                raise ValueError(f"create_function: grow_to is a number of bytes, not {grow_to}")
            words.append(f"GROW TO {grow_to}")
        words.append(f"FROM {_source(module)}")
        if wit is not None:
            words.append(f"WITH WIT FROM {_source(wit)}")
        if export is not None:
            words.append(f"USING EXPORT {_text(export)}")
        self._session.sql(" ".join(words))
        return self.function(folded)

    def drop_function(self, name: str, *, if_exists: bool = False) -> None:
        """Drops a function.

        :raises WasmError: when there is none of that name, unless ``if_exists``.
        """
        known = name if name in self.functions else _folded(name)
        self._session.sql(f"DROP FUNCTION {'IF EXISTS ' if if_exists else ''}{_identifier(known)}")

    def function(self, name: str) -> Function:
        """The function of a name.

        :raises KeyError: when there is none.
        """
        found = self._native.function(name)
        if found is None:
            known = ", ".join(sorted(function.name for function in self._native.functions())) or "none"
            raise KeyError(f"there is no function {name}; there are: {known}")
        return Function(found)

    @property
    def functions(self) -> dict[str, Function]:
        """All functions by their names."""
        return {function.name: Function(function) for function in self._native.functions()}

    def call(self, name: str, *args: Any, rows: int | None = None) -> pa.Array:
        """Calls a function on whole arrays, as :meth:`Function.call` does."""
        return self.function(name).call(*args, rows=rows)

    def register(self, ctx: datafusion.SessionContext, *names: str) -> None:
        """Registers functions in a session of the ``datafusion`` package: those that are named, or all.

        Functions that are created later are not known there until they are registered, too; those that are replaced or
        dropped stay as they were. A table function is registered both as a table function, which takes constants there,
        and as a scalar function that gives a list, for ``unnest``.

        :raises ImportError: when the installed ``datafusion`` does not fit.
        """
        _bindings.check()
        import datafusion

        # Its types know functions of Python only.
        udtf: Any = datafusion.udtf
        functions = [self.function(name) for name in names] if names else list(self.functions.values())
        for function in functions:
            ctx.register_udf(datafusion.udf(function))
            if function.is_table:
                ctx.register_udtf(udtf(function, function.name))

    def __repr__(self) -> str:
        return f"<wasmfusion engine with {len(self._native.functions())} functions>"


#: What pyarrow raises for values of which it makes no array.
_NO_ARRAY = (pa.ArrowException, OverflowError, TypeError, ValueError)


def _array(value: Any, type_: pa.DataType | None) -> tuple[Any, bool]:
    """An argument of a call as an array, and whether it is one value for all rows."""
    if hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__"):
        return value, False
    if isinstance(value, pa.Scalar):
        return pa.repeat(value, 1), True
    if hasattr(value, "__array__"):
        if getattr(value, "ndim", 0) > 0:
            return pa.array(value), False
        if hasattr(value, "item"):
            # A scalar of NumPy.
            return _typed([value.item()], type_), True
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return _typed(value, type_), False
    return _typed([value], type_), True


def _typed(values: Sequence[Any], type_: pa.DataType | None) -> pa.Array:
    """Values of Python as an array of their own type, which SQL casts if it can; and of the parameter's type, which may cut
    off what it does not have, only if they have none."""
    try:
        array = pa.array(values)
    except _NO_ARRAY:
        return pa.array(values, type_)
    if type_ is not None and pa.types.is_interval(type_) and pa.types.is_duration(array.type):
        return pa.array(values, type_)
    return array


def as_array(value: Any) -> pa.Array:
    """A single value as an array of one."""
    return pa.repeat(value, 1) if isinstance(value, pa.Scalar) else pa.array([value])


#: How a statement of create_function begins, after comments.
_CREATE = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s", re.IGNORECASE | re.DOTALL)


def _type(type_: str) -> str:
    """A SQL type."""
    if not isinstance(type_, str):
        raise TypeError(f"create_function: a type is that of SQL as text, such as 'BIGINT', not {type_!r}")
    return type_


def _is_plain(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and not name[:1].isdigit()


def _folded(name: str) -> str:
    """A name as SQL knows it that is written without quotes, if it can be."""
    return name.lower() if _is_plain(name) else name


def _identifier(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def _word(value: str, what: str, words: Sequence[str]) -> str:
    if value.upper() not in words:
        raise ValueError(f"create_function: {what} is one of {', '.join(words)}, not {value!r}")
    return value.upper()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _source(source: Source) -> str:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"BASE64 '{base64.b64encode(source).decode()}'"
    path = os.fspath(source)
    if not isinstance(path, str):
        raise TypeError("a path of bytes cannot be written in SQL; give the bytes of the file")
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {path!r}; text is given as bytes: text.encode()")
    return f"LOCAL INFILE {_text(path)}"


__all__ = ["Engine", "Function", "WasmError"]
