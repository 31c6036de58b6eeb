"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import wasmfusion

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "udf-fixtures" / "built"
DATA = ROOT / "sql" / "data"
#: The command that was built beside, when there is one.
COMMAND = os.environ.get("WASMFUSION_COMMAND")

PLUS = b'(module (func (export "plus") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1))))'
FOREVER = b'(module (func (export "forever") (param i64) (result i64) (loop (br 0)) (unreachable)))'


@pytest.fixture
def engine() -> wasmfusion.Engine:
    """An engine with some functions of the fixtures."""
    engine = wasmfusion.Engine()
    engine.create_function("plus", PLUS, parameters={"a": "BIGINT", "b": "BIGINT"}, returns="BIGINT")
    engine.create_function("shout", BUILT / "text.wasm")
    engine.create_function("words", BUILT / "tables.wasm", returns="TABLE (word VARCHAR)")
    engine.create_function(
        "haversine",
        BUILT / "geo.wasm",
        parameters={name: "DOUBLE" for name in ("lat1", "lon1", "lat2", "lon2")},
        returns="DOUBLE",
    )
    return engine


@pytest.fixture
def ctx(engine: wasmfusion.Engine) -> wasmfusion.SessionContext:
    """A session of that engine."""
    return wasmfusion.SessionContext(engine)
