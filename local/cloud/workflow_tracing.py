"""Step Functions: a segment for each execution of a traced state machine, a subsegment for each state, and one for each call that a state makes.

Source: Step Functions Developer Guide, "Trace Step Functions request data in AWS X-Ray"; X-Ray Developer Guide, "Segment documents".
"""
from __future__ import annotations

import json
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from .sampling import sampler
from .segment_sender import send_segment
from .trace_context import current_header, trace_context
from .trace_header import TraceHeader, new_segment_id, new_trace_id
from .tracing_modes import is_workflow_traced
from .wrapping import wrap

Document = dict[str, Any]

_NAMES = {"dynamodb": "DynamoDB", "sqs": "SQS", "sns": "SNS", "events": "EventBridge", "lambda": "Lambda", "states": "StepFunctions", "ecs": "ECS",
          "s3": "S3", "sfn": "StepFunctions", "eventbridge": "EventBridge"}
"""Of services, as X-Ray has them."""
_LARGEST = 60_000  # bytes of a document; a datagram holds little more

_lock = threading.Lock()


@dataclass
class _Part:
    """A segment or subsegment that is not complete yet."""

    name: str
    id: str = field(default_factory=new_segment_id)
    started: float = field(default_factory=time.time)
    parts: list[Document] = field(default_factory=list)
    extra: Document = field(default_factory=dict)

    def document(self) -> Document:
        found = {"id": self.id, "name": self.name, "start_time": self.started, "end_time": time.time(), **self.extra}
        if self.parts:
            found["subsegments"] = self.parts
        return found

    def fails(self, error: Any) -> None:
        """`error` has a name and a cause, as the errors of the Amazon States Language have."""
        kind, text = getattr(error, "error", None) or type(error).__name__, str(getattr(error, "cause", None) or error)
        self.extra.update(fault=True, cause={"working_directory": "", "exceptions": [
            {"id": new_segment_id(), "type": str(kind), "message": _message_in(text)[:2_048], "remote": True}]})


_execution: ContextVar[tuple[TraceHeader, _Part] | None] = ContextVar("cdk_traced_execution", default=None)
"""The trace, and the part that what happens now belongs to, where the execution is traced."""


def install() -> None:
    from ministack.services import stepfunctions

    @wrap(stepfunctions, "_create_state_machine", "(data)")
    def create_state_machine(original: Any, data: Document) -> Any:
        return _keep_tracing(stepfunctions, original(data), f":{data.get('name')}", data)

    @wrap(stepfunctions, "_update_state_machine", "(data)")
    def update_state_machine(original: Any, data: Document) -> Any:
        return _keep_tracing(stepfunctions, original(data), str(data.get("stateMachineArn")), data)

    @wrap(stepfunctions, "_describe_state_machine", "(data)")
    def describe_state_machine(original: Any, data: Document) -> Any:
        status, headers, body = original(data)
        machine = stepfunctions._state_machines.get(data.get("stateMachineArn", ""))
        if status != 200 or not machine or "tracingConfiguration" not in machine:
            return status, headers, body
        return status, headers, json.dumps({**json.loads(body), "tracingConfiguration": machine["tracingConfiguration"]}).encode()

    @wrap(stepfunctions, "_start_execution", "(data)")
    def start_execution(original: Any, data: Document) -> Any:
        with trace_context(TraceHeader.parse(data.get("traceHeader")) or current_header()):
            return original(data)

    @wrap(stepfunctions, "_run_execution", "(exec_arn)")
    def run_execution(original: Any, exec_arn: str) -> None:
        execution = stepfunctions._executions.get(exec_arn)
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
        if not machine or not is_workflow_traced(machine):
            original(exec_arn)
            return
        _run_traced(original, exec_arn, execution, machine)

    for name, expected in (("_execute_pass", "(state_def, raw_input, ctx=None)"), ("_execute_choice", "(state_def, raw_input, ctx=None)"),
                           ("_execute_wait", "(state_def, raw_input, ctx=None)"), ("_execute_task", "(state_def, raw_input, execution, ctx)"),
                           ("_execute_parallel", "(state_def, raw_input, execution, ctx)"), ("_execute_map", "(state_def, raw_input, execution, ctx)")):
        @wrap(stepfunctions, name, expected)
        def execute(original: Any, state_def: Document, raw_input: Any, *rest: Any) -> Any:
            context = rest[-1] if rest else None
            return _within(_Part(str(((context or {}).get("State") or {}).get("Name", state_def.get("Type")))), original, state_def, raw_input, *rest)

    @wrap(stepfunctions, "_run_sub_machine", "(states, start_at, input_data, execution, ctx)")
    def run_sub_machine(original: Any, states: Document, start_at: str, input_data: Any, execution: Any, ctx: Document) -> Any:
        # A branch's states take the place of the state around them in the context that they share.
        return original(states, start_at, input_data, execution, {**ctx, "State": dict(ctx.get("State") or {})})

    @wrap(stepfunctions, "_invoke_resource", "(resource, input_data)")
    def invoke_resource(original: Any, resource: str, input_data: Any) -> Any:
        return _within(_call_of(resource, input_data), original, resource, input_data)

    @wrap(stepfunctions, "_invoke_with_callback", "(resource, input_data, token, state_def)")
    def invoke_with_callback(original: Any, resource: str, input_data: Any, token: str, state_def: Document) -> Any:
        return _within(_call_of(resource, input_data), original, resource, input_data, token, state_def)


