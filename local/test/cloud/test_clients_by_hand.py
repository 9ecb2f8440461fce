"""What functions answer and log here is what AWS's runtime clients answer and log when they are started by hand, against a Runtime API that does nothing else."""
import http.server
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path

from cloud_process import LOCAL, CloudProcess

from cloud.function_files import FunctionFiles
from cloud.lambda_runtimes import runtime_of
from cloud.runtime_api import RESPONSE_LIMIT

CLIENTS = str(LOCAL.parent / ".local" / "lambda")
NODE, PYTHON = "nodejs20.x", "python3.11"
REQUEST_ID = "11111111-2222-4333-8444-555555555555"
PATIENCE = 60  # seconds
# (runtime, what happens) -> (code, seconds that the function may take)
CASES = {
    (NODE, "an answer"): ("exports.handler = async (event) => { console.log('got %j', event); return { got: event }; };", 10),
    (NODE, "an init error"): ("console.log('loading'); throw new RangeError('at load');", 10),
    (NODE, "an error"): ("exports.handler = async () => { console.error('careful'); throw Object.assign(new TypeError('told'), { code: 'E1' }); };", 10),
    (NODE, "an unhandled rejection"): (
        "exports.handler = async () => { Promise.reject(new Error('nobody waits')); await new Promise(r => setTimeout(r, 5000)); };", 10),
    (NODE, "an exit"): ("exports.handler = async () => { console.log('leaving'); process.exit(3); };", 10),
    (NODE, "a timeout"): ("exports.handler = async () => { console.log('waiting'); await new Promise(r => setTimeout(r, 60000)); };", 1),
    (NODE, "7 MB"): ("exports.handler = async () => 'x'.repeat(7e6);", 10),
    (NODE, "a stream"): ("exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('one '); stream.end('two'); });", 10),
    (PYTHON, "an answer"): ("import logging\ndef handler(event, context):\n    logging.warning('careful')\n    print('plain')\n    return {'got': event}\n", 10),
    (PYTHON, "an init error"): ("print('loading')\nimport nothing_like_it\n", 10),
    (PYTHON, "an error"): ("def handler(event, context):\n    raise KeyError('k')\n", 10),
    (PYTHON, "a SystemExit"): ("import sys\ndef handler(event, context):\n    print('leaving', flush=True)\n    sys.exit(5)\n", 10),
    (PYTHON, "a timeout"): ("import time\ndef handler(event, context):\n    print('waiting', flush=True)\n    time.sleep(60)\n", 1),
    (PYTHON, "7 MB"): ("def handler(event, context):\n    return 'x' * 7000000\n", 10),
}
OURS = re.compile(r"^(INIT_START |START RequestId|END RequestId|REPORT RequestId|\S+ \S+ Task timed out|RequestId: \S+ Error: Runtime exited)")


