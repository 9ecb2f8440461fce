"""What ministack's distributed map leaves out: batches of items, results that are written to a bucket, failures that it tolerates by a path, JSONata.

Source: Step Functions Developer Guide, "ItemBatcher", "ResultWriter", "Setting failure thresholds for Distributed Map states".
"""
from __future__ import annotations

import json
import uuid
from typing import Any

from .wrapping import wrap

Document = dict[str, Any]

_BY_READER = ("ItemReader", "ItemSelector", "Parameters", "ItemBatcher", "ItemsPath", "ResultSelector", "ResultPath", "OutputPath")
"""Fields that have been applied before ministack's map runs, or are applied after it."""


def install() -> None:
    from ministack.services import stepfunctions as sfn

    @wrap(sfn, "_run_distributed_map", "(state_def, raw_input, effective, iterator, execution, ctx)")
    def run_distributed_map(original: Any, state_def: Document, raw_input: Any, effective: Any, iterator: Document, execution: Document,
                            ctx: Document) -> Any:
        is_jsonata = sfn._state_query_language(state_def, ctx) == "JSONata"

        def value(name: str, default: Any) -> Any:
            if is_jsonata:
                return sfn._apply_jsonata_template(state_def[name], raw_input, ctx) if name in state_def else default
            if f"{name}Path" in state_def:
                return sfn._resolve_path_or_ctx(state_def[f"{name}Path"], effective, ctx)
            return state_def.get(name, default)

        items = _selected(sfn, state_def, raw_input, effective, ctx, is_jsonata)
        batcher = state_def.get("ItemBatcher")
        if batcher:
            items = batches(items, _batch_size(sfn, batcher, effective, raw_input, ctx, is_jsonata),
                            int(batcher.get("MaxInputBytesPerBatch") or 0), _resolved(sfn, batcher.get("BatchInput"), effective, raw_input, ctx, is_jsonata))
        plain = {key: item for key, item in state_def.items() if key not in _BY_READER}
        plain.update({name: value(name, None) for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
                      if name in state_def or f"{name}Path" in state_def})
        known = set(sfn._map_runs)
        results, following = original(plain, items, items, iterator, execution, ctx)
        run = next((arn for arn in sfn._map_runs if arn not in known and sfn._map_runs[arn]["executionArn"] == execution["executionArn"]), "")
        if state_def.get("ResultWriter"):
            results = _written(sfn, state_def["ResultWriter"], run, effective, raw_input, ctx, is_jsonata)
        if is_jsonata:
            output = sfn._apply_jsonata_output(state_def, raw_input, ctx, result=results, default=results)
            sfn._apply_state_assign(state_def, raw_input, ctx, result=results)
            return output, following
        output = sfn._apply_result_path(state_def, raw_input, sfn._apply_result_selector(state_def, results))
        return sfn._apply_output_path(state_def, output, ctx), following


def _selected(sfn: Any, state_def: Document, raw_input: Any, effective: Any, ctx: Document, is_jsonata: bool) -> list[Any]:
    if state_def.get("ItemReader"):
        reader = state_def["ItemReader"]
        if is_jsonata:
            reader = {**reader, "Arguments": sfn._apply_jsonata_template(reader.get("Arguments") or {}, raw_input, ctx)}
        items = sfn._read_map_items(reader, effective, ctx)
    elif is_jsonata:
        items = sfn._jsonata_state_field(state_def, "Items", "array", raw_input, ctx) if "Items" in state_def else raw_input
    else:
        items = sfn._resolve_path_or_ctx(state_def.get("ItemsPath", "$"), effective, ctx)
    if isinstance(items, dict):
        items = [{"Key": key, "Value": item} for key, item in items.items()]
    if not isinstance(items, list):
        items = [items]
    selector = state_def.get("ItemSelector") or state_def.get("Parameters")
    if not selector:
        return items
    return [_resolved(sfn, selector, effective, raw_input, {**ctx, "Map": {"Item": {"Index": index, "Value": item}}}, is_jsonata)
            for index, item in enumerate(items)]


def _resolved(sfn: Any, template: Any, effective: Any, raw_input: Any, ctx: Document, is_jsonata: bool) -> Any:
    if template is None:
        return None
    return sfn._apply_jsonata_template(template, raw_input, ctx) if is_jsonata else sfn._resolve_params_obj(template, effective, ctx)


def _batch_size(sfn: Any, batcher: Document, effective: Any, raw_input: Any, ctx: Document, is_jsonata: bool) -> int:
    if "MaxItemsPerBatchPath" in batcher:
        return int(sfn._resolve_path_or_ctx(batcher["MaxItemsPerBatchPath"], effective, ctx))
    size = batcher.get("MaxItemsPerBatch")
    return int(_resolved(sfn, size, effective, raw_input, ctx, True) if is_jsonata and isinstance(size, str) else size or 0)


def batches(items: list[Any], most_items: int, most_bytes: int, batch_input: Any) -> list[Document]:
    """The inputs of the child workflows: as many items in each as both limits allow, 0 being none."""
    found: list[list[Any]] = []
    size = 0
    for item in items:
        length = len(json.dumps(item)) + 1
        if not found or (most_items and len(found[-1]) >= most_items) or (most_bytes and found[-1] and size + length > most_bytes):
            found.append([])
            size = 0
        found[-1].append(item)
        size += length
    return [{**({"BatchInput": batch_input} if batch_input is not None else {}), "Items": batch} for batch in found]


def _written(sfn: Any, writer: Document, run_arn: str, effective: Any, raw_input: Any, ctx: Document, is_jsonata: bool) -> Any:
    """Writes the children's results where the state wants them; gives what the state's output is then."""
    from ministack.services import s3

    place = _resolved(sfn, writer.get("Arguments") or writer.get("Parameters") or {}, effective, raw_input, ctx, is_jsonata)
    children = [execution for execution in list(sfn._executions.values()) if execution.get("mapRunArn") == run_arn]
    if not place.get("Bucket"):
        return [json.loads(child["output"]) for child in children if child.get("output")]
    bucket, folder = place["Bucket"], "/".join(part for part in (str(place.get("Prefix") or "").strip("/"), str(uuid.uuid4())) if part)
    files: dict[str, list[Document]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}

    def put(key: str, content: Any) -> int:
        text = json.dumps(content).encode()
        status, _headers, body = s3._put_object(bucket, key, text, {"content-type": "application/json"})
        if status >= 400:
            raise sfn._ExecutionError("States.ResultWriterFailed", body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))
        return len(text)

    for status in ("SUCCEEDED", "FAILED"):
        of_status = [child for child in children if child.get("status") == status]
        if of_status:
            key = f"{folder}/{status}_0.json"
            files[status].append({"Key": key, "Size": put(key, [_exported(child) for child in of_status])})
    manifest = f"{folder}/manifest.json"
    put(manifest, {"DestinationBucket": bucket, "MapRunArn": run_arn, "ResultFiles": files})
    return {"MapRunArn": run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": manifest}}


def _exported(child: Document) -> Document:
    names = {"executionArn": "ExecutionArn", "input": "Input", "inputDetails": "InputDetails", "name": "Name", "output": "Output",
             "outputDetails": "OutputDetails", "startDate": "StartDate", "stateMachineArn": "StateMachineArn", "status": "Status", "stopDate": "StopDate",
             "error": "Error", "cause": "Cause"}
    return {name: child[key] for key, name in names.items() if child.get(key) is not None}
