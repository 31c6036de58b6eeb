"""Sessions of our own: the whole SQL surface, tables in, results out."""

from __future__ import annotations

import pandas
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest
import wasmfusion
from pathlib import Path

from conftest import BUILT, DATA


def test_statements_of_all_kinds(ctx: wasmfusion.SessionContext, tmp_path: Path) -> None:
    assert ctx.sql("SELECT plus(40, 2) AS x, shout('a') AS y").to_pylist() == [{"x": 42, "y": "A!"}]
    rows = ctx.sql("SELECT t.n, w.word FROM (VALUES (1, 'a b'), (2, 'c')) AS t(n, text), words(text) AS w ORDER BY 1, 2")
    assert rows.to_pydict() == {"n": [1, 1, 2], "word": ["a", "b", "c"]}
    ctx.sql("SET wasm.timeout_ms = 1234")
    assert ctx.sql("SHOW wasm.timeout_ms").to_pylist()[0]["value"] == "1234"
    ctx.sql(f"BACKUP DATABASE TO '{tmp_path / 'functions.tar.gz'}'")
    ctx.sql("DROP FUNCTION shout")
    with pytest.raises(wasmfusion.WasmError, match="shout"):
        ctx.sql("SELECT shout('a')")
    ctx.sql(f"RESTORE OR REPLACE DATABASE FROM '{tmp_path / 'functions.tar.gz'}'")
    assert ctx.sql("SELECT shout('a') AS x").to_pylist() == [{"x": "A!"}]


def test_tables_come_from_anything_with_arrow_data(ctx: wasmfusion.SessionContext, tmp_path: Path) -> None:
    columns = {"n": [1, 2, 3], "s": ["a", None, "c"]}
    table = pa.table(columns)
    for data in (table, table.to_batches()[0], polars.DataFrame(columns), pandas.DataFrame(columns), columns,
                 pa.RecordBatchReader.from_batches(table.schema, table.to_batches(1)), ctx.sql("SELECT 1 AS n, 'a' AS s")):
        ctx.register_table("t", data)
        assert ctx.sql("SELECT plus(n, 1) AS m, shout(s) AS s FROM t ORDER BY n LIMIT 1").to_pylist() == [
            {"m": 2, "s": "A!"}
        ]
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    ctx.register_parquet("p", tmp_path / "t.parquet")
    table.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    ctx.register_csv("c", tmp_path / "t.csv")
    (tmp_path / "t.json").write_text('{"n": 1}\n{"n": 2}\n')
    ctx.register_json("j", tmp_path / "t.json")
    for name, total in (("p", 6), ("c", 6), ("j", 3)):
        assert ctx.sql(f"SELECT sum(n) AS n FROM {name}").to_pylist() == [{"n": total}]
    assert ctx.table("p").to_arrow().num_rows == 3
    ctx.deregister_table("p")
    with pytest.raises(KeyError, match="there is no table p"):
        ctx.deregister_table("p")
    with pytest.raises(wasmfusion.WasmError):
        ctx.register_parquet("q", tmp_path / "nowhere.parquet")


def test_results_go_to_anything_that_takes_arrow_data(ctx: wasmfusion.SessionContext) -> None:
    frame = ctx.sql("SELECT value AS n, shout('x' || value) AS s FROM generate_series(1, 20000)")
    assert frame.schema.names == ["n", "s"]
    arrow = frame.to_arrow()
    assert arrow.num_rows == 20_000 and arrow.schema.field("n").type == pa.int64()
    assert pa.table(frame).num_rows == 20_000
    assert polars.DataFrame(frame).shape == (20_000, 2)
    assert frame.to_polars()["n"].sum() == frame.to_pandas()["n"].sum() == 200_010_000
    batches = list(frame)
    assert len(batches) > 1 and sum(batch.num_rows for batch in batches) == 20_000
    assert isinstance(batches[0], pa.RecordBatch)


def test_results_are_readable(ctx: wasmfusion.SessionContext, capsys: pytest.CaptureFixture[str]) -> None:
    few = ctx.sql("SELECT 1 AS n, '<b>\n' || repeat('x', 100) AS s UNION ALL SELECT 22, NULL ORDER BY n")
    lines = repr(few).splitlines()
    assert len({len(line) for line in lines}) == 1 and lines[1].startswith("| n  | s")
    assert "<td>&lt;b&gt;<br>x" in few._repr_html_() and "…" in few._repr_html_()
    many = ctx.sql("SELECT value FROM generate_series(1, 100)")
    many.show(3)
    assert capsys.readouterr().out.endswith("the first 3 rows\n")
    assert "the first 20 rows" in many._repr_html_()


def test_errors_while_a_result_is_read(ctx: wasmfusion.SessionContext) -> None:
    ctx.engine.create_function("checked_div", BUILT / "text.wasm")
    frame = ctx.sql("SELECT checked_div(1, value - 5000) AS x FROM generate_series(1, 20000)")
    with pytest.raises(wasmfusion.GuestError, match="checked_div"):
        frame.to_arrow()
    with pytest.raises(wasmfusion.GuestError):
        list(frame)
    with pytest.raises(Exception, match="checked_div"):
        pa.table(frame)


def test_a_result_need_not_be_read_to_its_end(ctx: wasmfusion.SessionContext) -> None:
    batches = iter(ctx.sql("SELECT plus(value, 1) AS x FROM generate_series(1, 100000000)"))
    assert next(batches).num_rows > 0
    del batches
    assert ctx.sql("SELECT plus(1, 1) AS x").to_pylist() == [{"x": 2}]


