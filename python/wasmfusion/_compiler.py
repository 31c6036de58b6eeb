"""The process that compiles modules.

Compiling can take gigabytes and cannot be interrupted. In a process of its own it can be ended, and its memory goes back to the
system.
"""

from __future__ import annotations

import os
import sys

from . import _wasmfusion

#: Loads the native part alone: the package would need pyarrow, which takes longer than most modules. Ctrl-C ends it at once.
_SCRIPT = """
import signal, sys
from importlib import machinery, util
signal.signal(signal.SIGINT, signal.SIG_DFL)
name, path = "wasmfusion._wasmfusion", sys.argv[1]
spec = util.spec_from_file_location(name, path, loader=machinery.ExtensionFileLoader(name, path))
native = util.module_from_spec(spec)
spec.loader.exec_module(native)
try:
    # The word before says that it is for the compiler.
    native.run_compiler(sys.argv[3:])
except native.WasmError as error:
    sys.exit(str(error))
"""


def command() -> list[str]:
    """The program and its first arguments; empty when this Python is part of another program and cannot be started."""
    if not sys.executable or not os.access(sys.executable, os.X_OK):
        return []
    return [sys.executable, "-I", "-S", "-c", _SCRIPT, _wasmfusion.__file__]
