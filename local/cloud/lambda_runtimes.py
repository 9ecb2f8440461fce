"""What runs a function: AWS's runtime interface client, on the version of its language that the function declares."""
from __future__ import annotations

import functools
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import java_runtime
from .function_files import FunctionFiles, link_node_modules
from .npm_packages import PackageUnavailable, installed_folder, package_folder

_HERE = Path(__file__).parent
_NODE_VERSIONS = _HERE / "nodejs" / "versions.json"
# The client of Lambda's Node.js 22 and earlier takes handlers with a callback; the one of Node.js 24 refuses them.
_NODE_CLIENTS = {
    22: ("3.3.0", "sha512-9p06TbKVK4a050NY/vYOxhMHvnIiUu5o1W0//q6yNLSqA/c91pn4BOj3C3sRTpplkUNsGJdU5qWyU2STo6L8hA==", "dist/index.mjs"),
    24: ("4.0.2", "sha512-FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==", "index.mjs"),
}
_LAST_SDK_V2 = 16  # the newest Node.js whose runtime contains the AWS SDK for JavaScript v2, and no v3
_OLDEST_PYTHON = (3, 10)  # what the runtime's boto3 supports

logger = logging.getLogger("cdk_traced.runtimes")


class RuntimeUnavailable(RuntimeError):
    """Why no function of this runtime can run here."""

    error_type = "Runtime.InvalidEntrypoint"


@dataclass(frozen=True)
class LambdaRuntime:
    """How a function's runtime is started. Paths are those of this machine."""

    folder: Path | None
    """What becomes /var/runtime."""
    programs: dict[str, str]
    """Names in /var/lang/bin, and the programs that they stand for."""
    command: Callable[[FunctionView], list[str]]
    variables: Callable[[FunctionView], dict[str, str]]
    needed: list[Path] = field(default_factory=list)
    """Folders that the runtime needs besides, such as the interpreter's."""
    prepare: Callable[[FunctionFiles, bool], None] = lambda files, namespace: None
    """Adds what this runtime wants to have beside a function's files; the second argument is whether the function gets a mount namespace."""
    frames_messages: bool = False
    """Its client writes framed messages where _LAMBDA_TELEMETRY_LOG_FD says."""
    writes_to_socket: bool = False
    """Its client takes a connection to the Runtime API in _LAMBDA_RUNTIME_API_FD."""


@dataclass(frozen=True)
class FunctionView:
    """The folders as the function sees them, and its settings."""

    task: str
    runtime: str
    lang: str
    opt: str
    config: dict[str, Any]
    answers_cloudformation: bool = False

    @property
    def memory(self) -> int:
        return int(self.config.get("MemorySize") or 128)

    def variable(self, name: str) -> str:
        return str(((self.config.get("Environment") or {}).get("Variables") or {}).get(name, ""))


def runtime_of(config: dict[str, Any]) -> LambdaRuntime:
    """The runtime that a function names; RuntimeUnavailable, or JavaUnavailable, where it cannot be had."""
    name = str(config.get("Runtime", ""))
    for family, prepared in (("nodejs", _nodejs), ("python", _python), ("java", _java)):
        if name.startswith(family):
            with _locks.setdefault(name, threading.Lock()):
                return prepared(name)
    return LambdaRuntime(None, {}, lambda view: _bootstrap(view), lambda view: {})


_locks: dict[str, threading.Lock] = {}
"""One preparation of a runtime at a time."""
_warned: set[tuple[Any, ...]] = set()


def stop_warning() -> None:
    """The cloud ends: what that interrupts is no news."""
    logger.disabled = True


def warn_once(message: str, *values: Any) -> None:
    if (message, *values) not in _warned:
        _warned.add((message, *values))
        logger.warning(message, *values)


# Node.js

