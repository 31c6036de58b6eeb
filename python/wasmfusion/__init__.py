"""WebAssembly functions inside Apache DataFusion SQL.

>>> import wasmfusion
>>> ctx = wasmfusion.SessionContext()
>>> _ = ctx.engine.create_function(
...     "twice", b'(module (func (export "twice") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2))))',
...     parameters={"x": "BIGINT"}, returns="BIGINT")
>>> ctx.sql("SELECT twice(21) AS answer").to_pylist()
[{'answer': 42}]

An :class:`Engine` holds functions. They are called from SQL in a :class:`SessionContext` of this package, which has
every statement; from SQL in a session of the ``datafusion`` package, with :meth:`Engine.register`; and directly on
arrays, with :meth:`Engine.call`.
"""

from importlib import metadata

from ._bindings import check_at_import
from ._wasmfusion import GuestError, WasmError
from .compile import compile_python
from .engine import Engine, Function
from .frame import DataFrame
from .session import SessionContext

check_at_import()

#: The version of the package.
__version__ = metadata.version("wasmfusion")

__all__ = [
    "DataFrame",
    "Engine",
    "Function",
    "GuestError",
    "SessionContext",
    "WasmError",
    "compile_python",
]
