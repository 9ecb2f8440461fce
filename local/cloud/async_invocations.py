"""Asynchronous invocations as Lambda has them: a queue for each function, retries, then dead-letter queue and destinations.

Local choices, all by environment variable:
- CDK_TRACED_RETRY_SECONDS: wait before the first retry, doubled for the second (Lambda waits 1 and 2 minutes). Default 1.
- CDK_TRACED_CONCURRENCY: executions of one function at a time. Each is a process here, so a burst waits in the queue, which
  is what its dwell time shows. Default: the number of processors, at least 2.
"""
from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .failure_destinations import deliver_outcome
from .invocation import Attempt, Invocation
from .lambda_invocations import begin_invocation, run_attempt
from .lambda_segments import service_segment
from .segment_sender import send_segment
from .trace_context import trace_context
from .wrapping import wrap

_DEFAULT_RETRIES = 2
_DEFAULT_EVENT_AGE = 21_600  # seconds

logger = logging.getLogger("cdk_traced.async")

_queues: dict[str, ThreadPoolExecutor] = {}
_queues_lock = threading.Lock()


def install() -> None:
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "invoke_async_with_retry", "(func, event)")
    def invoke_async_with_retry(_original: Any, func: dict[str, Any], event: Any) -> None:
        invoke_asynchronously(func, event)

    @wrap(lambda_svc, "_execute_function_with_config_scope", "(func, event)")
    def execute_with_config_scope(original: Any, func: dict[str, Any], event: Any) -> dict[str, Any] | None:
        # A thread that was started for nothing but this call has nobody who waits for the result: CloudWatch Logs
        # subscriptions and IoT rules are delivered like that, and on AWS they invoke asynchronously.
        if getattr(threading.current_thread(), "_target", None) is lambda_svc._execute_function_with_config_scope:
            return lambda_svc._run_with_function_config_scope(func, invoke_asynchronously, func, event)
        return original(func, event)


def invoke_asynchronously(func: dict[str, Any], event: Any) -> None:
    """Accepts an event for `func` (a function record of ministack) and returns at once."""
    config = func.get("config") or func
    invocation = begin_invocation(config, event, asynchronous=True)
    invocation.responded = time.time()  # before a worker, which may be faster than this thread, reads it
    _queue_of(config["FunctionArn"]).submit(contextvars.copy_context().run, _attempt, func, event, invocation)


def _queue_of(function_arn: str) -> ThreadPoolExecutor:
    arn = ":".join(function_arn.split(":")[:7])  # all versions share the function's concurrency
    with _queues_lock:
        if arn not in _queues:
            limit = int(os.environ.get("CDK_TRACED_CONCURRENCY") or max(2, os.cpu_count() or 1))
            _queues[arn] = ThreadPoolExecutor(max_workers=limit, thread_name_prefix=f"async-{arn.rsplit(':', 1)[-1]}")
        return _queues[arn]


def _attempt(func: dict[str, Any], event: Any, invocation: Invocation) -> None:
    from ministack.services import lambda_svc

    try:
        func = _latest(func)
        attempt, result = lambda_svc._run_with_function_config_scope(
            func, run_attempt, lambda_svc._execute_function, func, event, invocation)
        if invocation.sampled and attempt.executed:
            # Sent again after each attempt: a document with the same id replaces the one before.
            send_segment(service_segment(invocation))
        if not result.get("error"):
            _finish(func, event, invocation, result, condition=None)
            return
        _retry_or_give_up(func, event, invocation, attempt, result)
    except Exception:
        logger.exception("asynchronous invocation %s of %s is lost", invocation.request_id, invocation.function_name)


def _retry_or_give_up(func: dict[str, Any], event: Any, invocation: Invocation, attempt: Attempt, result: dict[str, Any]) -> None:
    settings = _event_invoke_config(func)
    retries = settings.get("MaximumRetryAttempts")
    retries = _DEFAULT_RETRIES if retries is None else int(retries)
    executed = len(invocation.attempts)
    delay = float(os.environ.get("CDK_TRACED_RETRY_SECONDS") or 1) * 2 ** max(0, executed - 1)
    age = time.time() - invocation.received + delay
    # A throttled event is not an attempt: it waits until the function has room or it is too old.
    if attempt.executed and executed > retries:
        _finish(func, event, invocation, result, condition="RetriesExhausted")
    elif age > int(settings.get("MaximumEventAgeInSeconds") or _DEFAULT_EVENT_AGE):
        _finish(func, event, invocation, result, condition="EventAgeExceeded")
    else:
        # A context cannot be entered twice at a time, so the next attempt gets a copy.
        job = (contextvars.copy_context().run, _attempt, func, event, invocation)
        timer = threading.Timer(delay, _queue_of(invocation.function_arn).submit, args=job)
        timer.daemon = True
        timer.start()


def _finish(func: dict[str, Any], event: Any, invocation: Invocation, result: dict[str, Any], condition: str | None) -> None:
    """`condition` is None for success, otherwise why Lambda gave up."""
    from ministack.services import lambda_svc

    if condition:
        error = invocation.attempts[-1].error if invocation.attempts else None
        logger.warning("%s failed for good (%s, %d attempts, request %s): %s", invocation.function_name, condition,
                       len(invocation.attempts), invocation.request_id, f"{error.type}: {error.message}" if error else "throttled")
    # What is delivered onwards belongs to the same trace.
    with trace_context(invocation.header.child_of(invocation.segment_id)):
        lambda_svc._run_with_function_config_scope(
            func, deliver_outcome, func, _event_invoke_config(func), event, invocation, result, condition)


def _event_invoke_config(func: dict[str, Any]) -> dict[str, Any]:
    configs = func.get("event_invoke_configs") or {}
    version = (func.get("config") or {}).get("Version", "$LATEST")
    return configs.get(version) or configs.get("") or func.get("event_invoke_config") or configs.get("$LATEST") or {}


def _latest(func: dict[str, Any]) -> dict[str, Any]:
    """The function as it is now: a retry after a deployment runs the new code."""
    from ministack.services import lambda_svc

    config = func.get("config") or func
    account_id, region = lambda_svc._account_region_from_function_config(config)
    record, latest, _name = lambda_svc._get_func_record_for_ref_in_scope(config["FunctionArn"], account_id=account_id, region=region)
    return lambda_svc._execution_record_for_config(record, latest) if record and latest else func
