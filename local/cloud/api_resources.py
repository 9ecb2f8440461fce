"""Resource types that ministack's CloudFormation does not know although its services have the APIs: of Step Functions, Cognito and WebSocket APIs.

Properties and return values: CloudFormation's resource reference.
"""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Properties = dict[str, Any]


def install() -> None:
    from ministack.services import apigateway, cognito, stepfunctions
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS

    def add(resource_type: str, create: Callable[[str, Properties, str], tuple[str, Properties]], delete: Callable[[str, Properties], Any]) -> None:
        def update(physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None) -> tuple[str, Properties]:
            delete(physical_id, old)
            return create(logical_id or physical_id, new, stack_name)

        handlers[resource_type] = {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}

    def create_activity(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=80)
        arn = _answer(stepfunctions._create_activity({"name": name}))["activityArn"]
        return arn, {"Arn": arn, "Name": name}

    def create_version(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        # The revision of the template is not asked for: it may be that of an update that is under way.
        arn = _answer(stepfunctions._publish_state_machine_version({
            "stateMachineArn": props.get("StateMachineArn"), "description": props.get("Description", "")}))["stateMachineVersionArn"]
        return arn, {"Arn": arn}

    def create_alias(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=80)
        preferred = (props.get("DeploymentPreference") or {}).get("StateMachineVersionArn")
        routing = props.get("RoutingConfiguration") or [{"StateMachineVersionArn": preferred, "Weight": 100}]
        arn = _answer(stepfunctions._create_state_machine_alias({"name": name, "description": props.get("Description", ""), "routingConfiguration": [
            {"stateMachineVersionArn": entry["StateMachineVersionArn"], "weight": int(entry["Weight"])} for entry in routing]}))["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    def create_user(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        name = props.get("Username") or provisioners._physical_name(stack_name, logical_id, max_len=64)
        _answer(cognito._admin_create_user({**props, "Username": name, "MessageAction": "SUPPRESS"}))
        return name, {}

    def membership(props: Properties) -> Properties:
        return {key: props.get(key) for key in ("UserPoolId", "GroupName", "Username")}

    def create_membership(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        _answer(cognito._admin_add_user_to_group(membership(props)))
        return "|".join(str(value) for value in membership(props).values()), {}

    def create_route_response(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        found = _answer(apigateway._create_route_response(props.get("ApiId"), props.get("RouteId"), _camel(props)))
        return found["routeResponseId"], {"RouteResponseId": found["routeResponseId"]}

    def create_integration_response(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        found = _answer(apigateway._create_integration_response(props.get("ApiId"), props.get("IntegrationId"), _camel(props)))
        return found["integrationResponseId"], {"IntegrationResponseId": found["integrationResponseId"]}

    add("AWS::StepFunctions::Activity", create_activity, lambda arn, _props: stepfunctions._delete_activity({"activityArn": arn}))
    add("AWS::StepFunctions::StateMachineVersion", create_version,
        lambda arn, _props: stepfunctions._delete_state_machine_version({"stateMachineVersionArn": arn}))
    add("AWS::StepFunctions::StateMachineAlias", create_alias, lambda arn, _props: stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": arn}))
    add("AWS::Cognito::UserPoolUser", create_user, lambda name, props: cognito._admin_delete_user({"UserPoolId": props.get("UserPoolId"), "Username": name}))
    add("AWS::Cognito::UserPoolUserToGroupAttachment", create_membership, lambda _id, props: cognito._admin_remove_user_from_group(membership(props)))
    add("AWS::ApiGatewayV2::RouteResponse", create_route_response,
        lambda found, props: apigateway._delete_route_response(props.get("ApiId"), props.get("RouteId"), found))
    add("AWS::ApiGatewayV2::IntegrationResponse", create_integration_response,
        lambda found, props: apigateway._delete_integration_response(props.get("ApiId"), props.get("IntegrationId"), found))


def _camel(props: Properties) -> Properties:
    return {key[:1].lower() + key[1:]: value for key, value in props.items()}


def _answer(response: Any) -> Properties:
    status, _headers, body = response
    found: Properties = json.loads(body) if body else {}
    if status >= 400:
        raise ValueError(f"{found.get('__type', '')}: {found.get('message') or found.get('Message') or body!r}")
    return found
