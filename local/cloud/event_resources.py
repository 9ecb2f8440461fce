"""EventBridge's types that ministack's CloudFormation does not know although its EventBridge has the APIs: connections, API destinations, archives.

Properties and return values: CloudFormation's resource reference, "Amazon EventBridge".
"""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Properties = dict[str, Any]
Response = tuple[int, Any, bytes | str]


def install() -> None:
    from ministack.services import eventbridge
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS
    for kind, name_key, create, delete, attributes in (
        ("Connection", "Name", eventbridge._create_connection, eventbridge._delete_connection, {"Arn": "ConnectionArn", "SecretArn": "ConnectionArn"}),
        ("ApiDestination", "Name", eventbridge._create_api_destination, eventbridge._delete_api_destination, {"Arn": "ApiDestinationArn"}),
        ("Archive", "ArchiveName", eventbridge._create_archive, eventbridge._delete_archive, {"Arn": "ArchiveArn"}),
    ):
        resource = _NamedResource(provisioners, f"AWS::Events::{kind}", name_key, create, delete, attributes)
        handlers[resource.type] = {"create": resource.create, "update": resource.update, "update_with_logical_id": True, "delete": resource.delete}


class _NamedResource:
    """A resource that an API creates and deletes by its name, which is what Ref gives."""

    def __init__(self, provisioners: Any, resource_type: str, name_key: str, create: Callable[[Properties], Response],
                 delete: Callable[[Properties], Response], attributes: dict[str, str]) -> None:
        self.type = resource_type
        self._provisioners = provisioners
        self._name_key = name_key
        self._create = create
        self._delete = delete
        self._attributes = attributes

    def create(self, logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        name = props.get(self._name_key) or self._provisioners._physical_name(stack_name, logical_id, max_len=48)
        request = {**props, self._name_key: name}
        if self.type == "AWS::Events::Archive":
            request["EventSourceArn"] = props.get("SourceArn", "")
        if isinstance(request.get("EventPattern"), dict):
            request["EventPattern"] = json.dumps(request["EventPattern"])
        status, _headers, body = self._create(request)
        response = json.loads(body)
        if status != 200:
            raise ValueError(f"{response.get('__type', '')}: {response.get('message') or response.get('Message', '')}")
        return name, {name_of: response[key] for name_of, key in self._attributes.items()}

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None) -> tuple[str, Properties]:
        self.delete(physical_id, old)
        return self.create(logical_id or physical_id, {**new, self._name_key: new.get(self._name_key) or physical_id}, stack_name)

    def delete(self, physical_id: str, _props: Properties) -> None:
        self._delete({self._name_key: physical_id})
