"""Functions in sessions of the official bindings."""

from __future__ import annotations

from importlib import metadata

import datafusion
import pyarrow as pa
import pytest
import wasmfusion

from conftest import BUILT, DATA


def test_all_functions_are_registered(engine: wasmfusion.Engine) -> None:
    ctx = datafusion.SessionContext()
    engine.register(ctx)
    assert ctx.sql("SELECT plus(40, 2) AS x, shout('a') AS y").to_pylist() == [{"x": 42, "y": "A!"}]
    assert ctx.sql("SELECT * FROM words('to be')").to_pylist() == [{"word": "to"}, {"word": "be"}]
    ctx.register_parquet("airports", str(DATA / "airports.parquet"))
    ours = wasmfusion.SessionContext(engine)
    ours.register_parquet("airports", DATA / "airports.parquet")
    query = "SELECT faa, haversine(lat, lon, 40.64, -73.78) AS km, shout(name) AS name FROM airports ORDER BY km, faa LIMIT 50"
    assert ctx.sql(query).to_pylist() == ours.sql(query).to_pylist()
    rows = ctx.sql("SELECT unnest(words(s)) AS word FROM (VALUES ('a b'), ('c')) AS t(s)").to_pylist()
    assert sorted(row["word"] for row in rows) == ["a", "b", "c"]


def test_functions_are_registered_one_by_one(engine: wasmfusion.Engine) -> None:
    ctx = datafusion.SessionContext()
    engine.register(ctx, "plus")
    ctx.register_udf(datafusion.udf(engine.function("shout")))
    ctx.register_udtf(datafusion.udtf(engine.function("words"), "pieces"))
    assert ctx.sql("SELECT plus(1, 2) AS x, shout('a') AS y, word FROM pieces('b')").to_pylist() == [
        {"x": 3, "y": "A!", "word": "b"}
    ]
    with pytest.raises(Exception, match="haversine"):
        ctx.sql("SELECT haversine(1, 2, 3, 4)").collect()
    with pytest.raises(wasmfusion.WasmError, match="not a table function"):
        ctx.register_udtf(datafusion.udtf(engine.function("plus"), "plus"))


def test_functions_are_expressions_of_data_frames(engine: wasmfusion.Engine) -> None:
    ctx = datafusion.SessionContext()
    plus = datafusion.udf(engine.function("plus"))
    frame = ctx.from_arrow(pa.table({"n": [1, 2, None]}))
    result = frame.select(plus(datafusion.col("n"), datafusion.lit(1)).alias("m"))
    assert result.to_pydict() == {"m": [2, 3, None]}


def test_errors_tell_of_the_row(engine: wasmfusion.Engine) -> None:
    engine.create_function("checked_div", BUILT / "text.wasm")
    ctx = datafusion.SessionContext()
    engine.register(ctx)
    with pytest.raises(Exception, match="checked_div failed at row 3"):
        ctx.sql("SELECT checked_div(1, value - 4) FROM generate_series(1, 10)").collect()


def test_a_result_is_a_table_there_and_back(ctx: wasmfusion.SessionContext) -> None:
    theirs = datafusion.SessionContext()
    frame = theirs.from_arrow(ctx.sql("SELECT plus(value, 1) AS n FROM generate_series(1, 10)"))
    ctx.register_table("t", frame)
    assert ctx.sql("SELECT sum(n) AS n FROM t").to_pylist() == [{"n": 65}]


def test_other_versions_of_the_bindings_are_refused(
    engine: wasmfusion.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "54.0.0")
    from wasmfusion import _bindings

    with pytest.warns(RuntimeWarning, match="datafusion 54.0.0 is installed, but this wasmfusion was built for"):
        _bindings.check_at_import()
    with pytest.raises(ImportError, match="pip install 'datafusion>=55,<56'"):
        engine.register(datafusion.SessionContext())
    with pytest.raises(ImportError, match="54"):
        datafusion.udf(engine.function("plus"))
    assert engine.call("plus", 1, 2).to_pylist() == [3]