def test_sessions_share_an_engine(engine: wasmfusion.Engine) -> None:
    one, other = wasmfusion.SessionContext(engine), wasmfusion.SessionContext(engine)
    one.sql(f"CREATE FUNCTION checked_div AS WASM FROM INFILE '{BUILT / 'text.wasm'}'")
    assert other.sql("SELECT checked_div(6, 3) AS x").to_pylist() == [{"x": 2}]
    with pytest.raises(TypeError):
        wasmfusion.SessionContext(engine, timeout_ms=1)


def test_the_flights_are_there(ctx: wasmfusion.SessionContext) -> None:
    ctx.register_parquet("airports", DATA / "airports.parquet")
    near = ctx.sql("SELECT count(*) AS n FROM airports WHERE haversine(lat, lon, 40.64, -73.78) < 50").to_pylist()
    assert near[0]["n"] > 3


def test_what_writes_is_carried_out_at_once(ctx: wasmfusion.SessionContext, tmp_path: Path) -> None:
    ctx.sql("CREATE TABLE t AS VALUES (1), (2)")
    inserted = ctx.sql("INSERT INTO t VALUES (3)")
    assert inserted.to_pylist() == [{"count": 1}]
    assert repr(inserted) == repr(inserted) and "1" in inserted._repr_html_()
    assert ctx.sql("SELECT sum(column1) AS n FROM t").to_pylist() == [{"n": 6}]
    ctx.sql(f"COPY t TO '{tmp_path}/it''s.parquet'")
    ctx.register_parquet("p", tmp_path / "it's.parquet")
    assert ctx.table("p").to_arrow().num_rows == 3


def test_plans_are_shown(ctx: wasmfusion.SessionContext) -> None:
    plan = ctx.sql("EXPLAIN SELECT plus(value, 1) FROM generate_series(1, 10)")
    assert "logical_plan" in repr(plan) and "logical_plan" in plan._repr_html_()
    assert "plus" in plan.to_pylist()[0]["plan"]


def test_a_stream_is_read_past_its_end(ctx: wasmfusion.SessionContext) -> None:
    reader = pa.RecordBatchReader.from_stream(ctx.sql("SELECT plus(value, 1) AS n FROM generate_series(1, 10)"))
    assert (reader.read_all().num_rows, reader.read_all().num_rows) == (10, 0)
    batches = iter(ctx.sql("SELECT 1 AS n"))
    assert next(batches).num_rows == 1
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(batches)


def test_errors_can_have_any_text(ctx: wasmfusion.SessionContext) -> None:
    ctx.register_table("t", pa.table({"s": ["a\0b"]}))
    frame = ctx.sql("SELECT CAST(s AS BIGINT) AS n FROM t")
    with pytest.raises(pa.ArrowInvalid, match="Cannot cast"):
        pa.table(frame)
    with pytest.raises(wasmfusion.WasmError, match="Cannot cast"):
        frame.to_arrow()


def test_values_that_python_does_not_have_are_shown(ctx: wasmfusion.SessionContext) -> None:
    ctx.register_table("t", pa.table({"d": pa.array([4_000_000], pa.date32()), "t": pa.array([1], pa.timestamp("ns"))}))
    assert "12921" in repr(ctx.sql("SELECT * FROM t"))


def test_statements_have_parameters(ctx: wasmfusion.SessionContext) -> None:
    assert ctx.sql("SELECT plus($1, $2) AS x, $3 AS y", [1, pa.scalar(2, pa.int32()), "a'b"]).to_pylist() == [
        {"x": 3, "y": "a'b"}
    ]
    assert ctx.sql("SELECT shout($word) AS x", {"word": "hi"}).to_pylist() == [{"x": "HI!"}]
    ctx.sql("CREATE TABLE numbers (n BIGINT)")
    ctx.sql("INSERT INTO numbers VALUES ($1), ($2)", (1, None))
    assert ctx.sql("SELECT n FROM numbers ORDER BY n").to_pydict() == {"n": [1, None]}
    with pytest.raises(wasmfusion.WasmError, match="[Pp]laceholder|param"):
        ctx.sql("SELECT $1 + $2 AS x", [1]).to_pylist()
    with pytest.raises(TypeError, match="sequence"):
        ctx.sql("SELECT $1", "a")


def test_tables_come_from_python_too(ctx: wasmfusion.SessionContext) -> None:
    batch = pa.record_batch({"a": [1, 2]})
    for data in ({"a": [1, 2]}, [batch], (batch for _ in range(1)), [{"a": 1}, {"a": 2}], polars.LazyFrame({"a": [1, 2]})):
        ctx.register_table("t", data)
        assert ctx.sql("SELECT sum(a) AS s FROM t").to_pylist() == [{"s": 3}]
    for wrong, kind in (
        (pa.array([1]), "Array"),
        (polars.Series([1]), "polars.*Series"),
        (5, "int"),
        ([1, 2], "list"),
        ("sql/data/airports.parquet", "register_parquet"),
    ):
        with pytest.raises(TypeError, match=kind):
            ctx.register_table("t", wrong)


def test_long_values_are_shown_whole(ctx: wasmfusion.SessionContext, capsys: pytest.CaptureFixture[str]) -> None:
    frame = ctx.sql("SELECT 'one\ntwo' AS a, repeat('x', 99) AS b")
    assert repr(frame).splitlines()[3:5] == [f"| one | {'x' * 59}… |", f"| two | {' ' * 60} |"]
    assert "one<br>two" in frame._repr_html_()
    frame.show()
    assert "x" * 99 in capsys.readouterr().out
    frame.show(width=9)
    assert "x" * 9 not in capsys.readouterr().out
    with pytest.raises(ValueError, match="rows"):
        frame.show(-1)
