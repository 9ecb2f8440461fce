"""Templates of other people: a VPC as CDK makes it, and types that nothing here provides."""
import unittest

from cloud_process import CloudProcess

VPC_ID = {"Ref": "Vpc"}
NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Public": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": VPC_ID, "CidrBlock": "10.0.0.0/24"}},
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc", "Tags": [{"Key": "Name", "Value": "nat"}]}},
    "Nat": {"Type": "AWS::EC2::NatGateway",
            "Properties": {"SubnetId": {"Ref": "Public"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}}},
    "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": VPC_ID}},
    "Route": {"Type": "AWS::EC2::Route",
              "Properties": {"RouteTableId": {"Ref": "Table"}, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": {"Ref": "Nat"}}},
    "One": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "one", "VpcId": VPC_ID}},
    "Other": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "other", "VpcId": VPC_ID}},
    "In": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
        "GroupId": {"Fn::GetAtt": ["Other", "GroupId"]}, "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
        "SourceSecurityGroupId": {"Fn::GetAtt": ["One", "GroupId"]}}},
    "Out": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {
        "GroupId": {"Fn::GetAtt": ["One", "GroupId"]}, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.1.0.0/16"}},
    "Bastion": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1", "InstanceType": "t3.micro", "SubnetId": {"Ref": "Public"}}},
}
NETWORK_OUTPUTS = {name: {"Value": value} for name, value in {
    "Address": {"Ref": "Address"}, "Nat": {"Ref": "Nat"}, "One": {"Ref": "One"}, "Other": {"Ref": "Other"},
    "Bastion": {"Fn::GetAtt": ["Bastion", "PrivateIp"]}}.items()}


class ResourceTypesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = CloudProcess()
        cls.addClassCleanup(cls.cloud.close)

    def test_a_vpc_as_cdk_makes_it(self):
        ec2 = self.cloud.client("ec2")
        outputs = self.cloud.deploy("Network", {"Resources": NETWORK, "Outputs": NETWORK_OUTPUTS})
        [address] = [a for a in ec2.describe_addresses()["Addresses"] if a["PublicIp"] == outputs["Address"]]
        self.assertEqual(address["Domain"], "vpc")
        [nat] = ec2.describe_nat_gateways(NatGatewayIds=[outputs["Nat"]])["NatGateways"]
        self.assertEqual(nat["State"], "available")
        groups = {g["GroupId"]: g for g in ec2.describe_security_groups()["SecurityGroups"]}
        [rule] = groups[outputs["Other"]]["IpPermissions"]
        self.assertEqual((rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]), (5432, outputs["One"]))
        self.assertIn("10.1.0.0/16", [r["CidrIp"] for p in groups[outputs["One"]]["IpPermissionsEgress"] for r in p["IpRanges"]])
        self.assertRegex(outputs["Bastion"], r"^10\.0\.")

        changed = {**NETWORK, "In": {**NETWORK["In"], "Properties": {**NETWORK["In"]["Properties"], "FromPort": 3306, "ToPort": 3306}}}
        self.assertEqual(self.cloud.deploy("Network", {"Resources": changed, "Outputs": NETWORK_OUTPUTS}), outputs)
        groups = {g["GroupId"]: g for g in ec2.describe_security_groups()["SecurityGroups"]}
        self.assertEqual([r["FromPort"] for r in groups[outputs["Other"]]["IpPermissions"]], [3306])

        self.cloud.delete("Network")
        self.assertNotIn(outputs["Address"], [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]])
        self.assertEqual(self.cloud.warnings, [])

    def test_what_eventbridge_calls(self):
        outputs = self.cloud.deploy("Calls", {"Resources": {
            "Connection": {"Type": "AWS::Events::Connection", "Properties": {"AuthorizationType": "API_KEY", "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "v"}}}},
            "Destination": {"Type": "AWS::Events::ApiDestination", "Properties": {
                "ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]}, "HttpMethod": "POST", "InvocationEndpoint": "https://example.invalid/hook"}},
            "Archive": {"Type": "AWS::Events::Archive", "Properties": {
                "ArchiveName": "kept", "SourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/default", "EventPattern": {"source": ["mine"]}}},
        }, "Outputs": {"Destination": {"Value": {"Ref": "Destination"}}}})
        events = self.cloud.client("events")
        destination = events.describe_api_destination(Name=outputs["Destination"])
        self.assertEqual((destination["HttpMethod"], destination["InvocationEndpoint"]), ("POST", "https://example.invalid/hook"))
        self.assertEqual(events.describe_archive(ArchiveName="kept")["EventPattern"], '{"source": ["mine"]}')
        self.cloud.delete("Calls")
        self.assertEqual(events.list_connections()["Connections"], [])

    def test_what_is_not_provided_is_stood_in_for_and_warned_of_once(self):
        fleet = {"Type": "AWS::GameLift::Fleet", "Properties": {"Name": "players"}}
        image = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ami-id"}
        template = {"Parameters": {"Image": image}, "Resources": {
            "Fleet": fleet, "Second": fleet, "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"MinCapacity": 1}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "${Fleet.FleetId} ${Policy.Endpoint.Address}"}}},
            "Policy": {"Type": "AWS::MemoryDB::Cluster", "Properties": {}},
        }, "Outputs": {"Fleet": {"Value": {"Ref": "Fleet"}}, "Arn": {"Value": {"Fn::GetAtt": ["Fleet", "FleetArn"]}}, "Target": {"Value": {"Ref": "Target"}},
                        "Image": {"Value": {"Ref": "Image"}}}}
        before = len(self.cloud.warnings)
        outputs = self.cloud.deploy("Foreign", template)
        self.assertEqual(outputs["Arn"], "arn:aws:gamelift:us-east-1:000000000000:fleet/players")
        self.assertRegex(outputs["Image"], r"^ami-[0-9a-f]{17}$")
        # Another stack's resource of the same logical id is asked for nothing that it does not have.
        self.cloud.deploy("Other", {"Resources": {"Fleet": {"Type": "AWS::SQS::Queue"}}})
        self.cloud.deploy("Foreign", {**template, "Outputs": {}})
        self.cloud.delete("Foreign")
        self.assertEqual(sorted(self.cloud.warnings[before:]), [
            "AWS::GameLift::Fleet is not provided here: Fleet, Second are stand-ins that do nothing (--strict refuses the stack instead)",
            "AWS::MemoryDB::Cluster is not provided here: Policy is a stand-in that does nothing (--strict refuses the stack instead)",
        ])


class StrictTest(unittest.TestCase):
    def test_refuses_what_is_not_provided(self):
        cloud = CloudProcess(CDK_TRACED_STRICT="1")
        self.addCleanup(cloud.close)
        with self.assertRaisesRegex(Exception, r"Unrecognized resource types: \[AWS::GameLift::Fleet\]"):
            cloud.deploy("Foreign", {"Resources": {"Fleet": {"Type": "AWS::GameLift::Fleet"}}})


if __name__ == "__main__":
    unittest.main()
