"""What takes long is shown on a terminal, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conftest import COMMAND

pty = pytest.importorskip("pty")

#: Some seconds of a guest that counts.
WAT = (
    '(module (func (export "spend") (param i64) (result i64) (local i64)'
    " (loop (local.set 1 (i64.add (i64.rotl (local.get 1) (i64.const 5)) (local.get 0)))"
    " (br_if 0 (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0)))) (local.get 1)))"
)
QUERY = "SELECT count(spend(1000000 + value % 2)) AS n FROM (SELECT * FROM generate_series(1, 2000))"

SCRIPT = f"""
import wasmfusion
ctx = wasmfusion.SessionContext(progress=PROGRESS, parallelism=1)
ctx.engine.create_function("spend", {WAT.encode()!r}, parameters={{"n": "BIGINT"}}, returns="BIGINT")
print(ctx.sql("{QUERY}").to_pylist())
"""


def run(arguments: list[str], *, terminal: bool) -> tuple[str, str]:
    """What a program writes to standard output, and to standard error, which may be a terminal."""
    if not terminal:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                shown.extend(os.read(ours, 1 << 16))
            except OSError:
                # Nobody has the other end any more.
                return

    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    output, _ = process.communicate(timeout=100)
    reader.join()
    os.close(ours)
    assert process.returncode == 0, shown
    return output, shown.decode()


@pytest.mark.parametrize("progress", ["True", "False"])
def test_python_shows_progress_on_a_terminal(progress: str) -> None:
    program = [sys.executable, "-c", SCRIPT.replace("PROGRESS", progress)]
    assert run(program, terminal=False) == ("[{'n': 2000}]\n", "")
    output, shown = run(program, terminal=True)
    assert output == "[{'n': 2000}]\n"
    if progress == "True":
        check(shown)
    else:
        assert shown == ""


@pytest.mark.skipif(COMMAND is None, reason="WASMFUSION_COMMAND does not say where the command is")
def test_the_command_shows_progress_on_a_terminal(tmp_path: Path) -> None:
    assert COMMAND is not None
    path = tmp_path / "spend.wat"
    path.write_text(WAT)
    create = f"CREATE FUNCTION spend(n BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{path}'"
    program = [COMMAND, "--no-plancache", "--set", "wasm.parallelism=1", "--format", "csv", "-c", create, "-c", QUERY]
    output, errors = run(program, terminal=False)
    assert output == "n\n2000\n" and "row(s) fetched" in errors and "rows" not in errors
    output, shown = run(program, terminal=True)
    assert output == "n\n2000\n"
    check(shown)
    output, shown = run([*program, "--quiet"], terminal=True)
    assert (output, shown) == ("n\n2000\n", "")


def check(shown: str) -> None:
    """Rows were shown, and in the end nothing is left of it."""
    assert re.search(r"\d+% of 2,000 rows, \d+ s|[\d,]+ rows? read, \d+ s|working, \d+ s", shown), repr(shown)
    last = shown.rsplit("\x1b[2K", 1)
    assert len(last) == 2 and not re.search(r"rows,|read,|working", last[1]), repr(shown[-200:])
