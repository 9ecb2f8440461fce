"""Fetches single npm packages, pinned by their hash, with the npm of this machine: its registry, proxy and cache are the user's own.

Nothing of a package runs: it is downloaded, checked and unpacked.
"""
from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_TIMEOUT = 600  # seconds

logger = logging.getLogger("cdk_traced.packages")

_locks: dict[Path, threading.Lock] = {}


class PackageUnavailable(RuntimeError):
    """A package cannot be had, and why."""


def package_folder(name: str, version: str, integrity: str, wanted: Callable[[str], bool], what: str) -> Path:
    """The folder with those files of the package (`bin/node`) that `wanted` names; it is fetched once.

    `integrity` is npm's: `sha512-` and base64. `what` says to the user what is being fetched.
    """
    folder = _parent() / f"{name}-{version}"
    with _locks.setdefault(folder, threading.Lock()):
        if not folder.is_dir():
            _fetch(name, version, integrity, wanted, what, folder)
    return folder


def installed_folder(project: Path, what: str) -> Path:
    """The `node_modules` of what a package.json and its lock, which pins all hashes, name; it is installed once."""
    lock = (project / "package-lock.json").read_bytes()
    folder = _parent() / f"{project.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    with _locks.setdefault(folder, threading.Lock()):
        if not folder.is_dir():
            with unfinished_folder(folder, f"{project.name}", what) as unfinished:
                content = unfinished / "content"
                content.mkdir()
                for file in ("package.json", "package-lock.json"):
                    shutil.copy(project / file, content)
                run_npm(["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], content, project.name)
                _move(content, folder)
    return folder / "node_modules"


def _fetch(name: str, version: str, integrity: str, wanted: Callable[[str], bool], what: str, folder: Path) -> None:
    package = f"{name}@{version}"
    with unfinished_folder(folder, package, what) as unfinished:
        run_npm(["pack", package, "--ignore-scripts", "--prefer-offline", "--silent", "--pack-destination", str(unfinished)], unfinished, package)
        [archive] = unfinished.glob("*.tgz")
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != integrity:
            raise PackageUnavailable(f"npm gave another {package} than the one that is known here: its hash is {found}, not {integrity}")
        content = unfinished / "content"
        content.mkdir()
        _unpack(archive, content, wanted)
        _move(content, folder)


def _parent() -> Path:
    return Path(os.environ.get("CDK_TRACED_RUNTIMES") or Path(tempfile.gettempdir(), "lambda-runtimes"))


@contextlib.contextmanager
def unfinished_folder(folder: Path, package: str, what: str) -> Iterator[Path]:
    """A folder beside the one that is to be; what is not finished is never used."""
    started = time.monotonic()
    logger.info("fetching %s (once)...", what)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.unfinished-", dir=folder.parent))
    try:
        yield unfinished
        logger.info("fetched %s in %.1f seconds", what, time.monotonic() - started)
    except (OSError, subprocess.TimeoutExpired, tarfile.TarError) as error:
        raise PackageUnavailable(f"npm cannot fetch {package}: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def run_npm(arguments: list[str], folder: Path, package: str) -> None:
    """Runs the npm of this machine with the user's settings."""
    npm = shutil.which("npm")
    if not npm:
        raise PackageUnavailable("there is no npm on the PATH")
    done = subprocess.run([npm, *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL, cwd=folder,
                          env={**os.environ, **json.loads(os.environ.get("CDK_TRACED_NPM_SETTINGS") or "{}")})
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
        raise PackageUnavailable(f"npm cannot fetch {package}: {lines[-1]}")


def _move(content: Path, folder: Path) -> None:
    try:
        content.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise  # otherwise another cloud was quicker


def _unpack(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> None:
    with tarfile.open(archive) as content:
        for member in content:
            name = member.name.partition("/")[2]  # below `package/`
            if member.isfile() and wanted(name) and ".." not in name.split("/"):
                source = content.extractfile(member)
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if source:
                    with target.open("wb") as file:
                        shutil.copyfileobj(source, file)
                target.chmod(0o755 if member.mode & 0o100 else 0o644)
