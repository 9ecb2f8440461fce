"""Fetches single npm packages, pinned by their hash, with the npm of this machine: its registry, proxy and cache are the user's own.

Nothing of a package runs: it is downloaded, checked and unpacked.
"""
from __future__ import annotations

import base64
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
from collections.abc import Callable
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
    parent = Path(os.environ.get("CDK_TRACED_RUNTIMES") or Path(tempfile.gettempdir(), "lambda-runtimes"))
    folder = parent / f"{name}-{version}"
    with _locks.setdefault(folder, threading.Lock()):
        if not folder.is_dir():
            _fetch(name, version, integrity, wanted, what, folder)
    return folder


def _fetch(name: str, version: str, integrity: str, wanted: Callable[[str], bool], what: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        raise PackageUnavailable("there is no npm on the PATH")
    started = time.monotonic()
    logger.info("fetching %s (once)...", what)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.unfinished-", dir=folder.parent))
    try:
        done = subprocess.run(
            [npm, "pack", f"{name}@{version}", "--ignore-scripts", "--prefer-offline", "--silent", "--pack-destination", str(unfinished)],
            capture_output=True, text=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL, cwd=unfinished,
            env={**os.environ, **json.loads(os.environ.get("CDK_TRACED_NPM_SETTINGS") or "{}")})
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
            raise PackageUnavailable(f"npm cannot fetch {name}@{version}: {lines[0]}")
        [archive] = unfinished.glob("*.tgz")
        data = archive.read_bytes()
        found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        if found != integrity:
            raise PackageUnavailable(f"npm gave another {name}@{version} than the one that is known here: its hash is {found}, not {integrity}")
        content = unfinished / "content"
        content.mkdir()
        _unpack(archive, content, wanted)
        try:
            content.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise  # otherwise another cloud was quicker
        logger.info("fetched %s: %.0f MB in %.1f seconds", what, len(data) / 1e6, time.monotonic() - started)
    except (OSError, subprocess.TimeoutExpired, tarfile.TarError) as error:
        raise PackageUnavailable(f"npm cannot fetch {name}@{version}: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


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
