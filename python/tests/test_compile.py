"""Functions that are written in Python."""

from __future__ import annotations

import importlib.util

import pytest
import wasmfusion
from wasmfusion import compile as compiling

WIT = """
package demo:words;

world words {
  export title: func(text: string) -> string;
  export average: func(values: list<f64>) -> f64;
}
"""

SOURCE = """
import wit_world

class WitWorld(wit_world.WitWorld):
    def title(self, text: str) -> str:
        return text.title()

    def average(self, values: list[float]) -> float:
        return sum(values) / len(values)
"""


@pytest.mark.skipif(importlib.util.find_spec("componentize_py") is None, reason="componentize-py is not installed")
def test_python_is_compiled() -> None:
    component = wasmfusion.compile_python(SOURCE, WIT)
    engine = wasmfusion.Engine()
    engine.create_function("title", component)
    engine.create_function("average", component)
    assert engine.call("title", ["to be", None]).to_pylist() == ["To Be", None]
    assert engine.call("average", [[1.0, 2.0]]).to_pylist() == [1.5]
    with pytest.raises(wasmfusion.GuestError):
        engine.call("average", [[]])
    with pytest.raises(ValueError, match="componentize-py:"):
        wasmfusion.compile_python("import nowhere", WIT)


def test_it_is_said_when_the_tool_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.sysconfig, "get_path", lambda _: "/nowhere")
    monkeypatch.setattr(compiling.shutil, "which", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="pip install componentize-py"):
        wasmfusion.compile_python(SOURCE, WIT)


def test_a_mistake_in_the_source_is_told_at_once() -> None:
    with pytest.raises(SyntaxError):
        wasmfusion.compile_python("def f(:", "package p:p; world w { export f: func(); }")