@functools.lru_cache(maxsize=None)
def _nodejs(name: str) -> LambdaRuntime:
    match = re.fullmatch(r"nodejs(\d+)\.x", name)
    major = int(match[1]) if match else 24
    node = _node(name, major)
    folder = _runtimes() / name
    version, integrity, entry = _NODE_CLIENTS[22 if major < 24 else 24]
    try:
        client = package_folder("aws-lambda-ric", version, integrity, lambda file: file in (entry, "LICENSE", "NOTICE"),
                                f"Lambda's runtime interface client for Node.js, {version}")
    except PackageUnavailable as error:
        raise RuntimeUnavailable(f"Node.js functions need Lambda's runtime interface client, aws-lambda-ric {version}: {error}") from error
    if not folder.is_dir():
        (folder / "rapid-client.node").mkdir(parents=True)
        shutil.copy(client / entry, folder / "index.mjs")
        for file in ("start.cjs", "response-url.cjs"):
            shutil.copy(_HERE / "nodejs" / file, folder)
        # The client asks for `rapid-client.node`, a file or a folder; what is in the folder is CommonJS, whatever is around it.
        shutil.copy(_HERE / "nodejs" / "rapid-client.cjs", folder / "rapid-client.node" / "index.js")
        (folder / "rapid-client.node" / "package.json").write_text('{"type":"commonjs"}\n', encoding="utf-8")
    sdk = _runtime_sdk(name, major, folder / "node_modules")

    def command(view: FunctionView) -> list[str]:
        # Lambda's own bootstrap sets the limits of the heap here, too. Without them Node.js starts a third faster: its code cache fits no other options.
        options = ["--require", f"{view.runtime}/response-url.cjs"] if view.answers_cloudformation else []
        # Lambda switches off what is experimental, unless the function's NODE_OPTIONS ask for it.
        for flag, majors in (("experimental-require-module", (20, 22)), ("experimental-detect-module", (22,))):
            if major in majors and f"--{flag}" not in view.variable("NODE_OPTIONS"):
                options.append(f"--no-{flag}")
        return [f"{view.lang}/bin/node", *options, f"{view.runtime}/start.cjs"]

    def variables(view: FunctionView) -> dict[str, str]:
        opt = f"{view.opt}/nodejs"
        return {
            "NODE_PATH": f"{opt}/node{major}/node_modules:{opt}/node_modules:{view.runtime}/node_modules:{view.runtime}:{view.task}",
            # The version may be older than the SDK of this machine likes; a log need not say so each time.
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
        }

    def prepare(files: FunctionFiles, namespace: bool) -> None:
        opt = files.opt / "nodejs"
        seen = Path("/opt/nodejs") if namespace else opt
        layers = [(opt / sub, seen / sub) for sub in (f"node{major}/node_modules", "node_modules")]
        own = folder / "node_modules"
        link_node_modules(files, [*layers, (own, Path("/var/runtime/node_modules") if namespace else own)])

    needed = [Path(node).resolve().parent.parent, *sdk]
    return LambdaRuntime(folder, {"node": node}, command, variables, needed, prepare, frames_messages=True, writes_to_socket=True)


def _runtime_sdk(name: str, major: int, modules: Path) -> list[Path]:
    """Puts the AWS SDK that a runtime contains into `modules`; gives the folders that its links lead to. Runtimes up to nodejs16.x contain version 2."""
    if major > _LAST_SDK_V2:
        links = os.environ.get("CDK_TRACED_NODE_RUNTIME")
        if links and not modules.exists():
            shutil.copytree(links, modules, symlinks=True)
        return [Path(path).resolve() for path in _paths("CDK_TRACED_NODE_MODULES")]
    try:
        sdk = installed_folder(_HERE / "nodejs" / "aws-sdk-v2", f"the AWS SDK of {name}, version 2")
    except PackageUnavailable as error:
        warn_once("functions of %s do not find the aws-sdk that Lambda has there: %s", name, error)
        return []
    modules.mkdir(exist_ok=True)
    if not (modules / "aws-sdk").is_symlink():
        (modules / "aws-sdk").symlink_to(sdk.resolve() / "aws-sdk")
    return [sdk.resolve()]


def _node(name: str, major: int) -> str:
    """The Node.js for a runtime: this machine's where it has that version, else npm's package of it."""
    own = os.environ.get("CDK_TRACED_NODE") or shutil.which("node") or "node"
    if _node_major(own) == major:
        return own
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), platform.machine())
    known = json.loads(_NODE_VERSIONS.read_text(encoding="utf-8")).get(f"{platform.system().lower()}-{machine}", {}).get(str(major))
    reason = f"no package of it is known for {platform.system()} on {platform.machine()}"
    if known:
        try:
            folder = package_folder(known["package"], known["version"], known["integrity"], lambda file: file in ("bin/node", "LICENSE"),
                                    f"Node.js {known['version']} for {name}")
            if _node_major(str(folder / "bin" / "node")) == major:
                return str(folder / "bin" / "node")
            reason = f"npm's {known['package']} does not run on this system"
        except PackageUnavailable as error:
            reason = str(error)
    warn_once("functions of %s run on this machine's Node.js %s, because Node.js %d cannot be had: %s", name, _node_major(own) or "", major, reason)
    return own


@functools.lru_cache(maxsize=None)
def _node_major(node: str) -> int:
    try:
        found = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", found.stdout)
    return int(match[1]) if match else 0


# Python

