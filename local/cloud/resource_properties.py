"""Properties of CloudFormation resources that matter for delivery and tracing, and that ministack drops."""
from __future__ import annotations

from typing import Any

from . import public_layers
from .lambda_runtimes import prepare_ahead
from .wrapping import wrap

Properties = dict[str, Any]


def install() -> None:
    from ministack.services import lambda_svc, sns, stepfunctions
    from ministack.services.cloudformation import provisioners

    def keep_topic_properties(arn: str, props: Properties) -> None:
        topic = sns._topics.get(arn)
        if topic:
            topic["attributes"]["TracingConfig"] = props.get("TracingConfig") or "PassThrough"

    def keep_function_properties(name: str, props: Properties) -> None:
        prepare_ahead(str(props.get("Runtime", "")))
        public_layers.prepare_ahead(props.get("Layers"), str(props.get("Runtime", "")))
        func = lambda_svc._functions.get(name)
        if func:
            func["config"]["DeadLetterConfig"] = props.get("DeadLetterConfig") or {}
            reserved = props.get("ReservedConcurrentExecutions")
            func["concurrency"] = None if reserved is None else int(reserved)

    def keep_workflow_properties(arn: str, props: Properties) -> None:
        machine = stepfunctions._state_machines.get(arn)
        if machine:
            machine["tracingConfiguration"] = {"enabled": str((props.get("TracingConfiguration") or {}).get("Enabled", False)).lower() == "true"}

    _keep(provisioners, "AWS::StepFunctions::StateMachine", "_sfn_state_machine", keep_workflow_properties)
    _keep(provisioners, "AWS::SNS::Topic", "_sns", keep_topic_properties)
    _keep(provisioners, "AWS::Lambda::Function", "_lambda", keep_function_properties)


def _keep(provisioners: Any, resource_type: str, prefix: str, keep: Any) -> None:
    """Calls `keep(physical_id, properties)` after each creation and update of a resource of this type."""

    @wrap(provisioners, f"{prefix}_create", "(logical_id, props, stack_name)")
    def create(original: Any, logical_id: str, props: Properties, stack_name: str) -> Any:
        physical_id, attributes = original(logical_id, props, stack_name)
        keep(physical_id, props)
        return physical_id, attributes

    @wrap(provisioners, f"{prefix}_update", "(physical_id, old_props, new_props, stack_name, logical_id=None)")
    def update(original: Any, physical_id: str, old_props: Properties, new_props: Properties, stack_name: str,
               logical_id: str | None = None) -> Any:
        new_id, attributes = original(physical_id, old_props, new_props, stack_name, logical_id)
        keep(new_id, new_props)
        return new_id, attributes

    # The registry holds the functions themselves.
    provisioners._RESOURCE_HANDLERS[resource_type].update(create=create, update=update)
