"""Runs a Python handler as Lambda's Python runtime does: errors, log lines, context, module search path.

It is a program of its own: it is started in the function's folder, by the Python that the function's runtime asks for.
Protocol: JSON lines. Standard input: one line about the function, then one line for each event. File descriptor 3: one
`{"status": "ready"}`, then one reply for each event. Whatever the function prints goes to the log.
Messages and log formats are those of AWS's runtime interface client for Python.
"""
import importlib
import json
import logging
import os
import sys
import time
import traceback

LOG_END = "\x1e"  # marks, in the log, where an invocation's lines end
TASK_ROOT = "/var/task"


class FunctionFailure(Exception):
    """A failure with the type, message and frames that the runtime reports for it."""

    def __init__(self, error_type, message, frames=(), trace=()):
        super().__init__(message)
        self.report = {"errorType": error_type, "errorMessage": message, "frames": list(frames), "stackTrace": list(trace)}


def open_channels():
    """Takes standard input and descriptor 3 for itself, so that the function can use neither by accident."""
    events = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(3), "w", encoding="utf-8")
    os.close(3)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return events, replies


def set_search_path(code_dir):
    """As on Lambda: the function, its layers, the runtime's own boto3, the standard library; nothing else of this machine."""
    version = "python%d.%d" % sys.version_info[:2]
    path = [code_dir]
    for layer in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
        path += [os.path.join(layer, "python", "lib", version, "site-packages"), os.path.join(layer, "python")]
    path += os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path.append(os.environ.pop("CDK_TRACED_PYTHON_RUNTIME", ""))
    own = os.path.dirname(os.path.abspath(__file__))
    standard = [p for p in sys.path if p and p != own and "site-packages" not in p and "dist-packages" not in p]
    sys.path[:] = [p for p in path if p and os.path.isdir(p)] + [p for p in standard if p not in path]


def load_handler(module_name, handler_name):
    """The handler function, or the FunctionFailure that Lambda reports for what is wrong with it."""
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise FunctionFailure("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        raise FunctionFailure("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error))
    except Exception as error:
        raise failure_of(error)
    handler = module
    for part in handler_name.split("."):
        handler = getattr(handler, part, None)
    if handler is None:
        raise FunctionFailure("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (handler_name, module_name))
    return handler


def failure_of(error):
    """An exception of the function's code, without this program's own frames."""
    code_dir = os.environ.get("LAMBDA_TASK_ROOT", "")
    own = os.path.abspath(__file__)
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if os.path.abspath(f.filename) != own and not f.filename.startswith("<frozen importlib")]

    def shown(name):
        return TASK_ROOT + name[len(code_dir):] if code_dir and name.startswith(code_dir) else name

    shown_frames = [traceback.FrameSummary(shown(f.filename), f.lineno, f.name, line=f.line) for f in frames]
    return FunctionFailure(
        type(error).__name__, str(error),
        # X-Ray lists the innermost frame first.
        [{"path": f.filename, "line": f.lineno, "label": f.name} for f in reversed(shown_frames)],
        traceback.format_list(shown_frames))


def log_line(report):
    return "\n".join(["[ERROR] %s: %s" % (report["errorType"], report["errorMessage"]), "Traceback (most recent call last):"]) \
        + ("\n" + "".join(report["stackTrace"]).rstrip("\n") if report["stackTrace"] else "")


class Context:
    """The handler's second argument."""

    def __init__(self, values):
        self.aws_request_id = values.get("request_id", "")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.invoked_function_arn = values.get("invoked_function_arn", "")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self.identity = None
        self.client_context = None
        self._deadline = time.time() + values.get("timeout_ms", 3000) / 1000

    def get_remaining_time_in_millis(self):
        return max(int((self._deadline - time.time()) * 1000), 0)


class RequestIdFilter(logging.Filter):
    """Puts the request id of the running invocation on each log record."""

    request_id = ""

    def filter(self, record):
        record.aws_request_id = RequestIdFilter.request_id
        return True


def set_up_logging():
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


def set_variables(values):
    """The environment variables that change with each invocation."""
    variables = {"_X_AMZN_TRACE_ID": values.get("trace_id")}
    variables.update({name: None for name in ("AWS_LAMBDA_DURABLE_EXECUTION_ARN", "AWS_LAMBDA_DURABLE_CHECKPOINT_TOKEN",
                                              "AWS_LAMBDA_DURABLE_EXECUTION_NAME")})
    variables.update(values.get("durable") or {})
    for name, value in variables.items():
        if value:
            os.environ[name] = str(value)
        else:
            os.environ.pop(name, None)


def handle(handler, event, values):
    """One invocation's reply: `result` or `failure`, and the handler's start and end in seconds since 1970."""
    context = Context(values)
    started = time.time()
    try:
        result = handler(event, context)
        ended = time.time()
        try:
            text = json.dumps(result, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise FunctionFailure("Runtime.MarshalError", "Unable to marshal response: %s" % error)
        return '"result": %s, "timing": [%r, %r]' % (text, started, ended)
    except FunctionFailure as failure:
        report = failure.report
    except Exception as error:
        report = failure_of(error).report
    return failed(report, started)


def failed(report, started, exits=False):
    return '"result": null, "failure": %s, "exits": %s, "timing": [%r, %r]' % (
        json.dumps({**report, "logLine": log_line(report)}), json.dumps(exits), started, time.time())


def main():
    events, replies = open_channels()
    about = json.loads(events.readline())
    set_search_path(about["code_dir"])
    set_up_logging()

    def reply(fields):
        replies.write('{"status": "ok", %s}\n' % fields)
        replies.flush()

    handler, start_failure = None, None
    try:
        handler = load_handler(about["module"], about["handler"])
    except FunctionFailure as failure:
        start_failure = failure.report
    replies.write('{"status": "ready"}\n')
    replies.flush()

    for line in events:
        message = json.loads(line)
        values = message.get("ctx") or {}
        RequestIdFilter.request_id = values.get("request_id", "")
        set_variables(values)
        fields = failed(start_failure, time.time(), exits=True) if start_failure else handle(handler, message["event"], values)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(2, ("%s%s\n" % (LOG_END, RequestIdFilter.request_id)).encode())
        reply(fields)
        if start_failure:
            return  # as on Lambda: the next invocation starts a new environment


main()
