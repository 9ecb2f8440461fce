"""Execution environments: each is a runtime's process, with Lambda's APIs, file system and variables, that handles one event after the other.

ministack keeps the pool of them; its own kinds, which imitate the runtimes, are replaced by this one for every language.
"""
from __future__ import annotations

import functools
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from . import mount_namespace, platform_events
from .function_files import FunctionFiles, FunctionStore, unpacking
from .function_output import FunctionOutput
from .function_variables import function_variables
from .invocation import Attempt, FunctionError, running_attempt
from .java_runtime import frames_of
from .lambda_runtimes import FunctionView, LambdaRuntime, runtime_of, warn_once
from .public_layers import archives_of
from .runtime_api import Failure, FunctionFacts, Request, Response, RuntimeApi
from .wrapping import wrap

_INIT_TIMEOUT = 10.0  # seconds; after that Lambda starts anew, within the function's own time
_READY_TIMEOUT = 2.0  # seconds that the answer waits for the runtime to ask for the next event, which is when its last lines are written
_LAST_WORDS = 0.2  # seconds for what an ended process had still sent
_ROOM_PATIENCE = 2.0  # seconds that an environment is waited for, whose extensions are in the way
_SHUTDOWN_TIME = 2.0  # seconds for extensions to end
_RUNTIME_PACKAGE = re.compile(r"Cannot find (?:module|package) '(@(?:aws-sdk|smithy)/[^'/]+)")

logger = logging.getLogger("cdk_traced.environments")


class EnvironmentFailed(RuntimeError):
    """An execution environment did not come up."""

    def __init__(self, error: Failure) -> None:
        body = error.body
        super().__init__(body.get("errorMessage", "") if isinstance(body, dict) else str(body))
        self.error = error
        self.error_type = error.type