def _keep_tracing(stepfunctions: Any, response: Any, arn_end: str, data: Document) -> Any:
    if response[0] == 200 and "tracingConfiguration" in data:
        for arn, machine in stepfunctions._state_machines.items():
            if arn.endswith(arn_end):
                machine["tracingConfiguration"] = {"enabled": bool(data["tracingConfiguration"].get("enabled"))}
    return response


def _run_traced(run: Any, exec_arn: str, execution: Document, machine: Document) -> None:
    header = current_header() or TraceHeader(new_trace_id())
    if header.sampled is None:
        header = TraceHeader(header.trace_id, header.parent_id, sampler.decide(machine["stateMachineArn"]), header.lineage)
    if not header.sampled:
        with trace_context(header):
            run(exec_arn)
        return
    segment = _Part(machine["name"])
    token = _execution.set((header, segment))
    try:
        with trace_context(header.child_of(segment.id)):
            run(exec_arn)
    finally:
        _execution.reset(token)
        _send(execution_segment(segment, header, execution, machine))


def execution_segment(segment: _Part, header: TraceHeader, execution: Document, machine: Document) -> Document:
    """The `AWS::StepFunctions::StateMachine` segment of an execution that has ended."""
    region, account_id = machine["stateMachineArn"].split(":")[3:5]
    document = {
        **segment.document(), "trace_id": header.trace_id, "origin": "AWS::StepFunctions::StateMachine", "resource_arn": machine["stateMachineArn"],
        "http": {"response": {"status": 200}},
        "aws": {"account_id": account_id, "region": region, "operation": "StartExecution", "execution_arn": execution["executionArn"],
                "state_machine_arn": machine["stateMachineArn"], "resource_names": [machine["name"]]},
    }
    if header.parent_id:
        document["parent_id"] = header.parent_id
    if execution["status"] in ("FAILED", "TIMED_OUT", "ABORTED"):
        failed = next((details for event in reversed(execution.get("events") or []) for details in [event.get("executionFailedEventDetails")] if details), {})
        document["fault"] = True
        document["cause"] = {"working_directory": "", "exceptions": [{
            "id": new_segment_id(), "type": failed.get("error") or execution["status"], "message": _message_in(failed.get("cause") or "")[:2_048]}]}
    return document


def _within(part: _Part, function: Any, *arguments: Any) -> Any:
    """Calls the function as a part of the execution at hand."""
    current = _execution.get()
    if current is None:
        return function(*arguments)
    header, around = current
    token = _execution.set((header, part))
    try:
        with trace_context(header.child_of(part.id)):
            return function(*arguments)
    except Exception as error:
        part.fails(error)
        raise
    finally:
        _execution.reset(token)
        with _lock:
            around.parts.append(part.document())


def _call_of(resource: str, input_data: Any) -> _Part:
    """The call that a task makes: `arn:aws:states:::sqs:sendMessage`, `...:aws-sdk:s3:getObject`, a function's or an activity's ARN."""
    parts = resource.replace(".waitForTaskToken", "").replace(".sync", "").split(":")
    given = input_data if isinstance(input_data, dict) else {}
    if len(parts) > 6 and parts[2] == "lambda":
        service, action, given = "lambda", "invoke", {"FunctionName": parts[6]}
    elif len(parts) > 5 and parts[2] == "states" and parts[5] == "activity":
        return _Part("Activity", extra={"metadata": {"default": {"activity": resource}}})
    else:
        service, action = ((parts[6:8] if parts[5:6] == ["aws-sdk"] else parts[5:7]) + ["", ""])[:2]
    operation = action[:1].upper() + action[1:]
    aws: Document = {"operation": operation}
    for key, name in (("TableName", "table_name"), ("QueueUrl", "queue_url"), ("TopicArn", "topic_arn"), ("FunctionName", "function_name"),
                      ("Bucket", "bucket_name"), ("StateMachineArn", "state_machine_arn")):
        if isinstance(given.get(key), str):
            aws[name] = given[key].split(":function:")[-1].split(":")[0] if key == "FunctionName" else given[key]
            aws["resource_names"] = [aws[name].rsplit("/", 1)[-1]]
    return _Part(_NAMES.get(service, service), extra={"namespace": "aws", "aws": aws, "http": {"response": {"status": 200}}})


def _message_in(cause: str) -> str:
    """A function's error arrives as its payload."""
    try:
        payload = json.loads(cause)
    except ValueError:
        return cause
    return str(payload.get("errorMessage") or cause) if isinstance(payload, dict) else cause


def _send(document: Document) -> None:
    """Sends a document; what is too large for a datagram in parts, the subsegments of each part as documents of their own."""
    if len(json.dumps(document)) <= _LARGEST:
        send_segment(document)
        return
    for part in document.pop("subsegments", []):
        _send({**part, "type": "subsegment", "trace_id": document["trace_id"], "parent_id": document["id"]})
    send_segment(document)
