"""Engines: creating functions and calling them on arrays."""

from __future__ import annotations

import datetime
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy
import polars
import pyarrow as pa
import pytest
import wasmfusion

from conftest import BUILT, FOREVER, PLUS, ROOT


def test_arrays_of_all_kinds_are_arguments(engine: wasmfusion.Engine) -> None:
    ones = pa.array([1, 2, None])
    for other in (pa.array([10, 20, 30]), pa.chunked_array([[10], [20, 30]]), [10, 20, 30], numpy.array([10, 20, 30]),
                  polars.Series([10, 20, 30])):
        assert engine.call("plus", ones, other).to_pylist() == [11, 22, None]
    assert engine.call("plus", ones.slice(1), 5).to_pylist() == [7, None]
    assert engine.call("plus", 2, pa.scalar(3, pa.int32())).to_pylist() == [5]
    assert engine.call("plus", 2, 3, rows=3).to_pylist() == [5, 5, 5]
    assert engine.call("shout", pa.array(["a", None, "ä"])).to_pylist() == ["A!", None, "ä!"]
    assert engine.call("words", ["to be", ""]).to_pylist() == [["to", "be"], []]
    assert engine.call("plus", pa.chunked_array([], pa.int64()), 1).to_pylist() == []


def test_arguments_that_do_not_fit_are_refused(engine: wasmfusion.Engine) -> None:
    with pytest.raises(ValueError, match="argument 1 has 1 rows, but argument 0 2"):
        engine.call("plus", [1, 2], [1])
    with pytest.raises(wasmfusion.WasmError, match="plus"):
        engine.call("plus", [1], ["one"])
    with pytest.raises(wasmfusion.WasmError, match="takes 2 arguments"):
        engine.call("plus", [1])
    with pytest.raises(wasmfusion.WasmError, match="[Oo]verflow|[Cc]ast|range"):
        engine.call("plus", [1], pa.array([2**64 - 1], pa.uint64()))
    with pytest.raises(KeyError, match="there is no function nope; there are: haversine, plus, shout, words"):
        engine.call("nope")


def test_what_a_function_is(engine: wasmfusion.Engine) -> None:
    function = engine.function("haversine")
    assert function.parameters == {"lat1": "Float64", "lon1": "Float64", "lat2": "Float64", "lon2": "Float64"}
    assert (function.return_type, function.abi, function.volatility) == ("Float64", "BASIC", "IMMUTABLE")
    assert not function.is_table and engine.function("words").is_table
    assert "CREATE" in function.statement and len(function.module_hash) == 64
    assert "haversine(lat1 Float64" in repr(function)
    assert list(engine.functions) == ["haversine", "plus", "shout", "words"]


def test_functions_are_created_by_parts_and_by_statements() -> None:
    engine = wasmfusion.Engine()
    made = engine.create_function(
        "Quotient",
        BUILT / "text.core.wasm",
        wit=ROOT / "udf-fixtures" / "rust" / "text" / "wit" / "text.wit",
        export="checked-div",
        grow_to=1 << 25,
        volatility="STABLE",
    )
    assert made is not None and (made.name, made.abi, made.volatility) == ("quotient", "CANONICAL", "STABLE")
    assert engine.call("QUOTIENT", 42, 5).to_pylist() == [8]
    kept = engine.create_function("quotient", PLUS, if_not_exists=True)
    assert kept is not None and kept.abi == "CANONICAL"
    with pytest.raises(wasmfusion.WasmError, match="exists already"):
        engine.create_function("quotient", PLUS)
    text = f"CREATE FUNCTION shout AS WASM FROM INFILE '{BUILT / 'text.wasm'}'"
    assert engine.create_function(text) is None
    assert engine.call("shout", "a").to_pylist() == ["A!"]
    engine.drop_function("shout")
    engine.drop_function("shout", if_exists=True)
    with pytest.raises(wasmfusion.WasmError, match="shout"):
        engine.drop_function("shout")
    odd = engine.create_function('odd "name"', PLUS, parameters={"a b": "BIGINT", "c": "BIGINT"}, returns="BIGINT",
                                 export="plus")
    assert odd is not None and odd.name == 'odd "name"' and list(odd.parameters) == ["a b", "c"]
    with pytest.raises(FileNotFoundError, match="there is no file"):
        engine.create_function("f", "nowhere.wasm")
    with pytest.raises(TypeError, match="without a module"):
        engine.create_function("f", returns="BIGINT")


def test_the_guest_fails_with_what_is_known(engine: wasmfusion.Engine) -> None:
    engine.create_function("checked_div", BUILT / "text.wasm")
    with pytest.raises(wasmfusion.GuestError, match="row 1") as caught:
        engine.call("checked_div", [1, 2], [1, 0])
    error = caught.value
    assert (error.function, error.row, len(error.arguments)) == ("checked_div", 1, 2)
    assert isinstance(error, wasmfusion.WasmError) and error.failure


