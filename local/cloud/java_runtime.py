"""Runs Java functions: Lambda's own runtime interface client on this machine's Java, in place of the container that ministack wants.

To ministack such a function is one on a custom runtime, whose `bootstrap` starts the client. The client comes from Maven, once.
"""
from __future__ import annotations

import functools
import hashlib
import io
import logging
import os
import platform
import re
import shutil
import subprocess
import tempfile
import threading
import zipfile
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from .wrapping import wrap

_POM = Path(__file__).parent / "java" / "pom.xml"
_INSTALL_TIMEOUT = 300  # seconds
_VERSION = re.compile(r'version "(\d+)')
_FRAME = re.compile(r"^(?P<class>[^()]+)\.(?P<method>[^.()]+)\((?P<file>[^:()]+)(?::(?P<line>\d+))?\)$")
_LAYER_JAR = re.compile(r"java/lib/([^/]+\.jar)")

# As Lambda starts Java 17 and newer, with the share of the function's memory that its heap may take; and nothing left in /tmp.
_BOOTSTRAP = """#!/bin/sh
exec '{java}' -XX:MaxHeapSize=$((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 85 / 100))m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \\
  -XX:-UsePerfData -Djava.io.tmpdir="${{TMPDIR:-/tmp}}" \\
  -Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI='{client}/client.so' \\
  -cp '{client}/*' com.amazonaws.services.lambda.runtime.api.client.AWSLambda "$_HANDLER"
"""

logger = logging.getLogger("cdk_traced.java")

_starting: ContextVar[dict[str, Any] | None] = ContextVar("cdk_traced_java_function", default=None)
"""Configuration of the Java function whose environment is being started."""

_lock = threading.Lock()
_explained: set[tuple[str, str]] = set()


class JavaUnavailable(RuntimeError):
    """Why no Java function can run here; the type is the one that Lambda reports for a runtime that cannot start."""

    error_type = "Runtime.InvalidEntrypoint"


def install() -> None:
    """Puts the replacements into ministack; fails with MinistackChanged where it is not as expected."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    class JavaWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc,name-defined]
        """An execution environment of a Java function."""

        def _spawn(self, init_timeout: float | None = None) -> None:
            token = _starting.set(self.config)
            try:
                super()._spawn(init_timeout)
            finally:
                _starting.reset(token)

    @wrap(lambda_runtime, "_worker_class_for", "(config)")
    def worker_class_for(original: Any, config: dict[str, Any]) -> type:
        return JavaWorker if _is_java(config) else original(config)

    @wrap(lambda_svc, "_execute_function_docker", "(func, event, request_id)")
    def execute_in_docker(original: Any, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        if _is_java(func.get("config") or func):
            return lambda_svc._execute_function_provided_warm(func, event, request_id)
        return original(func, event, request_id)

    @wrap(lambda_svc, "_provided_runtime_code_dir", "(code_zip)")
    def code_dir(original: Any, code_zip: bytes) -> str:
        config = _starting.get()
        if config is None:
            return original(code_zip)
        code = Path(original(code_zip))
        layers = [data for data in map(lambda_svc._resolve_layer_zip, config.get("Layers") or []) if data]
        with _lock:
            bootstrap = _BOOTSTRAP.format(java=_java(), client=_runtime_interface_client())
            # No process may start while the bootstrap is being written: it would inherit the open file, and nobody could execute it.
            with lambda_svc._provided_code_lock:
                root = _task_root(code, layers, bootstrap)
        _explain_version(config)
        return str(root)


def frames_of(stack_trace: list[Any]) -> list[dict[str, Any]]:
    """X-Ray's frames, innermost first, of a stack trace as the client reports it: `com.example.Handler.handle(Handler.java:7)`."""
    matches = [_FRAME.match(text) for text in stack_trace if isinstance(text, str)]
    return [{"path": m["file"], "line": int(m["line"] or 0), "label": m["method"]} for m in matches if m]


