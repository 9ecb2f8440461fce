"""Lambda's file system for a function's processes, where this system lets an ordinary user have it: /var/task, /var/runtime, /opt, /tmp.

Linux gives a process a mount namespace of its own within a user namespace; nothing of it is seen outside, and nothing needs privileges. The
programs of util-linux do it: `unshare` makes the namespaces, one `mount --all` makes all mounts. Where one of them, or the permission, is missing
(macOS, many containers), functions find their folders by the paths in LAMBDA_TASK_ROOT and LAMBDA_RUNTIME_DIR.
"""
from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .function_files import FunctionFiles

_MOUNT = 'mount --all --fstab "$1" && cd "$2" && shift 2 && exec "$@"'
_HIDDEN = ("/tmp", "/opt")
"""Folders of this machine that a function does not see, but for what it is run with."""

logger = logging.getLogger("cdk_traced.environments")


@functools.lru_cache(maxsize=None)
def is_available() -> bool:
    """Whether mount namespaces work here; CDK_TRACED_NAMESPACES=off is for those who do not want them."""
    if not sys.platform.startswith("linux") or os.environ.get("CDK_TRACED_NAMESPACES") == "off":
        return False
    if not all(map(shutil.which, ("unshare", "mount"))):
        return False
    with tempfile.TemporaryDirectory(prefix="namespace-") as folder:
        files = FunctionFiles(Path(folder, "files"))
        files.make_folders()
        temporary = Path(folder, "tmp")
        temporary.mkdir()
        table = write_table(Path(folder, "fstab"), files, None, temporary, [])
        tried = _run([*command(table), "/bin/sh", "-c", "test -d /var/task && test -w /tmp"])
        return tried.returncode == 0


def command(table: Path, folder: str = "/var/task") -> list[str]:
    """What to put in front of a program for it to run in the namespace that `table` describes."""
    inner = []
    if os.getuid() != 0:
        inner = _as_oneself()
    return ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", _MOUNT, "sh", str(table), folder, *inner]


@functools.lru_cache(maxsize=None)
def _as_oneself() -> list[str]:
    """Mounting takes the namespace's root; the function then runs under the user's own id again, where `unshare` can do that."""
    wanted = ["unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}", "--"]
    tried = _run(["unshare", "--user", "--map-root-user", "--", *wanted, "true"])
    return wanted if tried.returncode == 0 else []


def write_table(file: Path, files: FunctionFiles, runtime: Path | None, temporary: Path, needed: Iterable[Path]) -> Path:
    """Writes the mounts of one execution environment.

    `runtime` becomes /var/runtime, `temporary` /tmp. `needed` are folders of this machine, such as the interpreter's, that stay where they are.
    """
    mounts: list[tuple[Path | str, Path | str, str]] = []
    for entry in sorted(Path("/var").iterdir()):
        inside = files.var / entry.name
        if entry.is_symlink():
            # Two environments of a function may get here at once.
            with contextlib.suppress(FileExistsError):
                inside.symlink_to(os.readlink(entry))
        elif entry.is_dir() and entry.name not in ("task", "runtime", "lang", "node_modules"):
            inside.mkdir(exist_ok=True)
            mounts.append((entry, inside, "rbind"))
    mounts.append((files.task, files.task, ",".join(["bind", "ro", *_locked_options(files.task)])))
    if runtime:
        mounts.append((runtime, files.var / "runtime", "bind"))
    for folder in sorted(set(needed)):
        for hidden, inside in zip(_HIDDEN, (temporary, files.opt)):
            if folder.is_relative_to(hidden):
                place = inside / folder.relative_to(hidden)
                place.mkdir(parents=True, exist_ok=True)
                mounts.append((folder, place, "rbind"))
    mounts += [(files.var, "/var", "rbind"), (files.opt, "/opt", "rbind"), (temporary, "/tmp", "rbind")]
    file.write_text("".join(f"{_escaped(source)} {_escaped(target)} none {options} 0 0\n" for source, target, options in mounts), encoding="utf-8")
    return file


def _locked_options(folder: Path) -> list[str]:
    """What the folder's file system is mounted with: the namespace may add to it, and must name all of it when it does."""
    flags = os.statvfs(folder).f_flag
    known = {"nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC, "noatime": os.ST_NOATIME, "nodiratime": os.ST_NODIRATIME,
             "relatime": os.ST_RELATIME}
    return [name for name, flag in known.items() if flags & flag]


def _escaped(path: Path | str) -> str:
    text = str(path).replace("\\", "\\134")
    return text.replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")


def _run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(arguments, capture_output=True, check=False, timeout=20, stdin=subprocess.DEVNULL)
