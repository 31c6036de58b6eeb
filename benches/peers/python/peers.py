"""The same functions in what a data person would otherwise use, on the data of `wasmfusion-peers data` (standard input).

Prints lines of JSON as the Rust program does. Engines that are not installed are left out.
"""

from __future__ import annotations

import base64
import json
import math
import re
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Polars knows what would be faster; here it is measured.
warnings.filterwarnings("ignore", message="[^a-z]*Expr.map_elements")

SAMPLES, SAMPLE = 7, 0.02

INT, LONG, DOUBLE, TEXT, BOOL = pa.int32(), pa.int64(), pa.float64(), pa.string(), pa.bool_()
TYPES: dict[str, tuple[list[pa.DataType], pa.DataType]] = {
    "add": ([LONG, LONG], LONG),
    "haversine": ([DOUBLE] * 4, DOUBLE),
    "gcd": ([INT, INT], INT),
    "luhn": ([LONG], INT),
    "shout": ([TEXT], TEXT),
    "distance": ([TEXT, TEXT], INT),
    "is_match": ([TEXT], BOOL),
    "field": ([TEXT], TEXT),
    "split": ([TEXT], pa.list_(TEXT)),
}


def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    lat1, lon1, lat2, lon2 = map(math.radians, (lat1, lon1, lat2, lon2))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(min(h, 1.0)))


def luhn(number: int) -> int:
    total, double = 0, False
    while number:
        number, digit = divmod(number, 10)
        if double:
            digit = 2 * digit if digit < 5 else 2 * digit - 9
        total, double = total + digit, not double
    return int(total % 10 == 0)


def distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(diagonal + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


PATTERN = re.compile(r"[a-z0-9.]+@[a-z0-9]+\.(com|org|net)")


def field(document: str) -> str | None:
    name = json.loads(document).get("name")
    return name if isinstance(name, str) else None


#: One row each, as one writes it in Python.
ROWS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "haversine": haversine,
    "gcd": lambda a, b: math.gcd(a, b),
    "luhn": luhn,
    "shout": lambda text: text.upper() + "!",
    "distance": distance,
    "is_match": lambda text: PATTERN.search(text) is not None,
    "field": field,
    "split": lambda text: text.split(","),
}