def test_variables_are_those_of_sql() -> None:
    engine = wasmfusion.Engine(timeout_ms=50, create_from_url=True)
    rows = wasmfusion.SessionContext(engine).sql("SHOW wasm.timeout_ms").to_pylist()
    assert rows[0]["value"] == "50"
    engine.create_function("forever", FOREVER, parameters={"x": "BIGINT"}, returns="BIGINT")
    with pytest.raises(wasmfusion.GuestError, match="50 ms"):
        engine.call("forever", 1)
    with pytest.raises(wasmfusion.WasmError, match="no variable wasm.tempo"):
        wasmfusion.Engine(tempo=1)
    with pytest.raises(wasmfusion.WasmError, match="it takes"):
        wasmfusion.Engine(timeout_ms="soon")


def test_eight_threads_call_one_function(engine: wasmfusion.Engine) -> None:
    failures: list[object] = []

    def work(thread: int) -> None:
        array = pa.array(range(thread, thread + 50_000))
        try:
            for _ in range(20):
                result = engine.call("plus", array, thread)
                if result != pa.array(range(2 * thread, 2 * thread + 50_000)):
                    failures.append(thread)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_other_threads_run_during_a_call() -> None:
    engine = wasmfusion.Engine(timeout_ms=400)
    engine.create_function("forever", FOREVER, parameters={"x": "BIGINT"}, returns="BIGINT")
    turns = 0

    def turn() -> None:
        nonlocal turns
        while caller.is_alive():
            turns += 1
            time.sleep(0.01)

    def call() -> None:
        with pytest.raises(wasmfusion.GuestError):
            engine.call("forever", 1)

    caller = threading.Thread(target=call)
    caller.start()
    turn()
    assert turns > 5


def test_names_are_those_of_sql(engine: wasmfusion.Engine) -> None:
    session = wasmfusion.SessionContext(engine)
    session.sql(f"CREATE FUNCTION \"Words\" AS WASM FROM INFILE '{BUILT / 'tables.wasm'}' USING EXPORT 'words'")
    made = engine.create_function("SHOUTED", (BUILT / "text.wasm").read_bytes(), export="shout", abi="canonical")
    assert made is not None and made.name == "shouted" and "Words" in engine.functions
    engine.drop_function("Words")
    assert "Words" not in engine.functions and "words" in engine.functions
    engine.drop_function("Words")
    assert "words" not in engine.functions


def test_parts_that_are_no_words_are_refused(engine: wasmfusion.Engine) -> None:
    with pytest.raises(ValueError, match="abi is one of BASIC, CANONICAL, not 'C'"):
        engine.create_function("f", PLUS, abi="C")
    with pytest.raises(ValueError, match="volatility is one of"):
        engine.create_function("f", PLUS, volatility="STABLE AS")
    with pytest.raises(TypeError, match="without a module"):
        engine.create_function("CREATE FUNCTION f AS WASM FROM INFILE 'f.wasm'", or_replace=True)


def test_modules_come_as_any_bytes_and_from_any_path(tmp_path: Path) -> None:
    (tmp_path / "it's.wat").write_bytes(PLUS)
    for module in (bytearray(PLUS), memoryview(PLUS), tmp_path / "it's.wat", str(tmp_path / "it's.wat")):
        engine = wasmfusion.Engine()
        engine.create_function("plus", module, parameters={"a": "BIGINT", "b": "BIGINT"}, returns="BIGINT")
        assert engine.call("plus", 1, 2).to_pylist() == [3]


def test_a_compiler_that_takes_too_much_is_ended() -> None:
    # Loops in each other with variables that all of them could change: it would take minutes and gigabytes.
    size = 900
    steps = "".join(f"(local.set {i} (i64.add (local.get {i}) (local.get {1 + i * 7 % size})))" for i in range(1, size + 1))
    inside = "(loop " * size + steps + "(br_if 0 (i32.wrap_i64 (local.get 5))))" * size
    bomb = f'(module (func (export "f") (param i64) (result i64) (local {"i64 " * size}) {inside} (local.get 0)))'
    for variable, limit, why in (("compile_timeout_ms", 1000, "1000 ms"), ("max_compile_memory_mb", 300, "300 MiB of memory")):
        engine = wasmfusion.Engine(**{variable: limit})
        engine.create_function("f", bomb.encode(), parameters={"x": "BIGINT"}, returns="BIGINT")
        with pytest.raises(wasmfusion.WasmError, match=why):
            engine.call("f", [1])


