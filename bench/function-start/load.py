"""Imports one handler in a fresh process, as Lambda's runtime does.

Argument: the handler. Prints {"start": milliseconds of processor time}.
"""
import importlib
import json
import sys
import time

module, name = sys.argv[1].rsplit(".", 1)
started = time.process_time()
found = getattr(importlib.import_module(module.replace("/", ".")), name)
start = (time.process_time() - started) * 1e3
if not callable(found):
    raise SystemExit(f"{sys.argv[1]} is no handler")
print(json.dumps({"start": start}))
