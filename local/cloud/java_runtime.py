"""Runs Java functions: Lambda's own runtime interface client on this machine's Java. The client comes from Maven, once."""
from __future__ import annotations

import functools
import hashlib
import logging
import os
import platform
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from .function_files import FunctionFiles
from .wrapping import wrap

_POM = Path(__file__).parent / "java" / "pom.xml"
_INSTALL_TIMEOUT = 300  # seconds
_VERSION = re.compile(r'version "(\d+)')
_FRAME = re.compile(r"^(?P<class>[^()]+)\.(?P<method>[^.()]+)\((?P<file>[^:()]+)(?::(?P<line>\d+))?\)$")

logger = logging.getLogger("cdk_traced.java")

_explained: set[tuple[str, str]] = set()


class JavaUnavailable(RuntimeError):
    """Why no Java function can run here; the type is the one that Lambda reports for a runtime that cannot start."""

    error_type = "Runtime.InvalidEntrypoint"


def install() -> None:
    """Puts the replacement into ministack, which wants Docker for Java; fails with MinistackChanged where it is not as expected."""
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "_execute_function_docker", "(func, event, request_id)")
    def execute_in_docker(original: Any, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = func.get("config") or func
        if str(config.get("Runtime", "")).startswith("java") and config.get("PackageType", "Zip") != "Image":
            return lambda_svc._execute_function_provided_warm(func, event, request_id)
        return original(func, event, request_id)


def java_and_client(runtime: str) -> tuple[str, Path]:
    """The `java` that runs functions of a runtime, and the folder of AWS's runtime interface client; JavaUnavailable without them."""
    wanted = re.fullmatch(r"java(\d+)", runtime)
    java = _java(int(wanted[1]) if wanted else 0)
    client = _runtime_interface_client()
    _explain_version(runtime, java)
    return java, client


def command(client: str, java: str, memory: int) -> list[str]:
    """Starts the client as Lambda starts Java 17 and newer, with the share of the function's memory that its heap may take, in MB."""
    native = "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI"
    # The handler is an argument, and only the process itself knows what a wrapper script has made of it.
    start = (f'exec "$0" -XX:MaxHeapSize={memory * 85 // 100}m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -XX:-UsePerfData '
             f'-Djava.io.tmpdir="${{TMPDIR:-/tmp}}" "-D{native}=$1/client.so" -cp "$1/*" com.amazonaws.services.lambda.runtime.api.client.AWSLambda "$_HANDLER"')
    return ["/bin/sh", "-c", start, java, client]


def copy_layer_jars(files: FunctionFiles) -> None:
    """The client looks for layers in /opt/java/lib, after the function's own jars: where there is no /opt, they get names that sort after those."""
    layers, lib = files.opt / "java" / "lib", files.task / "lib"
    for jar in sorted(layers.glob("*.jar")) if layers.is_dir() else []:
        lib.mkdir(exist_ok=True)
        shutil.copy(jar, lib / f"~{jar.name}")


def frames_of(stack_trace: list[Any]) -> list[dict[str, Any]]:
    """X-Ray's frames, innermost first, of a stack trace as the client reports it: `com.example.Handler.handle(Handler.java:7)`."""
    matches = [_FRAME.match(text) for text in stack_trace if isinstance(text, str)]
    return [{"path": m["file"], "line": int(m["line"] or 0), "label": m["method"]} for m in matches if m]


def _explain_version(runtime: str, java: str) -> None:
    wanted = re.fullmatch(r"java(\d+)", runtime)
    found = _version(java)
    if wanted and found and found < int(wanted.group(1)) and (runtime, java) not in _explained:
        _explained.add((runtime, java))
        logger.warning("functions of %s run on Java %d here: classes that are compiled for a newer Java do not load; "
                       "install a JDK %s, or set JAVA_HOME to one", runtime, found, wanted.group(1))


def _java(wanted: int) -> str:
    """Path of the `java` to run functions with: that of JAVA_HOME, else the first on the PATH; another one where only that has the version."""
    home = os.environ.get("JAVA_HOME")
    candidates = [shutil.which("java", path=os.path.join(home, "bin"))] if home else [shutil.which("java")]
    found = next((java for java in candidates if java and _version(java)), None)
    if wanted and (not found or _version(found) != wanted):
        found = next((str(other / "bin" / "java") for other in _homes() if _released_version(other) == wanted), found)
    if not found:
        where = f"in JAVA_HOME, {home}" if home else "on the PATH"
        raise JavaUnavailable(f"Java functions need Java, and there is no working 'java' {where}; install a JDK (17 or newer)")
    return found


def _homes() -> list[Path]:
    """Where Linux distributions and SDKMAN install JDKs."""
    patterns = [(Path("/usr/lib/jvm"), "*"), (Path.home() / ".sdkman" / "candidates" / "java", "*")]
    return [home for folder, pattern in patterns if folder.is_dir() for home in sorted(folder.glob(pattern)) if (home / "bin" / "java").is_file()]


def _released_version(home: Path) -> int:
    """Major version of a JDK by the file that it brings; starting each to ask takes too long."""
    try:
        match = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0


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
