"""What the documents show is run."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

#: The fewest blocks of Python that each has.
READMES = {"README.md": 1, "python/README.md": 6}
HAS_COMPONENTIZE = importlib.util.find_spec("componentize_py") is not None


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_runs(readme: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"(<!-- needs componentize-py -->\n)?```python\n(.*?)```(?:\n\n```\n(.*?)```)?", text, re.DOTALL)
    assert len(blocks) >= READMES[readme]
    names: dict[str, object] = {}
    for needs_componentize, block, printed in blocks:
        if not needs_componentize or HAS_COMPONENTIZE:
            exec(compile(block, readme, "exec"), names)
        assert capsys.readouterr().out == printed


def test_the_example_runs(tmp_path: Path) -> None:
    plot = tmp_path / "flights.svg"
    done = subprocess.run(
        [sys.executable, "python/examples/flights.py", str(plot)],
        cwd=ROOT,
        env={**os.environ, "MPLBACKEND": "svg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "routes; recorded and computed distances differ by" in done.stdout
    assert "<svg" in plot.read_text()


def test_the_package_has_types() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "-p", "wasmfusion"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_documentation_of_the_package_runs() -> None:
    import doctest

    import wasmfusion

    assert doctest.testmod(wasmfusion).failed == 0
