"""Ctrl-C, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

BEGIN = """
import sys, time, wasmfusion
engine = wasmfusion.Engine(timeout_ms=30000)
for name, volatility in (("forever", "VOLATILE"), ("always", "IMMUTABLE")):
    engine.create_function(name, b'(module (func (export "forever") (param i64) (result i64) (loop (br 0)) (unreachable)))',
                           parameters={"x": "BIGINT"}, returns="BIGINT", volatility=volatility, export="forever")
ctx = wasmfusion.SessionContext(engine)
query = "SELECT forever(value) AS x FROM generate_series(1, 100000)"

def through(read):
    # Errors of others, after which KeyboardInterrupt comes.
    try:
        read()
    except Exception:
        for _ in range(10):
            pass

print("ready", flush=True)
try:
    WORK
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(ctx.sql("SELECT 1 AS x").to_pylist(), flush=True)
"""


@pytest.mark.parametrize(
    "work",
    [
        "engine.call('forever', range(100))",
        "ctx.sql(query).to_arrow()",
        "list(ctx.sql(query))",
        "ctx.sql('SELECT always(1)').to_arrow()",
        "print(ctx.sql(query))",
        "import pyarrow; through(lambda: pyarrow.table(ctx.sql(query)))",
        "through(lambda: ctx.register_table('t', ctx.sql(query)))",
        "import datafusion; theirs = datafusion.SessionContext(); engine.register(theirs); theirs.sql(query).collect()",
    ],
)
def test_ctrl_c_ends_what_is_under_way(work: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN.replace("WORK", work)],
        # The bindings look at signals only when one of their workers is outside of guests.
        env={**os.environ, "TOKIO_WORKER_THREADS": "8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    began = time.monotonic()
    lines = [process.stdout.readline(), process.stdout.readline()]
    took = time.monotonic() - began
    process.kill()
    _, errors = process.communicate()
    assert lines == ["interrupted\n", "[{'x': 1}]\n"], errors
    # The time limit of the guest is 30 s.
    assert took < 10
