"""``engine.call`` on ten million rows against the Rust library, which ``cargo bench --bench call`` measures.

Run it in the root of the repository. It prints the milliseconds of the fastest of several calls, and the ratio.
"""

import subprocess
import time

import numpy as np
import pyarrow as pa
import wasmfusion

ROWS, CALLS = 10_000_000, 7


def degrees(step: int, limit: int) -> pa.Array:
    """The same numbers as ``benches/call.rs`` has."""
    return pa.array((np.arange(ROWS) * step % limit).astype(float))


engine = wasmfusion.Engine()
geo, text = "udf-fixtures/built/geo.wasm", "udf-fixtures/built/text.wasm"
engine.create_function("add", geo, parameters={"a": "BIGINT", "b": "BIGINT"}, returns="BIGINT")
engine.create_function("haversine", geo, parameters={name: "DOUBLE" for name in ("a", "b", "c", "d")}, returns="DOUBLE")
engine.create_function("shout", text)

numbers = pa.array(np.arange(ROWS))
arguments = {
    "add": [numbers, numbers],
    "haversine": [degrees(7, 90), degrees(11, 180), degrees(13, 90), degrees(17, 180)],
    "shout": [pa.array([f"row {row}" for row in range(ROWS)])],
}

measured: dict[str, float] = {}
for name, args in arguments.items():
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        engine.call(name, *args)
        times.append(time.perf_counter() - start)
    measured[name] = min(times) * 1000
del arguments, numbers, args

bench = ["cargo", "bench", "--quiet", "--bench", "call"]
done = subprocess.run(bench, capture_output=True, text=True, check=True)
rust = dict(line.split() for line in done.stdout.splitlines())
print("| function | Rust, ms | Python, ms | ratio |\n| --- | --- | --- | --- |")
for name, python in measured.items():
    print(f"| {name} | {float(rust[name]):.1f} | {python:.1f} | {python / float(rust[name]):.2f} |")
