"""CloudFormation's `AWS::XRay::*` types, which ministack does not know.

Properties and return values: CloudFormation's resource reference, "AWS X-Ray". The cloud itself needs the resource
policies; the local X-Ray gets everything.
"""
from __future__ import annotations

import json
from typing import Any

from .xray_client import RequestRefused, call_xray
from .xray_policies import delete_policy, put_policy

Attributes = dict[str, Any]


def install() -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS
    for name, handler in (("ResourcePolicy", _PolicyResource()), ("Group", _GroupResource()),
                          ("SamplingRule", _SamplingRuleResource()), ("TransactionSearchConfig", _TransactionSearchResource())):
        handlers[f"AWS::XRay::{name}"] = {
            "create": _checked(handler.create), "update": _checked(handler.update), "delete": handler.delete,
        }


def _checked(operation: Any) -> Any:
    """What X-Ray refuses fails the resource, with X-Ray's message."""

    def run(*args: Any) -> Any:
        try:
            return operation(*args)
        except RequestRefused as error:
            raise ValueError(str(error)) from error

    return run


def _scope() -> tuple[str, str]:
    from ministack.core.responses import get_account_id, get_region

    return get_account_id(), get_region()


def _required(props: Attributes, name: str, of: str) -> Any:
    if name not in props:
        raise ValueError(f"{of}: required key [{name}] not found")
    return props[name]


class _PolicyResource:
    """AWS::XRay::ResourcePolicy; Ref gives its name."""

    def create(self, _logical_id: str, props: Attributes, _stack_name: str) -> tuple[str, Attributes]:
        name = _required(props, "PolicyName", "AWS::XRay::ResourcePolicy")
        self._put(name, props)
        return name, {}

    def update(self, physical_id: str, _old: Attributes, props: Attributes, _stack_name: str) -> tuple[str, Attributes]:
        name = _required(props, "PolicyName", "AWS::XRay::ResourcePolicy")
        self._put(name, props)
        if name != physical_id:
            self.delete(physical_id, props)
        return name, {}

    def delete(self, physical_id: str, _props: Attributes) -> None:
        account_id, region = _scope()
        delete_policy(account_id, region, physical_id)
        _forget(region, "delete_resource_policy", PolicyName=physical_id)

    @staticmethod
    def _put(name: str, props: Attributes) -> None:
        document = _required(props, "PolicyDocument", "AWS::XRay::ResourcePolicy")
        text = document if isinstance(document, str) else json.dumps(document)
        try:
            json.loads(text)
        except ValueError as error:
            raise RequestRefused(f"MalformedPolicyDocumentException: PolicyDocument of {name} is not JSON: {error}") from error
        account_id, region = _scope()
        call_xray(region, "put_resource_policy", PolicyName=name, PolicyDocument=text)
        put_policy(account_id, region, name, text)


class _GroupResource:
    """AWS::XRay::Group; Ref and GroupARN give its ARN."""

    def create(self, _logical_id: str, props: Attributes, _stack_name: str) -> tuple[str, Attributes]:
        _account_id, region = _scope()
        parameters = {**_group_settings(props), "GroupName": _required(props, "GroupName", "AWS::XRay::Group")}
        if props.get("Tags"):
            parameters["Tags"] = props["Tags"]
        changes = {key: value for key, value in parameters.items() if key != "Tags"}
        response = _create(region, f"group {props['GroupName']}", ("create_group", parameters), ("update_group", changes))
        arn = response.get("Group", {}).get("GroupARN") or _arn("group", props["GroupName"])
        return arn, {"GroupARN": arn}

    def update(self, physical_id: str, old: Attributes, props: Attributes, stack_name: str) -> tuple[str, Attributes]:
        if props.get("GroupName") != old.get("GroupName"):
            created = self.create("", props, stack_name)
            self.delete(physical_id, old)
            return created
        call_xray(_scope()[1], "update_group", GroupARN=physical_id, **_group_settings(props))
        return physical_id, {"GroupARN": physical_id}

    def delete(self, physical_id: str, props: Attributes) -> None:
        _created.discard(f"group {props.get('GroupName')}")
        _forget(_scope()[1], "delete_group", GroupARN=physical_id)


