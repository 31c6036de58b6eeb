"""Tables and a plot of what the peers' programs measured: report.py MEASURED PERFORMANCE.md PLOT.svg"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
RUST = ["native Rust", "wasmfusion", "arrow-udf", "wasmtime, core, per row", "wasmtime, component, per row"]

measured: dict[tuple[str, str, int, int], float] = {}
queries: list[list[str]] = []
for line in Path(sys.argv[1]).read_text().splitlines():
    one = json.loads(line)
    if "query" in one:
        wasm, built_in = one["wasm_ms"], one["built_in_ms"]
        queries.append([one["query"], f"{wasm:.1f}", f"{built_in:.1f}", f"{wasm / built_in:.2f}"])
    else:
        measured[one["engine"], one["function"], one["rows"], one["nulls"]] = one["ns"]
functions = list(dict.fromkeys(function for _, function, _, _ in measured))
engines = list(dict.fromkeys(engine for engine, _, _, _ in measured))


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def cell(engine: str, function: str, rows: int, nulls: int, *, over: str | None = "wasmfusion") -> str:
    """Nanoseconds per row, and how many times those of another engine that is."""
    if (value := measured.get((engine, function, rows, nulls))) is None:
        return "–"
    other = measured.get((over or "", function, rows, nulls))
    return number(value) if other is None or over == engine else f"{number(value)} ({number(value / other)}×)"


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), platform.processor())
    names = ("chdb", "datafusion", "duckdb", "numpy", "pandas", "polars", "pyarrow")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}; Python {platform.python_version()} with {versions}"


def plot(path: str) -> None:
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True)
    for panel, function in zip(panels, ("add", "haversine", "shout")):
        for index, engine in enumerate(RUST):
            points = sorted((rows, ns) for (e, f, rows, nulls), ns in measured.items() if (e, f, nulls) == (engine, function, 0))
            if points:
                panel.plot(*zip(*points), marker="o", markersize=3, color=f"C{index}", label=engine)
        panel.set(title=function, xscale="log", yscale="log", xlabel="rows of a batch")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("ns per row")
    # The first function is one that all of them have.
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncols=len(RUST), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, metadata={"Date": None})


sizes = sorted({rows for _, _, rows, nulls in measured if nulls == 0})
shares = sorted({nulls for _, _, rows, nulls in measured if rows == 8192})
python = [engine for engine in engines if engine not in RUST]
text = "\n\n".join(
    [
        BEGIN,
        f"`benches/peers/run`: {machine()}. One thread each; ns per row of batches of 8,192 rows without nulls, and in brackets how many times wasmfusion's.",
        table(["function", *RUST], [[f, *(cell(e, f, 8192, 0) for e in RUST)] for f in functions]),
        "What one would otherwise use from Python, in the same run:",
        table(["function", *python], [[f, *(cell(e, f, 8192, 0) for e in python)] for f in functions if any((e, f, 8192, 0) in measured for e in python)]),
        "Shares of nulls, ns per row: native Rust / wasmfusion / arrow-udf.",
        table(["function", *(f"{n} %" for n in shares)], [[f, *(" / ".join(cell(e, f, 8192, n, over=None) for e in RUST[:3]) for n in shares)] for f in functions]),
        "Rows of a batch, ns per row: wasmfusion / arrow-udf.",
        table(["function", *(f"{n:,}" for n in sizes)], [[f, *(" / ".join(cell(e, f, n, 0, over=None) for e in RUST[1:3]) for n in sizes)] for f in functions]),
        "Whole queries on all cores, ms: TPC-H at scale factor 1 with its decimals as doubles, and the distances of all flights.",
        table(["query", "Wasm functions", "built-in expressions", "ratio"], queries),
        END,
    ]
)
document = Path(sys.argv[2])
old = document.read_text()
begin, end = old.index(BEGIN), old.index(END) + len(END)
document.write_text(old[:begin] + text + old[end:])
plot(sys.argv[3])