def test_values_of_python_can_have_any_type_of_parameters() -> None:
    engine = wasmfusion.Engine()
    for name in ("id_u64", "swap", "id_inner"):
        engine.create_function(name, BUILT / "types.component.wasm")
    assert engine.call("id_u64", [2**63, None]).to_pylist() == [2**63, None]
    assert engine.call("id_u64", numpy.uint64(7)).to_pylist() == [7]
    with pytest.raises(wasmfusion.WasmError, match="argument .* is Utf8, but UInt64 is needed"):
        engine.call("id_u64", ["a"])
    with pytest.raises(wasmfusion.WasmError, match=r"function id_u64: argument 0 \(uint64\): "):
        engine.call("id_u64", ["a", 1])
    assert engine.call("swap", [(1, "a")]).to_pylist() == [{"c0": "a", "c1": 1}]
    inner = {"c": [1], "a": 1, "b": "x"}
    assert engine.call("id_inner", inner).to_pylist() == [inner]
    # Arrays have their own types; the fields of structs go by their names.
    assert engine.call("id_inner", pa.array([inner])).to_pylist() == [inner]
    engine.create_function("wait", b"(module (func (export \"wait\") (param i64) (result i64) (local.get 0)))",
                           parameters={"x": "INTERVAL"}, returns="INTERVAL",
                           wit=b"package p:p; world w { export wait: func(x: s64) -> s64; }")
    assert engine.call("wait", datetime.timedelta(days=1, seconds=4))[0].as_py()[1:] == (1, 4_000_000_000)


def test_values_of_other_types_are_cast_as_in_sql(engine: wasmfusion.Engine) -> None:
    assert engine.call("shout", [5, None]).to_pylist() == ["5!", None]
    assert engine.call("haversine", 1, 2, 1, 2).to_pylist() == [0.0]
    with pytest.raises(wasmfusion.WasmError, match="argument a is Float64, but Int64 is needed"):
        engine.call("plus", [1.5], 1)


def test_a_dictionary_is_what_its_values_are(engine: wasmfusion.Engine) -> None:
    words = pa.array(["a", "b", None, "a", "a", "b"]).dictionary_encode()
    assert engine.call("shout", words).to_pylist() == ["A!", "B!", None, "A!", "A!", "B!"]


def test_what_is_no_function_is_refused(engine: wasmfusion.Engine) -> None:
    for statement in ("SELECT 1", "DROP FUNCTION plus", "plus"):
        with pytest.raises(ValueError, match="neither a statement CREATE FUNCTION nor a module"):
            engine.create_function(statement)
    with pytest.raises(TypeError, match="types by names"):
        engine.create_function("f", PLUS, parameters=["BIGINT"])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'BIGINT'"):
        engine.create_function("f", PLUS, parameters={"a": pa.int64()})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="grow_to"):
        engine.create_function("f", PLUS, grow_to=-1)
    with pytest.raises(ValueError, match="a name"):
        engine.create_function("", PLUS)
    assert engine.create_function("plus", "no such file", if_not_exists=True).name == "plus"
    with pytest.raises(ValueError, match="data_dir"):
        wasmfusion.Engine("")
    with pytest.raises(TypeError, match="an Engine"):
        wasmfusion.SessionContext(5)  # type: ignore[arg-type]
    # A comment may stand before.
    engine.create_function(f"-- one\n/* two */ CREATE OR REPLACE FUNCTION shout AS WASM FROM INFILE '{BUILT / 'text.wasm'}'")


def test_calls_do_not_wait_for_queries_that_do_not_yield(engine: wasmfusion.Engine) -> None:
    endless = "SELECT count(*) FROM range(0, 3000000) a, range(0, 3000000) b WHERE a.value + b.value = -1"
    code = f"""
import threading, time, wasmfusion
engine = wasmfusion.Engine()
engine.create_function("plus", {PLUS!r}, parameters={{"a": "BIGINT", "b": "BIGINT"}}, returns="BIGINT")
busy = wasmfusion.SessionContext()
threading.Thread(target=lambda: busy.sql({endless!r}).to_arrow(), daemon=True).start()
time.sleep(2)
assert engine.call("plus", 1, 2).to_pylist() == [3]
assert wasmfusion.SessionContext(engine).sql("SELECT plus(1, 2) AS x").to_pylist() == [{{"x": 3}}]
import os
os._exit(7)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 7


def test_a_forked_process_ends(engine: wasmfusion.Engine) -> None:
    code = f"""
import os, sys, wasmfusion
engine = wasmfusion.Engine()
engine.create_function("plus", {PLUS!r}, parameters={{"a": "BIGINT", "b": "BIGINT"}}, returns="BIGINT")
engine.call("plus", 1, 2)
if os.fork() == 0:
    try:
        engine.call("plus", 1, 2)
    except RuntimeError as error:
        assert "spawn" in str(error)
    del engine
    sys.exit(0)
assert os.wait()[1] == 0
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