def _is_java(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("java") and config.get("PackageType", "Zip") != "Image"


def _task_root(code: Path, layers: list[bytes], bootstrap: str) -> Path:
    """The folder that the function starts in: its code, the jars of its layers, and the bootstrap."""
    root = code if not layers else code.with_name(f"{code.name}-{hashlib.sha256(b''.join(layers)).hexdigest()[:16]}")
    file = root / "bootstrap"
    if file.is_file() and file.read_text(encoding="utf-8", errors="replace") == bootstrap:
        return root
    if layers:
        shutil.rmtree(root, ignore_errors=True)  # what a crash has left half copied
        shutil.copytree(code, root, copy_function=os.link, ignore=shutil.ignore_patterns("bootstrap"))
        _add_layers(root / "lib", layers)
    file.write_text(bootstrap, encoding="utf-8")
    file.chmod(0o755)
    return root


def _add_layers(lib: Path, layers: list[bytes]) -> None:
    """The client looks for layers in /opt/java/lib, after the function's own jars: so the name that they get here sorts after those."""
    lib.mkdir(exist_ok=True)
    for number, data in enumerate(layers):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                match = _LAYER_JAR.fullmatch(name)
                if match:
                    (lib / f"~{number}-{match.group(1)}").write_bytes(archive.read(name))


def _explain_version(config: dict[str, Any]) -> None:
    function, runtime = config.get("FunctionName", ""), config.get("Runtime", "")
    wanted = re.fullmatch(r"java(\d+)", runtime)
    found = _version(_java())
    if wanted and found and found < int(wanted.group(1)) and (function, runtime) not in _explained:
        _explained.add((function, runtime))
        logger.warning("%s is made for %s and runs on Java %d here: classes that are compiled for a newer Java do not load; "
                       "install a JDK %s, or set JAVA_HOME to one", function, runtime, found, wanted.group(1))


def _java() -> str:
    """Path of the `java` to run functions with: that of JAVA_HOME, else the first on the PATH."""
    home = os.environ.get("JAVA_HOME")
    candidates = [shutil.which("java", path=os.path.join(home, "bin"))] if home else [shutil.which("java")]
    found = next((java for java in candidates if java and _version(java)), None)
    if not found:
        where = f"in JAVA_HOME, {home}" if home else "on the PATH"
        raise JavaUnavailable(f"Java functions need Java, and there is no working 'java' {where}; install a JDK (17 or newer)")
    return found


@functools.lru_cache(maxsize=None)
def _version(java: str) -> int:
    """Major version of a `java`, or 0 where it does not run."""
    try:
        output = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    match = _VERSION.search(output)
    return int(match.group(1)) if match else 0


def _runtime_interface_client() -> Path:
    """Folder with the client's jars. Its name says what is in it, and it gets that name when it is complete."""
    if os.uname().sysname != "Linux":
        raise JavaUnavailable("Java functions run locally on Linux only: AWS's runtime interface client has no library for other systems")
    parent = Path(os.environ.get("CDK_TRACED_JAVA_RUNTIME") or tempfile.gettempdir())
    folder = parent / f"runtime-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if not maven:
        raise JavaUnavailable("Java functions need Lambda's runtime interface client, which Maven fetches, and there is no 'mvn' on the PATH; install Maven")
    logger.warning("installing Lambda's runtime interface client for Java (once)")
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=parent))
    try:
        done = subprocess.run(
            [maven, "--batch-mode", "--quiet", "-f", str(_POM), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"],
            capture_output=True, text=True, timeout=_INSTALL_TIMEOUT, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise JavaUnavailable(f"Lambda's runtime interface client for Java cannot be installed: Maven says: {(done.stdout + done.stderr).strip()[-2_000:]}")
        _unpack_library(unfinished)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise  # otherwise another cloud was quicker
    except subprocess.TimeoutExpired as error:
        raise JavaUnavailable(f"Lambda's runtime interface client for Java was not installed within {_INSTALL_TIMEOUT} seconds") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _unpack_library(folder: Path) -> None:
    """Puts the client's native library beside its jar. By itself the client unpacks it at each start to the same place in /tmp."""
    machine = {"x86_64": "x86_64", "aarch64": "aarch_64"}.get(os.uname().machine)
    library = f"jni/libaws-lambda-jni.linux{'' if platform.libc_ver()[0] == 'glibc' else '_musl'}-{machine}.so"
    [client] = folder.glob("aws-lambda-java-runtime-interface-client-*.jar")
    with zipfile.ZipFile(client) as archive:
        if library not in archive.namelist():
            raise JavaUnavailable(f"Lambda's runtime interface client for Java has no library for this machine, {os.uname().machine}")
        (folder / "client.so").write_bytes(archive.read(library))