class BareRuntimeApi:
    """Hands out one event and keeps what comes back."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.settled = threading.Event()
        self.handed_out = threading.Event()
        self.closing = threading.Event()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if api.handed_out.is_set():  # the runtime is done with its event
                    api.settled.set()
                    api.closing.wait()
                    self.close_connection = True
                    return
                api.handed_out.set()
                self.answer(200, b'{"n":1}', {"Lambda-Runtime-Aws-Request-Id": REQUEST_ID, "Lambda-Runtime-Deadline-Ms": "4102444800000",
                                              "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:by-hand",
                                              "Content-Type": "application/json"})

            def do_POST(self) -> None:
                body = self.chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(int(self.headers.get("Content-Length") or 0))
                too_large = self.path.endswith("/response") and len(body) > RESPONSE_LIMIT
                api.answers.append((self.path.rsplit("/", 1)[-1], "too large" if too_large else body.decode()))
                self.answer(413 if too_large else 202, b"{}", {})

            def chunks(self) -> bytes:
                found = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass  # trailers
                return found

            def answer(self, status: int, body: bytes, headers: dict) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = "127.0.0.1:%d" % self._server.server_address[1]

    def connect(self) -> socket.socket:
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)))

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ClientsByHandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="by-hand-", dir=LOCAL.parent / ".local")
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        os.environ["CDK_TRACED_RUNTIMES"] = CLIENTS
        os.environ["CDK_TRACED_RUNTIME_FILES"] = str(Path(cls.scratch, "runtimes"))
        Path(cls.scratch, "runtimes").mkdir()
        cls.cloud = CloudProcess(CDK_TRACED_RUNTIMES=CLIENTS)
        cls.addClassCleanup(shutil.rmtree, cls.cloud.scratch, True)
        cls.addClassCleanup(cls.cloud.close)

    def by_hand(self, runtime, code, seconds):
        """The client's answers to the Runtime API, its output and its exit status."""
        found = runtime_of({"Runtime": runtime})
        task = Path(tempfile.mkdtemp(dir=self.scratch))
        (task / ("index.js" if runtime == NODE else "index.py")).write_text(code)
        api = BareRuntimeApi()
        try:
            variables = {
                "AWS_LAMBDA_RUNTIME_API": api.address, "LAMBDA_TASK_ROOT": str(task), "LAMBDA_RUNTIME_DIR": str(found.folder), "_HANDLER": "index.handler",
                "AWS_LAMBDA_FUNCTION_NAME": "by-hand", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "TZ": ":UTC",
                "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "PATH": os.environ["PATH"], "LANG": "en_US.UTF-8",
            }
            if runtime == NODE:
                command = [found.programs["node"], "--input-type=module", "--eval",
                           f"import {{ run }} from '{found.folder}/index.mjs'; await run({json.dumps(str(task))}, 'index.handler');"]
            else:
                command = [found.programs["python3"], "-m", "awslambdaric", "index.handler"]
                variables["PYTHONPATH"] = f"{task}:{found.folder}"
            # Node.js's native client sends an answer before it goes on, as the stand-in for it does only on a connection of its own.
            connection = api.connect()
            if runtime == NODE:
                variables["_LAMBDA_RUNTIME_API_FD"] = str(connection.fileno())
            process = subprocess.Popen(command, cwd=task, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       pass_fds=[connection.fileno()])
            connection.close()
            done = threading.Thread(target=lambda: (process.wait(), api.settled.set()))
            done.start()
            if seconds == 1:  # it says nothing more
                api.handed_out.wait(PATIENCE)
                api.settled.wait(seconds)
            else:
                api.settled.wait(PATIENCE)
            if process.poll() is None:
                process.kill()
            done.join()
            output = process.stdout.read()
            process.stdout.close()
            return api.answers, self.shown(output, task, found.folder), process.returncode
        finally:
            api.close()

    def shown(self, text, task, runtime):
        return self.normalized(text.replace("\r", "\n").replace(str(task), "/var/task").replace(str(runtime), "/var/runtime"), REQUEST_ID)

    @staticmethod
    def normalized(text, request_id):
        text = text.replace(request_id, "REQUEST").replace("\u00a0", " ")
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", re.sub(r"\[\d{13}\]", "[TIME]", text))
        text = text.replace('","    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)', "")  # of how it was started
        return [line.rstrip("\r") for line in text.split("\n") if line.strip()]

    def here(self, runtime, name, code, seconds):
        """The caller's payload and the log's lines that are not Lambda's own."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as content:
            content.writestr("index.js" if runtime == NODE else "index.py", code)
        client = self.cloud.client("lambda")
        client.create_function(FunctionName=name, Runtime=runtime, Handler="index.handler", Role="arn:aws:iam::000000000000:role/test",
                               Code={"ZipFile": archive.getvalue()}, Timeout=seconds)
        answer = client.invoke(FunctionName=name, Payload=b'{"n":1}')
        payload = answer["Payload"].read().decode()
        logs = self.cloud.client("logs")
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        lines = [line for event in events if not OURS.match(event["message"]) for line in self.normalized(event["message"], answer["ResponseMetadata"]["RequestId"])]
        return payload, lines

    def test_answers_and_lines_are_those_of_the_client(self):
        for (runtime, what), (code, seconds) in CASES.items():
            if runtime == PYTHON and sys.version_info[:2] != (3, 11):
                continue  # the clients run on the cloud's own version then, which changes texts of errors
            with self.subTest(f"{what} of {runtime}"):
                answers, output, status = self.by_hand(runtime, code, seconds)
                payload, lines = self.here(runtime, f"{runtime[:4]}-{what.replace(' ', '-')}", code, seconds)
                self.assertEqual(lines, output)
                if what == "a timeout":
                    self.assertEqual(answers, [])
                    self.assertRegex(json.loads(payload)["errorMessage"], r"Task timed out after 1\.00 seconds$")
                elif what in ("an exit", "a SystemExit"):
                    self.assertEqual(answers, [])
                    self.assertRegex(json.loads(payload)["errorMessage"], rf"Runtime exited with error: exit status {status}$")
                elif what == "7 MB":
                    self.assertEqual(answers, [("response", "too large")])
                    self.assertEqual(json.loads(payload)["errorType"], "Function.ResponseSizeTooLarge")
                elif what == "a stream":
                    self.assertEqual(answers, [("response", payload)])
                else:
                    self.assertEqual([self.comparable(text) for _kind, text in answers], [self.comparable(payload)])

    def comparable(self, text):
        value = json.loads(text)
        if isinstance(value, dict):
            value.pop("requestId", None)
            value.pop("trace", None)  # where the files lie
            value.pop("stackTrace", None)
        return value


if __name__ == "__main__":
    unittest.main()