@functools.lru_cache(maxsize=None)
def _python(name: str) -> LambdaRuntime:
    python, version = _interpreter(name)
    folder = _runtimes() / name
    if not folder.is_dir():
        unfinished = _runtimes() / f"{name}.unfinished"
        shutil.copytree(Path(sys.prefix) / "lambda-runtime", unfinished, ignore=shutil.ignore_patterns("*.so", "*.dist-info", "__pycache__"))
        for file in ("start.py", "runtime_client.py"):
            shutil.copy(_HERE / "python" / file, unfinished)
        packages = Path(os.environ.get("CDK_TRACED_PYTHON_RUNTIME") or folder / "none")
        for entry in packages.iterdir() if packages.is_dir() else []:
            (unfinished / entry.name).symlink_to(entry.resolve(), target_is_directory=entry.is_dir())
        unfinished.rename(folder)

    def command(view: FunctionView) -> list[str]:
        return [f"{view.lang}/bin/{version}", "-S", f"{view.runtime}/start.py", view.opt]

    needed = [Path(python).resolve().parent.parent, Path(sys.prefix).resolve()]
    names = {"python": python, "python3": python, version: python}
    return LambdaRuntime(folder, names, command, lambda view: {"PYTHONPATH": view.runtime}, needed, frames_messages=True)


def python_version_of(runtime: str) -> str:
    """`3.13`: what a function of this runtime runs on here."""
    return _interpreter(runtime)[1].removeprefix("python")


def _interpreter(name: str) -> tuple[str, str]:
    """The Python for a runtime, and its name with the version: where there is none of that version, the cloud's own."""
    own = getattr(sys, "_base_executable", None) or sys.executable
    own_version = "python%d.%d" % sys.version_info[:2]
    if name == own_version:
        return own, own_version
    match = re.fullmatch(r"python(\d+)\.(\d+)", name)
    if not match:
        return own, own_version
    reason = "it is neither on the PATH nor installed by pyenv or uv"
    if (int(match[1]), int(match[2])) < _OLDEST_PYTHON:
        reason = "the boto3 of the local cloud does not run on it"
    else:
        for candidate in _candidates(name):
            # A version manager's shim may exist without the version, so it is tried, and its target is used from then on.
            found = _executable_of(candidate)
            if found:
                return found, name
    warn_once("functions of %s run on this machine's Python %d.%d: %s; packages with native code that are made for %s do not load", name,
              *sys.version_info[:2], reason, name)
    return own, own_version


def _candidates(name: str) -> list[str]:
    version = name.removeprefix("python")
    found = [path] if (path := shutil.which(name)) else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    found += [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/{name}"), reverse=True)]
    uv = shutil.which("uv")
    if uv:
        try:
            done = subprocess.run([uv, "python", "find", "--no-project", "--no-python-downloads", version], capture_output=True, text=True,
                                  timeout=20, check=False, stdin=subprocess.DEVNULL)
            found += done.stdout.split()[:1] if done.returncode == 0 else []
        except (OSError, subprocess.TimeoutExpired):
            pass  # then it knows of none
    return found


def _executable_of(python: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable))"
    try:
        tried = subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version, _, executable = tried.stdout.strip().partition(" ")
    if tried.returncode != 0 or not executable:
        return None
    beside = Path(executable).with_name(f"python{version}")
    return str(beside if beside.exists() else executable)


# Java, and whatever brings its own bootstrap

@functools.lru_cache(maxsize=None)
def _java(name: str) -> LambdaRuntime:
    java, client = java_runtime.java_and_client(name)

    def prepare(files: FunctionFiles, namespace: bool) -> None:
        if not namespace:
            java_runtime.copy_layer_jars(files)

    needed = [Path(java).resolve().parent.parent, client.resolve()]
    return LambdaRuntime(client, {"java": java}, lambda view: java_runtime.command(view.runtime, f"{view.lang}/bin/java", view.memory), lambda view: {},
                         needed, prepare)


def _bootstrap(view: FunctionView) -> list[str]:
    return [f"{view.task}/bootstrap"]


def _runtimes() -> Path:
    return Path(os.environ["CDK_TRACED_RUNTIME_FILES"])


def _paths(variable: str) -> list[str]:
    return [path for path in os.environ.get(variable, "").split(os.pathsep) if path]


def prepare_ahead(runtime: str) -> None:
    """Fetches what functions of a runtime need while the rest of their stack is still being made; who needs it first says what is wrong."""
    def prepare() -> None:
        try:
            runtime_of({"Runtime": runtime})
        except Exception:
            logger.debug("%s is not there yet", runtime, exc_info=True)

    threading.Thread(target=prepare, daemon=True, name=f"prepare-{runtime}").start()
