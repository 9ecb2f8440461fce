"""What a stand-in looks like to the rest of its template."""
import unittest

from cloud.stand_in_resources import attribute_of, physical_id_of, requested_attributes


class StandInTest(unittest.TestCase):
    def test_its_name_is_its_own_or_made_of_the_stacks(self):
        self.assertEqual(physical_id_of("AWS::GameLift::Fleet", "Fleet", {"Name": "mine"}, "App"), "mine")
        self.assertEqual(physical_id_of("AWS::MemoryDB::Cluster", "C", {"ClusterName": "mine"}, "App"), "mine")
        made_up = physical_id_of("AWS::GameLift::Fleet", "Fleet", {"Name": {"Ref": "x"}}, "App")
        self.assertRegex(made_up, r"^App-Fleet-[0-9A-F]{13}$")
        self.assertEqual(made_up, physical_id_of("AWS::GameLift::Fleet", "Fleet", {}, "App"))

    def test_its_attributes_have_the_shape_that_their_name_promises(self):
        def of(name, **props):
            return attribute_of("AWS::GameLift::Fleet", name, props, "App-Fleet", "000000000000", "eu-west-1")

        self.assertEqual(of("Arn"), "arn:aws:gamelift:eu-west-1:000000000000:fleet/App-Fleet")
        self.assertEqual(of("FleetArn"), of("Arn"))
        self.assertEqual(of("FleetId"), "App-Fleet")
        self.assertEqual(of("Endpoint.Address"), "app-fleet.invalid")
        self.assertEqual(of("Endpoint.Port"), "443")
        self.assertEqual(of("ServiceUrl"), "https://app-fleet.invalid")
        self.assertEqual(of("InstanceType", InstanceType="c5.large"), "c5.large")
        self.assertEqual(of("SomethingElse"), "App-Fleet-SomethingElse")

    def test_attributes_are_found_wherever_a_template_asks_for_them(self):
        template = {"Resources": {"A": {"Properties": {"x": [{"Fn::GetAtt": ["Fleet", "FleetId"]}, {"Fn::GetAtt": "Queue.Arn"}]}}},
                    "Outputs": {"O": {"Value": {"Fn::Sub": "${Fleet.Endpoint.Address}:${AWS::Region}:${Param}"}},
                                "P": {"Value": {"Fn::Sub": ["${Other.Arn}${x}", {"x": {"Fn::GetAtt": ["Last", "Id"]}}]}}}}
        self.assertEqual(set(requested_attributes(template)),
                         {("Fleet", "FleetId"), ("Queue", "Arn"), ("Fleet", "Endpoint.Address"), ("Other", "Arn"), ("Last", "Id")})


if __name__ == "__main__":
    unittest.main()
