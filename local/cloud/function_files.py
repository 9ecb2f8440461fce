"""The files of functions on disk: code and layers, unpacked once for all environments of the same version.

    <folder>/var/task          the function's code
    <folder>/var/runtime       what its runtime consists of
    <folder>/var/lang/bin      the interpreter
    <folder>/var/node_modules  packages of layers and runtime: `import` looks for them above the code only, as it knows no search path
    <folder>/opt               its layers, one over the other
"""
from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import threading
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

unpacking = threading.Lock()
"""No process may start while a file is being written: it would inherit the open file, and nobody could execute it."""


class BadArchive(RuntimeError):
    """A function's or a layer's archive cannot be unpacked."""

    error_type = "Runtime.InvalidEntrypoint"


@dataclass(frozen=True)
class FunctionFiles:
    folder: Path

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def task(self) -> Path:
        return self.folder / "var" / "task"

    @property
    def opt(self) -> Path:
        return self.folder / "opt"

    @property
    def answers_cloudformation(self) -> bool:
        """The code reads `ResponseURL`: it provides a custom resource."""
        return (self.folder / "answers-cloudformation").exists()

    def make_folders(self) -> None:
        for folder in (self.task, self.opt, self.var / "runtime", self.var / "lang" / "bin"):
            folder.mkdir(parents=True, exist_ok=True)

    def extensions(self) -> list[str]:
        """Names of the programs that run beside the runtime."""
        folder = self.opt / "extensions"
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return [file.name for file in found if file.is_file() and os.access(file, os.X_OK)]


class FunctionStore:
    """Unpacked functions. Those that no environment uses any more go when the function gets new code."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uses: Counter[Path] = Counter()

    def acquire(self, name: str, code: bytes, layers: list[bytes]) -> FunctionFiles:
        """The files of a function, unpacked by the first who asks; each use ends with `release`."""
        digest = hashlib.sha256(code)
        for layer in layers:
            digest.update(b"\0" + hashlib.sha256(layer).digest())
        files = FunctionFiles(self._folder / name / digest.hexdigest()[:16])
        with unpacking:
            if not files.folder.is_dir():
                for other in files.folder.parent.iterdir() if files.folder.parent.is_dir() else []:
                    if not self._uses[other]:
                        shutil.rmtree(other, ignore_errors=True)
                unfinished = FunctionFiles(files.folder.with_suffix(".unfinished"))
                unfinished.make_folders()
                answers = _unpack(code, unfinished.task, f"the code of {name}")
                for number, layer in enumerate(layers):
                    answers |= _unpack(layer, unfinished.opt, f"layer {number + 1} of {name}")
                if answers:
                    (unfinished.folder / "answers-cloudformation").touch()
                unfinished.folder.rename(files.folder)
            self._uses[files.folder] += 1
        return files

    def release(self, files: FunctionFiles) -> None:
        with unpacking:
            self._uses[files.folder] -= 1


def _unpack(data: bytes, folder: Path, what: str) -> bool:
    """Unpacks with the permissions and links of the archive, which `zipfile` itself leaves out; whether something in it reads `ResponseURL`."""
    found = False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                target = Path(os.path.normpath(folder / member.filename))
                if not target.is_relative_to(folder):
                    raise BadArchive(f"{what} has a file outside of its folder: {member.filename}")
                mode = member.external_attr >> 16
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.is_symlink() or target.exists():
                    target.unlink()  # a later layer's file takes the place of an earlier one's
                if stat.S_ISLNK(mode):
                    target.symlink_to(archive.read(member).decode())
                    continue
                content = archive.read(member)
                found = found or b"ResponseURL" in content
                target.write_bytes(content)
                target.chmod((stat.S_IMODE(mode) or 0o644) | 0o444)
    except (zipfile.BadZipFile, OSError) as error:
        raise BadArchive(f"{what} cannot be unpacked: {error}") from error
    return found


def link_node_modules(files: FunctionFiles, folders: list[tuple[Path, Path]]) -> None:
    """Fills `node_modules` above the code with links: from each folder of packages, and what the function sees it as; the first one first."""
    modules = files.var / "node_modules"
    if modules.is_dir():
        return
    unfinished = files.var / "node_modules.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    sources: dict[str, list[tuple[Path, Path]]] = {}
    for folder, seen_as in folders:
        for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
            if not entry.name.startswith("."):
                sources.setdefault(entry.name, []).append((entry, seen_as / entry.name))
    for name, found in sources.items():
        if not name.startswith("@") or len(found) == 1:
            (unfinished / name).symlink_to(found[0][1])
            continue
        (unfinished / name).mkdir()
        for scope, seen_as in found:
            for package in scope.iterdir():
                link = unfinished / name / package.name
                if not link.is_symlink():
                    link.symlink_to(seen_as / package.name)
    unfinished.rename(modules)
