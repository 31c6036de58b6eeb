"""Data folders, shared with the command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import wasmfusion

from conftest import BUILT, COMMAND, PLUS


def test_functions_outlive_the_engine(tmp_path: Path) -> None:
    wasmfusion.Engine(tmp_path / "db").create_function(
        "plus", PLUS, parameters={"a": "BIGINT", "b": "BIGINT"}, returns="BIGINT"
    )
    again = wasmfusion.Engine(data_dir=str(tmp_path / "db"))
    assert again.call("plus", 1, 2).to_pylist() == [3]
    assert (tmp_path / "db" / "plancache").is_dir()
    other = wasmfusion.Engine(tmp_path / "db")
    other.create_function("shout", BUILT / "text.wasm")
    assert again.call("shout", "a").to_pylist() == ["A!"]
    (tmp_path / "file").write_text("")
    with pytest.raises(wasmfusion.WasmError, match="file"):
        wasmfusion.Engine(tmp_path / "file")


@pytest.mark.skipif(COMMAND is None, reason="WASMFUSION_COMMAND does not say where the command is")
def test_the_command_and_python_see_each_other(tmp_path: Path) -> None:
    def run(statement: str) -> str:
        assert COMMAND is not None
        done = subprocess.run(
            [COMMAND, "--data-dir", str(tmp_path / "db"), "-c", statement], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    engine = wasmfusion.Engine(tmp_path / "db")
    engine.create_function("plus", PLUS, parameters={"a": "BIGINT", "b": "BIGINT"}, returns="BIGINT")
    assert "42" in run("SELECT plus(40, 2)")
    run(f"CREATE FUNCTION shout AS WASM FROM INFILE '{BUILT / 'text.wasm'}'")
    assert engine.call("shout", "a").to_pylist() == ["A!"]
    assert sorted(engine.functions) == ["plus", "shout"]
