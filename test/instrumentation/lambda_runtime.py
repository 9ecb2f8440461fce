"""
Calls a handler as Lambda's runtime for Python does. Argument: the handler. Standard input: a JSON list of { event, traceId } (traceId null:
no header). Last line of the output: a JSON list of { value } or { error }.
"""

import http.client  # noqa: F401  -- the runtime has imported it when the handler is
import importlib
import json
import logging
import os
import sys
import time

logging.basicConfig(level=logging.WARNING)  # as the runtime does: what libraries warn of is in the function's log


class Context:
    """What Lambda gives to a handler beside the event. Its time counts down from what the event says."""

    def __init__(self, event):
        self._end = time.monotonic() + (event.get("remaining", 60_000) if isinstance(event, dict) else 60_000) / 1000

    def get_remaining_time_in_millis(self):
        return int(max(self._end - time.monotonic(), 0) * 1000)


def main(handler):
    os.environ.pop("_X_AMZN_TRACE_ID", None)  # as during the initialisation
    requests = json.load(sys.stdin)
    module, name = handler.rsplit(".", 1)
    handle = getattr(importlib.import_module(module), name)
    results = []
    for request in requests:
        if request["traceId"] is None:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        else:
            os.environ["_X_AMZN_TRACE_ID"] = request["traceId"]
        try:
            results.append({"value": handle(request["event"], Context(request["event"]))})
        except Exception as error:
            results.append({"error": f"{type(error).__name__}: {error}"})
    sys.stderr.flush()
    print(f"\n{json.dumps(results)}", flush=True)


main(sys.argv[1])