class _SamplingRuleResource:
    """AWS::XRay::SamplingRule; Ref and RuleARN give its ARN."""

    def create(self, _logical_id: str, props: Attributes, _stack_name: str) -> tuple[str, Attributes]:
        rule = _sampling_rule(props)
        changes = {key: value for key, value in rule.items() if key != "Version"}
        response = _create(_scope()[1], f"rule {rule['RuleName']}", ("create_sampling_rule", {"SamplingRule": rule}),
                           ("update_sampling_rule", {"SamplingRuleUpdate": changes}))
        record = response.get("SamplingRuleRecord", {}).get("SamplingRule", {})
        arn = record.get("RuleARN") or _arn("sampling-rule", rule["RuleName"])
        return arn, {"RuleARN": arn}

    def update(self, physical_id: str, old: Attributes, props: Attributes, stack_name: str) -> tuple[str, Attributes]:
        rule = _sampling_rule(props)
        if rule["RuleName"] != _sampling_rule(old)["RuleName"]:
            created = self.create("", props, stack_name)
            self.delete(physical_id, old)
            return created
        changes = {key: value for key, value in rule.items() if key not in ("RuleName", "Version")}
        call_xray(_scope()[1], "update_sampling_rule", SamplingRuleUpdate={"RuleARN": physical_id, **changes})
        return physical_id, {"RuleARN": physical_id}

    def delete(self, physical_id: str, props: Attributes) -> None:
        _created.discard(f"rule {_sampling_rule(props)['RuleName']}")
        _forget(_scope()[1], "delete_sampling_rule", RuleARN=physical_id)


class _TransactionSearchResource:
    """AWS::XRay::TransactionSearchConfig; Ref and AccountId give the account."""

    def create(self, _logical_id: str, props: Attributes, _stack_name: str) -> tuple[str, Attributes]:
        account_id, region = _scope()
        call_xray(region, "update_trace_segment_destination", Destination="CloudWatchLogs")
        percentage = float(props.get("IndexingPercentage", 1))
        call_xray(region, "update_indexing_rule", Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": percentage}})
        return account_id, {"AccountId": account_id}

    def update(self, _physical_id: str, _old: Attributes, props: Attributes, stack_name: str) -> tuple[str, Attributes]:
        return self.create("", props, stack_name)

    def delete(self, _physical_id: str, _props: Attributes) -> None:
        _forget(_scope()[1], "update_trace_segment_destination", Destination="XRay")


_created: set[str] = set()
"""What stacks of this cloud have created; the local X-Ray may remember more, from a cloud that ended without deleting it."""


def _create(region: str, name: str, create: tuple[str, Attributes], update: tuple[str, Attributes]) -> Attributes:
    """Creates something in X-Ray; what is left there from an earlier cloud is taken over."""
    try:
        response = call_xray(region, create[0], **create[1])
    except RequestRefused as refused:
        if name in _created:
            raise
        try:
            response = call_xray(region, update[0], **update[1])
        except RequestRefused:
            raise refused from None
    _created.add(name)
    return response


def _forget(region: str, operation: str, **parameters: Any) -> None:
    """Deleting what X-Ray does not have (any more) is no failure."""
    try:
        call_xray(region, operation, **parameters)
    except RequestRefused:
        pass


def _group_settings(props: Attributes) -> Attributes:
    settings: Attributes = {}
    if props.get("FilterExpression"):
        settings["FilterExpression"] = props["FilterExpression"]
    if props.get("InsightsConfiguration"):
        settings["InsightsConfiguration"] = {key: str(value).lower() == "true" for key, value in props["InsightsConfiguration"].items()}
    return settings


def _sampling_rule(props: Attributes) -> Attributes:
    """The API's SamplingRule of a template's, whose numbers may be text."""
    rule = dict(_required(props, "SamplingRule", "AWS::XRay::SamplingRule"))
    rule.setdefault("RuleName", props.get("RuleName"))
    if not rule["RuleName"]:
        raise ValueError("AWS::XRay::SamplingRule: required key [SamplingRule.RuleName] not found")
    rule["Version"] = 1
    for key, number in (("Priority", int), ("ReservoirSize", int), ("FixedRate", float)):
        rule[key] = number(_required(rule, key, "AWS::XRay::SamplingRule"))
    for key in ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"):
        rule.setdefault(key, "*")
    return rule


def _arn(kind: str, name: str) -> str:
    account_id, region = _scope()
    return f"arn:aws:xray:{region}:{account_id}:{kind}/{name}"
