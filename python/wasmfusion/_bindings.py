"""Which DataFusion bindings functions can be handed to.

Functions cross as C structures that say nothing of their version: with bindings of another DataFusion the process would
read what is not there.
"""

from __future__ import annotations

import warnings
from importlib import metadata

#: The DataFusion that this package was built with.
MAJOR = 55


def mismatch() -> str | None:
    """What is wrong with the installed bindings; ``None`` when they fit or there are none."""
    try:
        version = metadata.version("datafusion")
    except metadata.PackageNotFoundError:
        return None
    if version.split(".")[0] == str(MAJOR):
        return None
    return (
        f"datafusion {version} is installed, but this wasmfusion was built for datafusion {MAJOR}: "
        f"functions cannot be registered in its sessions. Run: pip install 'datafusion>={MAJOR},<{MAJOR + 1}'"
    )


def check_at_import() -> None:
    """Warns of bindings that do not fit; all else of the package works with them, too."""
    if (text := mismatch()) is not None:
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def check() -> None:
    """Raises for bindings that do not fit."""
    if (text := mismatch()) is not None:
        raise ImportError(text)
