"""Functions that are written in Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path


#: The name of the module: not that of anybody's world.
_APP = "wasmfusion_app"


def compile_python(source: str | bytes, wit: str | bytes | os.PathLike[str], *, world: str | None = None) -> bytes:
    """Compiles Python to a component, with `componentize-py`_, which has to be installed.

    :param source: the text of a Python module with a class for each exported interface, or a class ``WitWorld`` with
        the functions that the world exports itself. It can use the standard library.
    :param wit: the text of a WIT package with the world, or the path of its file.
    :param world: the name of the world, when the package has several.
    :returns: the component, for :meth:`Engine.create_function`. It has all of Python in it, 18 MB or more.
    :raises ModuleNotFoundError: when componentize-py is not installed.
    :raises SyntaxError: when the source is no Python.
    :raises ValueError: when it refuses the source or the WIT; the message is its own.

    .. _componentize-py: https://github.com/bytecodealliance/componentize-py
    """
    source, wit = _text(source), _text(Path(wit).read_bytes() if isinstance(wit, os.PathLike) else wit)
    # componentize-py would take seconds to say so.
    compile(source, "<source>", "exec")
    command = _command()
    with tempfile.TemporaryDirectory(prefix="wasmfusion-") as folder:
        path = Path(folder)
        (path / f"{_APP}.py").write_text(source, encoding="utf-8")
        (path / "world.wit").write_text(wit, encoding="utf-8")
        selected = ["--world", world] if world is not None else []
        arguments = ["--wit-path", "world.wit", *selected, "componentize", _APP, "--stub-wasi", "-o", "app.wasm"]
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, "RUST_BACKTRACE": "0"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode != 0:
            # What its own Python was doing is of no interest.
            said = done.stderr.rsplit("\nAssertionError: ")[-1].split("\nStack backtrace:")[0] or done.stdout
            if "Available worlds" in said:
                said += "\nSay which with world=."
            raise ValueError(f"componentize-py: {said.strip()}")
        return (path / "app.wasm").read_bytes()


def _text(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else text


def _command() -> list[str]:
    """The command, of this environment if it is there."""
    beside = Path(sysconfig.get_path("scripts"), "componentize-py")
    found = str(beside) if beside.exists() else shutil.which("componentize-py")
    if found is None:
        raise ModuleNotFoundError(
            "compile_python needs componentize-py, which is not installed. Run: "
            f"{os.path.basename(sys.executable)} -m pip install componentize-py"
        )
    return [found]


__all__ = ["compile_python"]
