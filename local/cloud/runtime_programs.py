"""Which program runs a function: the interpreter that its runtime names, and the bootstrap that speaks for the runtime."""
from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_BOOTSTRAPS = Path(__file__).parent / "bootstrap"
_OLDEST_PYTHON = (3, 10)  # what the runtime's boto3 supports


def interpreter_for(runtime: str) -> str:
    """Path of the interpreter for a runtime such as `python3.13` or `nodejs22.x`."""
    if runtime.startswith("nodejs"):
        return os.environ.get("CDK_TRACED_NODE") or shutil.which("node") or "node"
    return _python(runtime)


def bootstrap_source(runtime: str) -> str:
    name = "node_bootstrap.cjs" if runtime.startswith("nodejs") else "python_bootstrap.py"
    return (_BOOTSTRAPS / name).read_text(encoding="utf-8")


@functools.lru_cache(maxsize=None)
def _python(runtime: str) -> str:
    """The Python of the version that the runtime names, if it is installed and works; otherwise the cloud's own."""
    own = getattr(sys, "_base_executable", None) or sys.executable
    match = re.fullmatch(r"python(\d+)\.(\d+)", runtime)
    wanted = (int(match.group(1)), int(match.group(2))) if match else sys.version_info[:2]
    if wanted == sys.version_info[:2] or wanted < _OLDEST_PYTHON:
        return own
    found = shutil.which(runtime)
    if found:
        # A version manager's shim may exist without the version, so it is tried, and its target is used from then on.
        tried = subprocess.run([found, "-S", "-c", "import sys; print(sys.executable)"], capture_output=True, text=True,
                               timeout=20, check=False, stdin=subprocess.DEVNULL)
        if tried.returncode == 0 and tried.stdout.strip():
            return os.path.join(os.path.dirname(tried.stdout.strip()), runtime)
    return own


def stand_in(runtime: str) -> str | None:
    """What runs a function in place of its own runtime, where that is not installed; for an explanation."""
    if not runtime.startswith("python") or Path(_python(runtime)).name == runtime or runtime == "python%d.%d" % sys.version_info[:2]:
        return None
    return "Python %d.%d" % sys.version_info[:2]
