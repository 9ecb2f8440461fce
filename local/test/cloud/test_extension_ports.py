"""Extensions that listen on a fixed port: each environment has it for itself, one after the other."""
import io
import json
import shutil
import socket
import sys
import unittest
import zipfile

from cloud_process import LOCAL, CloudProcess

EXTENSION = """#!%s -S
import http.server, json, os, threading, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
def call(path, headers, body=None):
    return urllib.request.urlopen(urllib.request.Request(api + path, data=body, headers=headers))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = os.environ["AWS_LAMBDA_FUNCTION_NAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *_arguments):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
server = Server(("127.0.0.1", %d), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
name = call("register", {"Lambda-Extension-Name": "listener"}, b'{"events": ["SHUTDOWN"]}').headers["Lambda-Extension-Identifier"]
call("event/next", {"Lambda-Extension-Identifier": name})
"""
CODE = """
import urllib.request
def handler(event, context):
    return urllib.request.urlopen("http://127.0.0.1:%d/").read().decode()
"""


def archive(name, text):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as content:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100755 << 16
        entry.create_system = 3
        content.writestr(entry, text)
    return data.getvalue()


class ExtensionPortsTest(unittest.TestCase):
    def test_functions_with_the_same_extension_do_not_get_in_each_others_way(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cloud = CloudProcess(CDK_TRACED_RUNTIMES=str(LOCAL.parent / ".local" / "lambda"))
        self.addCleanup(shutil.rmtree, cloud.scratch, True)
        self.addCleanup(cloud.close)
        client = cloud.client("lambda")
        python = getattr(sys, "_base_executable", sys.executable)
        layer = client.publish_layer_version(LayerName="listener", Content={"ZipFile": archive("extensions/listener", EXTENSION % (python, port))})
        for name in ("one", "two"):
            client.create_function(FunctionName=name, Runtime="python%d.%d" % sys.version_info[:2], Handler="index.handler", Timeout=20,
                                   Role="arn:aws:iam::000000000000:role/any", Layers=[layer["LayerVersionArn"]],
                                   Code={"ZipFile": archive("index.py", CODE % port)})
        for name in ("one", "two", "two", "one"):
            answer = client.invoke(FunctionName=name)
            self.assertEqual(json.loads(answer["Payload"].read()), name)
        self.assertEqual([line for line in cloud.warnings if "fixed port" in line], [])


if __name__ == "__main__":
    unittest.main()
