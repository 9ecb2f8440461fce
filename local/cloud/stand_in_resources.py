"""Stand-ins for resource types that nothing here provides: they are created, referred to and deleted, and do nothing.

One type that is missing must not keep the rest of an app from being deployed: on AWS its resources are there. Each type is warned of
once, and `CDK_TRACED_STRICT=1` (the launcher's `--strict`) refuses them instead. Types whose absence cannot be noticed here (what scales,
logs or signs) are stand-ins without a warning.
"""
from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from typing import Any

from .wrapping import wrap

Properties = dict[str, Any]

logger = logging.getLogger("cdk_traced.resources")

_TYPE = re.compile(r"[A-Za-z0-9]{2,64}(?:::[A-Za-z0-9]{2,64}){2,3}")
_SUB_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)\.([A-Za-z0-9_.]+)\}")

_UNNOTICED = frozenset({
    "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Lambda::CodeSigningConfig", "AWS::Lambda::CapacityProvider", "AWS::ApiGatewayV2::Deployment",
    "AWS::EC2::FlowLog", "AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::VPCCidrBlock", "AWS::EC2::SubnetCidrBlock", "AWS::EC2::EIPAssociation", "AWS::EC2::DHCPOptions", "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::AnomalyDetector", "AWS::Logs::QueryDefinition", "AWS::Logs::LogAnomalyDetector",
    "AWS::Events::EventBusPolicy", "AWS::SNS::TopicInlinePolicy", "AWS::SQS::QueueInlinePolicy", "AWS::SecretsManager::ResourcePolicy",
    "AWS::IAM::Group", "AWS::IAM::UserToGroupAddition", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy",
    "AWS::IAM::ServiceLinkedRole", "AWS::IAM::OIDCProvider", "AWS::Kinesis::ResourcePolicy", "AWS::ApiGateway::ClientCertificate",
    "AWS::Budgets::Budget", "AWS::SSO::Assignment", "AWS::ResourceGroups::Group", "AWS::ServiceCatalogAppRegistry::Application",
    "AWS::ServiceCatalogAppRegistry::ResourceAssociation", "AWS::WAFv2::WebACLAssociation", "AWS::WAFv2::LoggingConfiguration",
})

_NESTED = ""
_attributes: dict[tuple[str, str], set[str]] = {}
"""(stack, logical id) -> the attributes that the stack's template asks of it; nested stacks share the name _NESTED."""
_warned: set[str] = set()


def install() -> None:
    from ministack.services import ssm
    from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

    @wrap(ssm, "_public_parameter", "(name)")
    def public_parameter(original: Any, name: str) -> Properties | None:
        found = original(name)
        if found or not isinstance(name, str) or not name.startswith("/aws/service/") or os.environ.get("CDK_TRACED_STRICT"):
            return found
        # AWS has thousands: images that nothing runs here, and lists of regions.
        digits = hashlib.sha256(name.encode()).hexdigest()
        known = original("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64") or {"Type": "String", "Version": 1, "LastModifiedDate": 0}
        return {**known, "Name": name, "ARN": f"arn:aws:ssm:us-east-1::parameter{name}", "Value": f"ami-{digits[:17]}"}

    for module in (changesets, handlers):
        @wrap(module, "validate_template_support", "(template, conditions, params=None)")
        def validate(original: Any, template: Properties, conditions: Properties, params: Any = None) -> Any:
            if not template.get("Transform"):
                _provide(provisioners, template, conditions)
            return original(template, conditions, params)

        @wrap(module, "_deploy_stack_async", "(stack_name, stack_id, template, param_values, disable_rollback, tags, is_update=False, "
                                             "previous_stack=None, retain_except_on_create=False, imports=None)")
        def deploy(original: Any, stack_name: str, stack_id: str, template: Properties, *arguments: Any, **named: Any) -> Any:
            for logical_id, attribute in requested_attributes(template):
                _attributes.setdefault((stack_name, logical_id), set()).add(attribute)
            return original(stack_name, stack_id, template, *arguments, **named)

    @wrap(provisioners, "_check_nested_stack_capabilities", "(parent_stack_name, template)")
    def check_nested(original: Any, parent_stack_name: str, template: Properties) -> Any:
        # What the nested stack is called is not known here. An attribute that nobody asks for does no harm.
        for logical_id, attribute in requested_attributes(template):
            _attributes.setdefault((_NESTED, logical_id), set()).add(attribute)
        return original(parent_stack_name, template)

    for module in (stacks, provisioners):
        @wrap(module, "_provision_resource", "(resource_type, logical_id, props, stack_name)")
        def provision(original: Any, resource_type: str, logical_id: str, props: Properties, stack_name: str) -> Any:
            _register(provisioners, resource_type, [logical_id])  # the templates of nested stacks are not validated before
            physical_id, attributes = original(resource_type, logical_id, props, stack_name)
            return physical_id, _completed(resource_type, logical_id, props, stack_name, physical_id, attributes)


def _provide(provisioners: Any, template: Properties, conditions: Properties) -> None:
    """Registers a stand-in for each type of the template that is missing."""
    missing: dict[str, list[str]] = {}
    for logical_id, resource in (template.get("Resources") or {}).items():
        if isinstance(resource, dict) and conditions.get(resource.get("Condition"), True):
            missing.setdefault(str(resource.get("Type")), []).append(logical_id)
    for resource_type, logical_ids in missing.items():
        _register(provisioners, resource_type, logical_ids)