def haversine_of_arrays(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    lat1, lon1, lat2, lon2 = (np.radians(np.asarray(column)) for column in (lat1, lon1, lat2, lon2))
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return pa.array(2 * 6371.0088 * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


#: Whole arrays at once, where NumPy or PyArrow has what it takes.
ARRAYS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: pc.add(a, b),
    "haversine": haversine_of_arrays,
    "gcd": lambda a, b: pa.array(np.gcd(np.asarray(a), np.asarray(b))),
    "shout": lambda text: pc.binary_join_element_wise(pc.ascii_upper(text), "!", ""),
    "is_match": lambda text: pc.match_substring_regex(text, PATTERN.pattern),
    "split": lambda text: pc.split_pattern(text, ","),
}


def array_of(array: Any) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def of_rows(name: str) -> Callable[..., pa.Array]:
    """A function of arrays that calls one of rows."""
    function, (types, returns) = ROWS[name], TYPES[name]
    if len(types) == 1:
        return lambda column: pa.array([function(value) for value in column.to_pylist()], returns)
    # Some engines count the parameters.
    return lambda a, b: pa.array([function(*row) for row in zip(a.to_pylist(), b.to_pylist())], returns)


def pandas_apply(name: str, table: pa.Table) -> Callable[[], Any]:
    import pandas  # noqa: F401

    frame, function = table.to_pandas(), ROWS[name]
    if table.num_columns == 1:
        return lambda: frame.iloc[:, 0].apply(function)
    return lambda: frame.apply(lambda row: function(*row), axis=1)


def polars_map_elements(name: str, table: pa.Table) -> Callable[[], Any]:
    import polars

    frame, function = polars.from_arrow(table), ROWS[name]
    types = {INT: polars.Int32, LONG: polars.Int64, DOUBLE: polars.Float64, TEXT: polars.String, BOOL: polars.Boolean}
    returns = types.get(TYPES[name][1], polars.List(polars.String))
    if table.num_columns == 1:
        expression = polars.col("c0").map_elements(function, return_dtype=returns)
    else:
        columns = polars.struct(polars.all())
        expression = columns.map_elements(lambda row: function(*row.values()), return_dtype=returns)
    return lambda: frame.select(result=expression)["result"]


def polars_map_batches(name: str, table: pa.Table) -> Callable[[], Any]:
    import polars

    functions: dict[str, Callable[..., Any]] = {
        "add": lambda columns: columns[0] + columns[1],
        "haversine": lambda columns: polars.Series(haversine_of_arrays(*columns)),
        "gcd": lambda columns: polars.Series(np.gcd(*(column.to_numpy() for column in columns))),
        "shout": lambda columns: columns[0].str.to_uppercase() + "!",
        "is_match": lambda columns: columns[0].str.contains(PATTERN.pattern),
        "split": lambda columns: columns[0].str.split(","),
    }
    frame, function = polars.from_arrow(table), functions[name]
    expression = polars.map_batches(table.column_names, function, return_dtype=function(frame.get_columns()).dtype)
    return lambda: frame.select(result=expression)["result"]


def pyarrow_compute(name: str, table: pa.Table) -> Callable[[], Any]:
    function, columns = ARRAYS[name], [array_of(column) for column in table.columns]
    return lambda: function(*columns)


def duckdb_udf(kind: str, table: pa.Table, name: str) -> Callable[[], Any]:
    import duckdb

    names = {INT: "INTEGER", LONG: "BIGINT", DOUBLE: "DOUBLE", TEXT: "VARCHAR", BOOL: "BOOLEAN"}
    types, returns = TYPES[name]
    connection = duckdb.connect()
    function = ROWS[name] if kind == "native" else ARRAYS.get(name, of_rows(name))
    result = names.get(returns, "VARCHAR[]")
    connection.create_function("f", function, [names[ty] for ty in types], result, type=kind)
    connection.register("t", table)
    # One thread, as everywhere.
    connection.execute("SET threads = 1")
    query = f"SELECT f({', '.join(table.column_names)}) AS result FROM t"
    return lambda: connection.sql(query).to_arrow_table()["result"]


def datafusion_udf(name: str, table: pa.Table) -> Callable[[], Any]:
    import datafusion

    types, returns = TYPES[name]
    config = datafusion.SessionConfig().with_target_partitions(1)
    ctx = datafusion.SessionContext(config)
    function = ARRAYS.get(name, of_rows(name))
    ctx.register_udf(datafusion.udf(lambda *args: array_of(function(*args)), types, returns, "immutable", "f"))
    ctx.register_record_batches("t", [table.to_batches()])
    frame = ctx.sql(f"SELECT f({', '.join(table.column_names)}) AS result FROM t")
    return lambda: frame.to_arrow_table()["result"]


#: What ClickHouse calls the types of functions of numbers; strings have no ABI there that a plain function has.
NUMBERS: dict[str, tuple[str, str]] = {
    "add": ("Int64, Int64", "Int64"),
    "haversine": ("Float64, Float64, Float64, Float64", "Float64"),
    "gcd": ("Int32, Int32", "Int32"),
    "luhn": ("Int64", "Int32"),
}


@cache
def chdb_connection() -> Any:
    """ClickHouse in this process, with the module that wasmtime alone runs, too."""
    import chdb

    connection = chdb.connect(":memory:?allow_experimental_webassembly_udf=1")
    module = base64.b64encode((Path(__file__).parents[1] / "built" / "ours.core.wasm").read_bytes()).decode()
    connection.query(f"INSERT INTO system.webassembly_modules (name, code) SELECT 'peers', base64Decode('{module}')")
    connection.query("SET max_threads = 1")
    # A module may not run for long by default.
    connection.query("SET webassembly_udf_max_fuel = 1000000000000")
    return connection


def chdb_wasm(name: str, table: pa.Table) -> Callable[[], Any]:
    arguments, returns = NUMBERS[name]
    connection = chdb_connection()
    connection.query(
        f"CREATE OR REPLACE FUNCTION wasm_{name} LANGUAGE WASM ABI ROW_DIRECT FROM 'peers' :: '{name}' "
        f"ARGUMENTS ({arguments}) RETURNS {returns}"
    )
    connection.query(f"CREATE TABLE {name} ENGINE = Memory AS SELECT * FROM Python(table)")
    query = f"SELECT wasm_{name}({', '.join(table.column_names)}) AS result FROM {name}"
    return lambda: connection.query(query, "ArrowTable")["result"]


ENGINES: dict[str, Callable[[str, pa.Table], Callable[[], Any]]] = {
    "PyArrow compute": pyarrow_compute,
    "Polars map_batches": polars_map_batches,
    "Polars map_elements": polars_map_elements,
    "pandas apply": pandas_apply,
    "DuckDB Python UDF, arrow": lambda name, table: duckdb_udf("arrow", table, name),
    "DuckDB Python UDF, native": lambda name, table: duckdb_udf("native", table, name),
    "DataFusion Python UDF": datafusion_udf,
    "chDB Wasm, per row": chdb_wasm,
}


def measure(call: Callable[[], Any]) -> float:
    """The fewest seconds that a call takes."""
    times = 1
    while (first := sample(call, times)) < SAMPLE:
        times *= 2
    return min(first, *(sample(call, times) for _ in range(SAMPLES - 1))) / times


def sample(call: Callable[[], Any], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - start


def check(found: Any, expected: list[str], name: str, engine: str) -> None:
    """Compares with what native Rust gave, which is text."""
    values = found.to_pylist() if hasattr(found, "to_pylist") else list(found)
    for value, text in zip(values, expected, strict=True):
        if TYPES[name][1] == DOUBLE:
            same = math.isclose(value, float(text), rel_tol=1e-9)
        elif TYPES[name][1] == pa.list_(TEXT):
            same = f"[{', '.join(value)}]" == text
        elif TYPES[name][1] == BOOL:
            same = str(bool(value)).lower() == text
        else:
            same = ("" if value is None else str(value)) == text
        assert same, f"{name} of {engine}: {value!r} instead of {text!r}"


def main() -> None:
    for name, case in json.load(sys.stdin).items():
        if name not in TYPES:
            continue
        columns = {f"c{index}": pa.array(values, ty) for index, (values, ty) in enumerate(zip(case["columns"], TYPES[name][0]))}
        table = pa.table(columns)
        for engine, prepare in ENGINES.items():
            try:
                call = prepare(name, table)
            except ImportError as error:
                print(f"{engine} is left out: {error}", file=sys.stderr)
                continue
            except KeyError:
                # It has no such function.
                continue
            check(call(), case["expected"], name, engine)
            nanoseconds = measure(call) / table.num_rows * 1e9
            line = {"engine": engine, "function": name, "rows": table.num_rows, "nulls": 0, "ns": nanoseconds}
            print(json.dumps(line), flush=True)


main()