def install() -> None:
    """Puts the replacements into ministack; fails with MinistackChanged where it is not as expected."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    environment = _environment_class(lambda_runtime)

    @wrap(lambda_runtime, "_worker_class_for", "(config)")
    def worker_class_for(_original: Any, config: dict[str, Any]) -> type:
        return environment

    @wrap(lambda_runtime, "kill_workers", "(workers)")
    def kill_workers(original: Any, workers: Any) -> None:
        workers = [worker for worker in workers if worker is not None]
        _let_extensions_end(workers, "spindown")
        original(workers)

    # Durable executions travel in the event; the one-shot executor that ministack has for them knows nothing of traces.
    @wrap(lambda_svc, "_execute_function_provided", "(func, event, request_id)")
    def execute_provided(_original: Any, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        return lambda_svc._execute_function_provided_warm(func, event, request_id)

    # ministack makes functions wait for half a second after each change, as AWS does for longer; whoever has asked waits a second more.
    @wrap(lambda_svc, "_schedule_state_transition", "(func_name, delay)")
    def schedule_state_transition(original: Any, func_name: str, delay: float) -> None:
        original(func_name, 0)

    # CloudFormation writes code that stands in a template to a file named `index`, whatever the handler says.
    @wrap(provisioners, "_zip_inline", "(source, handler, runtime='python3.12')")
    def zip_inline(original: Any, source: str | None, handler: str, runtime: str = "python3.12") -> bytes | None:
        return original(source, "index.handler", runtime)


def _environment_class(lambda_runtime: Any) -> type:
    """The class, made here because its base can only be imported when ministack's settings stand."""

    class ExecutionEnvironment(lambda_runtime.Worker):  # type: ignore[misc,name-defined]
        """One execution environment: ministack leases, reaps and kills it as a worker of its own."""

        def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
            super().__init__(func_name, config, code_zip)
            self.api: RuntimeApi | None = None
            self.extension_processes: list[subprocess.Popen[bytes]] = []
            self._output: FunctionOutput | None = None
            self._extension_output: FunctionOutput | None = None
            self._folder: Path | None = None
            self._files: FunctionFiles | None = None
            self._log_stream: str | None = None
            self._unread: list[tuple[float, str]] = []
            self._shown_as: list[tuple[str, str]] = []
            self._exit_status: int | None = None

        # What ministack calls.

        def invoke(self, event: Any, request_id: str, *, trace_id: str | None = None, depth: Any = None, durable: Any = None,
                   invoked_function_arn: str | None = None) -> dict[str, Any]:
            running = running_attempt()
            attempt = running[1] if running else Attempt(number=1, started=time.time())
            attempt.runtime = self.config.get("Runtime", "")
            with self._lock:
                timeout = float(self.config.get("Timeout") or 3)
                try:
                    if self._proc is None or self._exit_status is not None:
                        self._start_for(attempt, timeout)
                except EnvironmentFailed as failure:
                    attempt.error = _function_error(self._as_on_lambda(failure.error), request_id)
                    return self._answer(attempt)
                finally:
                    attempt.log_stream = self._log_stream
                request = Request(id=request_id, payload=json.dumps(event).encode(), deadline=time.time() + timeout, trace_header=trace_id,
                                  function_arn=invoked_function_arn or self.config.get("FunctionArn", ""))
                attempt.log_lines += self._take_output()
                self._run(request, timeout, attempt)
                return self._answer(attempt, request)

        def _spawn(self, init_timeout: float | None = None) -> None:
            """Starts it ahead of its first event, for a published version with a snapshot."""
            self._start(_INIT_TIMEOUT if init_timeout is None else init_timeout)

        def _drain_stderr(self) -> str:
            return "\n".join(text for _time, text in self._take_output())

        def _discard_tmpdir(self) -> None:
            self._tear_down()

        # Start and end.

        def _start_for(self, attempt: Attempt, timeout: float) -> None:
            started = time.time()
            attempt.initialization = (started, started)
            try:
                try:
                    self._start(_INIT_TIMEOUT)
                except EnvironmentFailed as failure:
                    if failure.error_type != "Sandbox.Timedout":
                        raise
                    self._start(timeout)
            finally:
                attempt.initialization = (started, time.time())

        def _start(self, seconds: float) -> None:
            self._tear_down()
            try:
                self._start_processes(seconds)
            except EnvironmentFailed:
                self._tear_down()
                raise
            except Exception as error:  # whatever is missing is the function's failure, with its reason
                self._tear_down()
                reason = Failure(getattr(error, "error_type", "") or "Runtime.InvalidEntrypoint", {
                    "errorType": getattr(error, "error_type", "") or "Runtime.InvalidEntrypoint", "errorMessage": str(error)})
                raise EnvironmentFailed(reason) from error

        def _start_processes(self, seconds: float) -> None:
            started = time.time()
            runtime = runtime_of(self.config)
            files = self._files = _store().acquire(self.config.get("FunctionName", "function"), self.code_zip, archives_of(self.config))
            self._folder = Path(tempfile.mkdtemp(prefix="environment-"))
            temporary = self._folder / "tmp"
            temporary.mkdir()
            namespace = mount_namespace.is_available()
            _complete(files, runtime, namespace)
            view = _view(files, runtime, namespace, self.config)
            # Where there is no namespace, paths in messages are shown as they are on Lambda.
            self._shown_as = [] if namespace else [(view.task, "/var/task"), (view.runtime, "/var/runtime"), (view.opt, "/opt")]
            account, region = lambda_runtime._account_region_from_function_config(self.config)
            self.api = RuntimeApi(FunctionFacts(self.config.get("FunctionName", ""), self.config.get("Version", "$LATEST"),
                                                self.config.get("Handler", ""), account))
            variables = function_variables(self.config, view, self.api.address, lambda_runtime.execution_credentials(self.config), region,
                                           runtime.variables(view))
            if not namespace:
                variables.setdefault("TMPDIR", str(temporary))
            self._log_stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
            telemetry, is_json = self.api.telemetry, variables["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
            self._output = FunctionOutput(lambda at, text: telemetry.emit_line("function", at, text, is_json))
            self._exit_status = None
            telemetry.emit(platform_events.init_start(self.config, time.time(), self._log_stream))
            front: list[str] = []
            if namespace:
                table = mount_namespace.write_table(self._folder / "fstab", files, runtime.folder, temporary, runtime.needed)
                front = mount_namespace.command(table)
            command = runtime.command(view)
            if command[0] == f"{view.task}/bootstrap":
                command = _bootstrap_of(files, view)
            wrapper = variables.get("AWS_LAMBDA_EXEC_WRAPPER")
            if wrapper and runtime.programs:
                command = [wrapper, *command]
            deadline = time.monotonic() + seconds
            if files.extensions():
                _make_room(self, files.extensions())
                self.api.start()
                self._output.start()
                self._extension_output = FunctionOutput(lambda at, text: telemetry.emit_line("extension", at, text, is_json))
                self._extension_output.start()
                self._start_extensions(files, view, front, variables, deadline)
            self._proc = self._start_runtime(runtime, view, [*front, *command], variables)
            if not self.extension_processes:
                self.api.start()
                self._output.start()
            threading.Thread(target=self._watch, args=(self._proc, self.api), daemon=True, name=f"watch-{self.func_name}").start()
            try:
                self._await_ready(deadline, seconds)
            except EnvironmentFailed as failure:
                telemetry.emit(platform_events.init_runtime_done(time.time(), failure.error_type))
                raise
            telemetry.emit(platform_events.init_runtime_done(time.time()))
            telemetry.emit(platform_events.init_report(started, time.time()))
            telemetry.close_subscriptions()

        def _start_runtime(self, runtime: LambdaRuntime, view: FunctionView, command: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
            assert self.api and self._output
            passed = []
            variables = dict(variables)
            if runtime.frames_messages:
                variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(self._output.writer)
                passed.append(self._output.writer)
            ours = theirs = None
            if runtime.writes_to_socket:
                ours, theirs = socket.socketpair()
                variables["_LAMBDA_RUNTIME_API_FD"] = str(theirs.fileno())
                passed.append(theirs.fileno())
            try:
                with unpacking:
                    process = subprocess.Popen(command, cwd=view.task if os.path.isdir(view.task) else None, env=variables, stdin=subprocess.DEVNULL,
                                            stdout=self._output.writer, stderr=self._output.writer, pass_fds=passed)
                if ours:
                    self.api.serve(ours)
                return process
            except OSError as error:
                if ours:
                    ours.close()
                raise EnvironmentFailed(Failure("Runtime.InvalidEntrypoint", {
                    "errorType": "Runtime.InvalidEntrypoint", "errorMessage": f"Couldn't start {command[0]}: {error}"})) from error
            finally:
                if theirs:
                    theirs.close()

        def _start_extensions(self, files: FunctionFiles, view: FunctionView, front: list[str], variables: dict[str, str], deadline: float) -> None:
            assert self.api and self._extension_output
            names = files.extensions()
            self.api.external_names = set(names)
            for name in names:
                with unpacking:
                    process = subprocess.Popen([*front, f"{view.opt}/extensions/{name}"], cwd=view.task if os.path.isdir(view.task) else None,
                                               env={key: value for key, value in variables.items() if key != "_HANDLER"}, stdin=subprocess.DEVNULL,
                                               stdout=self._extension_output.writer, stderr=self._extension_output.writer)
                self.extension_processes.append(process)
                threading.Thread(target=self._watch_extension, args=(process, name, self.api), daemon=True, name=f"extension-{name}").start()
            # The runtime starts when all extensions have registered.
            with self.api.changed:
                while not all(map(self.api.registered, names)):
                    ended = [name for process, name in zip(self.extension_processes, names) if process.poll() is not None]
                    if ended or time.monotonic() >= deadline:
                        name = ended[0] if ended else next(name for name in names if not self.api.registered(name))
                        message = f"extension {name} ended before it registered" if ended else f"extension {name} did not register in time"
                        raise EnvironmentFailed(Failure("Extension.Crash", {"errorType": "Extension.Crash", "errorMessage": f"Error: {message}"}))
                    self.api.changed.wait(0.5)

        def _watch(self, process: subprocess.Popen[bytes], api: RuntimeApi) -> None:
            status = process.wait()
            api.drain(_LAST_WORDS)
            with api.changed:
                if process is self._proc:
                    self._exit_status = status
                api.changed.notify_all()

        def _watch_extension(self, process: subprocess.Popen[bytes], name: str, api: RuntimeApi) -> None:
            status = process.wait()
            with api.changed:
                for extension in api.extensions.values():
                    if extension.name == name:
                        extension.failed = f"exit status {status}"
                api.changed.notify_all()

        def _await_ready(self, deadline: float, seconds: float) -> None:
            assert self.api
            with self.api.changed:
                while not self.api.is_ready():
                    if self.api.init_error:
                        raise EnvironmentFailed(self.api.init_error)
                    if self._exit_status is not None:
                        raise EnvironmentFailed(_exit_failure(self._exit_status))
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise EnvironmentFailed(_timeout_failure(seconds))
                    self.api.changed.wait(left)

        def _tear_down(self) -> None:
            process, self._proc = self._proc, None
            for each in [process, *self.extension_processes]:
                if each and each.poll() is None:
                    each.kill()
            for each in [process, *self.extension_processes]:
                if each:
                    lambda_runtime._collect(each, time.monotonic() + 1)
            self.extension_processes = []
            _with_extensions.pop(self, None)
            if self.api:
                self.api.close()
                self.api.telemetry.flush(0)
                self.api = None
            for output in (self._output, self._extension_output):
                if output:
                    output.close()
                    self._unread += output.take()
            self._output = self._extension_output = None
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None
            if self._files:
                _store().release(self._files)
                self._files = None

        # One event.

        def _run(self, request: Request, timeout: float, attempt: Attempt) -> None:
            api = self.api
            assert api
            deadline = time.monotonic() + timeout
            with api.changed:
                while not api.is_ready() and self._exit_status is None and time.monotonic() < deadline:
                    api.changed.wait(max(0.0, deadline - time.monotonic()))  # extensions may still be busy with the last event
            called = time.time()
            api.telemetry.emit(platform_events.start(request.id, self.config.get("Version", "$LATEST"), called, request.trace_header))
            api.hand_out(request)
            with api.changed:
                while not request.outcome and self._exit_status is None and time.monotonic() < deadline:
                    api.changed.wait(max(0.0, deadline - time.monotonic()))
                if request.outcome:
                    # The runtime's last lines of this event are written when it asks for the next one.
                    soon = min(deadline, time.monotonic() + _READY_TIMEOUT)
                    while not api.runtime_waiting and self._exit_status is None and time.monotonic() < soon:
                        api.changed.wait(max(0.0, soon - time.monotonic()))
            attempt.handler_started = request.handed_out or called
            attempt.handler_ended = request.answered or time.time()
            attempt.environment_ready = time.time()
            outcome = request.outcome
            self._report(api, request, attempt, timeout)
            if isinstance(outcome, Failure):
                attempt.error = _function_error(self._as_on_lambda(outcome), request.id)
            elif outcome is None:
                api.withdraw()
                failure = _exit_failure(self._exit_status) if self._exit_status is not None else _timeout_failure(timeout)
                attempt.error = _function_error(failure, request.id)
                if self._exit_status is None:
                    _let_extensions_end([self], "timeout")
                self._tear_down()
            attempt.log_lines += self._take_output()
            if self._exit_status is not None:
                self._tear_down()

        def _report(self, api: RuntimeApi, request: Request, attempt: Attempt, timeout: float) -> None:
            """Tells those who subscribed to the Telemetry API what became of a request."""
            if self._output:
                self._output.catch_up()  # what the function said comes before its end
            outcome = request.outcome
            failure = outcome if isinstance(outcome, Failure) else None
            if outcome is None:
                failure = _exit_failure(self._exit_status) if self._exit_status is not None else _timeout_failure(timeout)
            started, ended = attempt.began, attempt.handler_ended or time.time()
            produced = len(outcome.body) if isinstance(outcome, Response) else 0
            error_type = failure.type if failure else None
            api.telemetry.emit(platform_events.runtime_done(request.id, started, ended, produced, error_type, request.trace_header))
            used = _peak_memory(self.config)
            api.telemetry.emit(platform_events.report(request.id, started, ended, int(self.config.get("MemorySize") or 128), used,
                                                      attempt.initialization, error_type, request.trace_header))

        def _take_output(self) -> list[tuple[float, str]]:
            lines, self._unread = self._unread, []
            lines += self._output.take() if self._output else []
            if self._extension_output:
                lines = sorted(lines + self._extension_output.take(), key=lambda line: line[0])
            return [(at, self._shown(line)) for at, line in lines]

        def _shown(self, text: str) -> str:
            for path, shown in self._shown_as:
                text = text.replace(path, shown)
            return text

        def _as_on_lambda(self, failure: Failure) -> Failure:
            if not self._shown_as:
                return failure
            return Failure(failure.type, *(json.loads(self._shown(json.dumps(part))) for part in (failure.body, failure.cause)))

        def _answer(self, attempt: Attempt, request: Request | None = None) -> dict[str, Any]:
            attempt.log_lines += self._take_output()
            log = "\n".join(text for _time, text in attempt.log_lines)
            if attempt.error:
                _explain(attempt.error, self.config)
                return {"status": "error", "error": attempt.error.message, "error_payload": attempt.error.payload, "trace": "", "log": log}
            response = request.outcome if request else None
            assert isinstance(response, Response)
            if response.streamed:
                attempt.raw_payload = True
                return {"status": "ok", "result": response.body, "log": log}
            try:
                return {"status": "ok", "result": json.loads(response.body) if response.body else None, "log": log}
            except ValueError:  # a runtime may answer with anything; Lambda hands it on as it is
                attempt.raw_payload = True
                return {"status": "ok", "result": response.body, "log": log}

    return ExecutionEnvironment


_with_extensions: dict[Any, frozenset[str]] = {}
"""Environments whose extensions run, and the names of those."""


def _make_room(environment: Any, names: list[str]) -> None:
    """Extensions listen on ports of the loopback, which environments have each for itself on Lambda and share here: ends those that run the same ones.

    Lambda, too, ends an environment whenever it likes; its function starts anew with its next event. One that is busy is waited for, unless it takes long: it may
    be waiting for this one.
    """
    for other, others in list(_with_extensions.items()):
        if other is environment or not others & set(names):
            continue
        if not other._lock.acquire(timeout=_ROOM_PATIENCE):
            warn_once("%s starts beside %s with the extension %s: a fixed port on which it listens serves only one of them", environment.func_name,
                      other.func_name, ", ".join(sorted(others & set(names))))
            continue
        try:
            _let_extensions_end([other], "spindown")
            other._tear_down()
        finally:
            other._lock.release()
    _with_extensions[environment] = frozenset(names)


def _peak_memory(config: dict[str, Any]) -> int:
    """MB."""
    from ministack.services import lambda_svc

    return int(lambda_svc._probe_peak_memory_mb(config))


@functools.lru_cache(maxsize=None)
def _store() -> FunctionStore:
    return FunctionStore(Path(os.environ.get("CDK_TRACED_RUNTIME_FILES") or tempfile.gettempdir()).parent / "functions")


_completing = threading.Lock()


def _complete(files: FunctionFiles, runtime: LambdaRuntime, namespace: bool) -> None:
    """Adds the runtime's part to a function's files, once."""
    with _completing:
        for name, program in runtime.programs.items():
            link = files.var / "lang" / "bin" / name
            if not link.is_symlink():
                link.symlink_to(program)
        runtime.prepare(files, namespace)


def _view(files: FunctionFiles, runtime: LambdaRuntime, namespace: bool, config: dict[str, Any]) -> FunctionView:
    if namespace:
        return FunctionView("/var/task", "/var/runtime", "/var/lang", "/opt", config, files.answers_cloudformation)
    return FunctionView(str(files.task), str(runtime.folder or files.var / "runtime"), str(files.var / "lang"), str(files.opt), config,
                        files.answers_cloudformation)


def _bootstrap_of(files: FunctionFiles, view: FunctionView) -> list[str]:
    """The `bootstrap` of a custom runtime: the function's, else that of a layer."""
    for folder, seen in ((files.task, view.task), (files.opt, view.opt)):
        file = folder / "bootstrap"
        if file.is_file() and os.access(file, os.X_OK):
            return [f"{seen}/bootstrap"]
    raise EnvironmentFailed(Failure("Runtime.InvalidEntrypoint", {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}))


def _let_extensions_end(environments: list[Any], reason: str) -> None:
    """Tells extensions that it is over, and gives them, all at once, the time that Lambda gives."""
    told = [e for e in environments if getattr(e, "api", None) and e.extension_processes and e.api.shut_down(reason, _SHUTDOWN_TIME)]
    for environment in told:
        environment.api.telemetry.hurry()
        if environment._proc and environment._proc.poll() is None:
            environment._proc.terminate()
    deadline = time.monotonic() + _SHUTDOWN_TIME
    for environment in told:
        for process in environment.extension_processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass  # it is killed with the environment


def _exit_failure(status: int) -> Failure:
    if status == 0:
        reason = "Runtime exited without providing a reason"
    elif status < 0:
        reason = f"Runtime exited with error: signal: {_signal_name(-status)}"
    else:
        reason = f"Runtime exited with error: exit status {status}"
    return Failure("Runtime.ExitError", {"errorType": "Runtime.ExitError", "errorMessage": reason})


def _signal_name(number: int) -> str:
    """As Go's runtime, which Lambda is written in, names them."""
    return {1: "hangup", 2: "interrupt", 6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}.get(number, f"signal {number}")


def _timeout_failure(seconds: float) -> Failure:
    return Failure("Sandbox.Timedout", {"errorType": "Sandbox.Timedout", "errorMessage": f"Task timed out after {seconds:.2f} seconds"})


def _function_error(failure: Failure, request_id: str) -> FunctionError:
    """The error as the caller, the log and X-Ray get it."""
    body = failure.body if isinstance(failure.body, dict) else {"errorType": failure.type, "errorMessage": str(failure.body)}
    message = str(body.get("errorMessage") or "")
    if failure.type == "Sandbox.Timedout":
        text = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.000Z {request_id} {message}"
        return FunctionError(type=failure.type, message=text, payload={"errorType": failure.type, "errorMessage": text}, log_line=text)
    if failure.type == "Runtime.ExitError":
        text = f"RequestId: {request_id} Error: {message}"
        return FunctionError(type=failure.type, message=text, payload={"errorType": failure.type, "errorMessage": text},
                             log_line=f"{text}\n{failure.type}")
    exceptions = (failure.cause or {}).get("exceptions") or []
    stack = exceptions[0].get("stack") if exceptions and isinstance(exceptions[0], dict) else None
    return FunctionError(type=failure.type, message=message, stack=_frames(stack or body.get("stackTrace") or []), payload=body)


def _frames(stack: list[Any]) -> list[dict[str, Any]]:
    """X-Ray's frames: as the runtime describes them, or of its stack trace."""
    described = [frame for frame in stack if isinstance(frame, dict)]
    frames = [{key: value for key, value in frame.items() if value is not None} for frame in described]
    return frames or frames_of(stack)


def _explain(error: FunctionError, config: dict[str, Any]) -> None:
    """Says what may be different here, where a module cannot be imported; once, although each attempt fails."""
    package = _RUNTIME_PACKAGE.search(error.message) if error.type == "Runtime.ImportModuleError" else None
    if package:
        warn_once("%s needs %s, which is part of Lambda's runtime but not installed here: npm install --save-dev %s",
                  config.get("FunctionName"), package[1], package[1])