def _register(provisioners: Any, resource_type: str, logical_ids: list[str]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    if resource_type in handlers or resource_type.startswith("Custom::") or not _TYPE.fullmatch(resource_type):
        return
    if resource_type not in _UNNOTICED:
        if os.environ.get("CDK_TRACED_STRICT"):
            return
        if resource_type not in _warned:
            _warned.add(resource_type)
            logger.warning("%s is not provided here: %s (--strict refuses the stack instead)", resource_type,
                           f"{logical_ids[0]} is a stand-in that does nothing" if len(logical_ids) == 1
                           else f"{', '.join(logical_ids)} are stand-ins that do nothing")
    handlers[resource_type] = {"create": _creator(resource_type), "update": _updater(resource_type), "update_with_logical_id": True,
                               "delete": lambda _physical_id, _props: None}


def _completed(resource_type: str, logical_id: str, props: Properties, stack_name: str, physical_id: str,
               attributes: Properties | None) -> Properties:
    """The attributes with those that templates ask for and that the provisioner does not know."""
    attributes = attributes or {}
    answered_by_others = resource_type.startswith(("Custom::", "AWS::CloudFormation::"))  # there a missing attribute is an error on AWS, too
    missing = set() if answered_by_others or os.environ.get("CDK_TRACED_STRICT") else _requested(stack_name, logical_id) - attributes.keys()
    if not missing:
        return attributes
    found = {name: value for name, value in _made_up(resource_type, logical_id, props, stack_name, physical_id).items() if name in missing}
    for name in sorted(missing):
        if f"{resource_type}.{name}" not in _warned:
            _warned.add(f"{resource_type}.{name}")
            logger.warning("%s has no attribute %s here: %s gets the made-up %s", resource_type, name, logical_id, found[name])
    return {**attributes, **found}


def _requested(stack_name: str, logical_id: str) -> set[str]:
    return _attributes.get((stack_name, logical_id), set()) | _attributes.get((_NESTED, logical_id), set())


def _creator(resource_type: str) -> Any:
    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        physical_id = physical_id_of(resource_type, logical_id, props, stack_name)
        return physical_id, _made_up(resource_type, logical_id, props, stack_name, physical_id)

    return create


def _updater(resource_type: str) -> Any:
    def update(physical_id: str, _old: Properties, props: Properties, stack_name: str, logical_id: str | None = None) -> tuple[str, Properties]:
        return physical_id, _made_up(resource_type, logical_id or physical_id, props, stack_name, physical_id)

    return update


def _made_up(resource_type: str, logical_id: str, props: Properties, stack_name: str, physical_id: str) -> Properties:
    from ministack.core.responses import get_account_id, get_region

    wanted = {"Arn", "Id", *_requested(stack_name, logical_id)}
    return {name: attribute_of(resource_type, name, props, physical_id, get_account_id(), get_region()) for name in wanted}


def physical_id_of(resource_type: str, logical_id: str, props: Properties, stack_name: str) -> str:
    """The resource's own name where it has one, else `<stack>-<logical id>-<letters>`."""
    kind = resource_type.rsplit("::", 1)[-1]
    for key in (f"{kind}Name", f"{kind}Identifier", "Name"):
        if isinstance(props.get(key), str):
            return props[key]
    return f"{stack_name}-{logical_id}-{hashlib.sha256(f'{stack_name}/{logical_id}'.encode()).hexdigest()[:13].upper()}"


def attribute_of(resource_type: str, name: str, props: Properties, physical_id: str, account_id: str, region: str) -> Any:
    """An attribute of the shape that its name promises. What looks like an address leads nowhere: `.invalid` is resolved by nobody."""
    _, service, kind = resource_type.split("::")[:3]
    last = name.rsplit(".", 1)[-1]
    if last in props and not isinstance(props[last], (dict, list)):
        return props[last]
    if last.lower().endswith("arn"):
        return f"arn:aws:{service.lower()}:{region}:{account_id}:{kind.lower()}/{physical_id}"
    if last.endswith("Port"):
        return "443"
    host = f"{re.sub('[^a-z0-9-]', '-', physical_id.lower()).strip('-')[:63]}.invalid"
    if last.lower().endswith(("url", "uri")) or (last == "Endpoint" and service in ("AppRunner", "Amplify", "Grafana")):
        return f"https://{host}"
    if last.endswith(("Endpoint", "Address", "DomainName", "DnsName", "DNSName", "Domain", "HostName", "Host")):
        return host
    return physical_id if last in ("Id", "Name", kind, f"{kind}Id", f"{kind}Name") else f"{physical_id}-{last}"


def requested_attributes(value: Any) -> Iterator[tuple[str, str]]:
    """Each logical id with an attribute that Fn::GetAtt or Fn::Sub asks of it."""
    if isinstance(value, list):
        for item in value:
            yield from requested_attributes(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Fn::GetAtt":
                parts = item.split(".", 1) if isinstance(item, str) else item
                if len(parts) == 2 and all(isinstance(part, str) for part in parts):
                    yield parts[0], parts[1]
            elif key == "Fn::Sub":
                text = item[0] if isinstance(item, list) and item else item
                if isinstance(text, str):
                    yield from _SUB_VARIABLE.findall(text)
            yield from requested_attributes(item)
