"""The EC2 types that a VPC with CDK's defaults consists of and that ministack's CloudFormation does not know: its EC2 has the APIs.

Properties and return values: CloudFormation's resource reference, "Amazon EC2".
"""
from __future__ import annotations

import uuid
from typing import Any

Properties = dict[str, Any]


def install() -> None:
    from ministack.services import ec2
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS
    for name, handler in (("EIP", _Address(ec2, provisioners)), ("NatGateway", _NatGateway(ec2, provisioners)), ("Instance", _Instance(ec2, provisioners)),
                          ("SecurityGroupIngress", _SecurityGroupRule(ec2, provisioners, "IpPermissions")),
                          ("SecurityGroupEgress", _SecurityGroupRule(ec2, provisioners, "IpPermissionsEgress"))):
        handlers[f"AWS::EC2::{name}"] = {"create": handler.create, "update": handler.update, "update_with_logical_id": True, "delete": handler.delete}


def _hex_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:17]}"


class _Resource:
    """Created anew where a property changes that is more than a tag."""

    def __init__(self, ec2: Any, provisioners: Any) -> None:
        self.ec2 = ec2
        self.provisioners = provisioners

    def create(self, logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        raise NotImplementedError

    def delete(self, physical_id: str, props: Properties) -> None:
        raise NotImplementedError

    def attributes(self, physical_id: str) -> Properties:
        raise NotImplementedError

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None) -> tuple[str, Properties]:
        if {**old, "Tags": None} == {**new, "Tags": None}:
            self.provisioners._ec2_apply_tags(physical_id, new, old)
            return physical_id, self.attributes(physical_id)
        created = self.create(logical_id or physical_id, new, stack_name)
        self.delete(physical_id, old)
        return created


class _Address(_Resource):
    """AWS::EC2::EIP; Ref gives the public address."""

    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        allocation_id = _hex_id("eipalloc")
        public_ip = self.ec2._random_ip("52.")
        self.ec2._addresses[allocation_id] = {
            "AllocationId": allocation_id, "PublicIp": public_ip, "Domain": props.get("Domain", "vpc"), "AssociationId": None,
            "InstanceId": props.get("InstanceId"), "NetworkInterfaceId": None, "PrivateIpAddress": None,
        }
        self.provisioners._ec2_apply_tags(allocation_id, props)
        return public_ip, self.attributes(public_ip)

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None) -> tuple[str, Properties]:
        self.provisioners._ec2_apply_tags(self._allocation(physical_id), new, old)
        return physical_id, self.attributes(physical_id)

    def attributes(self, physical_id: str) -> Properties:
        return {"AllocationId": self._allocation(physical_id), "PublicIp": physical_id}

    def delete(self, physical_id: str, _props: Properties) -> None:
        allocation_id = self._allocation(physical_id)
        self.ec2._addresses.pop(allocation_id, None)
        self.ec2._tags.pop(allocation_id, None)

    def _allocation(self, public_ip: str) -> str:
        return next((key for key, address in self.ec2._addresses.items() if address["PublicIp"] == public_ip), "")


class _NatGateway(_Resource):
    """AWS::EC2::NatGateway; Ref gives its id."""

    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        nat_id = _hex_id("nat")
        subnet = self.ec2._subnets.get(props.get("SubnetId", "")) or {}
        self.ec2._nat_gateways[nat_id] = {
            "NatGatewayId": nat_id, "SubnetId": props.get("SubnetId", ""), "VpcId": subnet.get("VpcId", self.ec2._DEFAULT_VPC_ID),
            "AllocationId": props.get("AllocationId", ""), "ConnectivityType": props.get("ConnectivityType", "public"), "State": "available",
            "CreateTime": self.ec2._now_ts(), "Tags": list(props.get("Tags") or []),
        }
        self.provisioners._ec2_apply_tags(nat_id, props)
        return nat_id, self.attributes(nat_id)

    def attributes(self, physical_id: str) -> Properties:
        return {"NatGatewayId": physical_id, "EniId": f"eni-{physical_id[4:]}"}

    def delete(self, physical_id: str, _props: Properties) -> None:
        self.ec2._nat_gateways.pop(physical_id, None)
        self.ec2._tags.pop(physical_id, None)


class _SecurityGroupRule(_Resource):
    """AWS::EC2::SecurityGroupIngress and ...Egress; Ref gives the rule's id."""

    def __init__(self, ec2: Any, provisioners: Any, store: str) -> None:
        super().__init__(ec2, provisioners)
        self.store = store

    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        group = self._group(props)
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId') or props.get('GroupName')}' does not exist")
        rule_id = _hex_id("sgr")
        [permission] = self.provisioners._ec2_sg_permissions([props])
        group[self.store].append({**permission, "SecurityGroupRuleId": rule_id})
        return rule_id, self.attributes(rule_id)

    def attributes(self, physical_id: str) -> Properties:
        return {"Id": physical_id, "SecurityGroupRuleId": physical_id}

    def delete(self, physical_id: str, props: Properties) -> None:
        group = self._group(props)  # it may be deleted already, and its rules with it
        if group is not None:
            group[self.store] = [rule for rule in group[self.store] if rule.get("SecurityGroupRuleId") != physical_id]

    def _group(self, props: Properties) -> Properties | None:
        groups = self.ec2._security_groups
        if props.get("GroupId"):
            return groups.get(props["GroupId"])
        return next((group for group in groups.values() if group["GroupName"] == props.get("GroupName")), None)


class _Instance(_Resource):
    """AWS::EC2::Instance: a record that looks like one that runs; nothing runs in it."""

    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
        self.ec2._ensure_defaults_initialized()
        interface = (props.get("NetworkInterfaces") or [{}])[0]
        [instance] = self.ec2._launch_instances_internal(
            props.get("ImageId", "ami-00000000"), props.get("InstanceType", "m1.small"),
            props.get("SubnetId") or interface.get("SubnetId") or "", 1, key_name=props.get("KeyName", ""),
            user_data=props.get("UserData", ""), sg_ids=props.get("SecurityGroupIds") or interface.get("GroupSet"))
        self.provisioners._ec2_apply_tags(instance["InstanceId"], props)
        return instance["InstanceId"], self.attributes(instance["InstanceId"])

    def attributes(self, physical_id: str) -> Properties:
        instance = self.ec2._instances[physical_id]
        return {
            "InstanceId": physical_id, "VpcId": instance["VpcId"], "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
            "PrivateIp": instance["PrivateIpAddress"], "PublicIp": instance["PublicIpAddress"],
            "PrivateDnsName": instance["PrivateDnsName"], "PublicDnsName": instance["PublicDnsName"],
        }

    def delete(self, physical_id: str, _props: Properties) -> None:
        instance = self.ec2._instances.get(physical_id)
        if instance:
            instance["State"] = {"Code": 48, "Name": "terminated"}
