"""AppSync's mapping templates, without AppSync."""
import unittest

from cloud.appsync_templates import TemplateError, condition_expression, render, to_attribute


def context(**arguments):
    return {"arguments": arguments, "args": arguments, "stash": {}, "source": {}, "identity": None, "prev": {"result": None}}


class AppSyncTemplatesTest(unittest.TestCase):
    def render(self, template, **arguments):
        return render(template, context(**arguments), [])[1]

    def test_builds_requests(self):
        self.assertEqual(self.render('#set($id = $util.defaultIfNullOrBlank($ctx.args.id, "none")){"key": {"id": $util.dynamodb.toDynamoDBJson($id)}}', id=""),
                         {"key": {"id": {"S": "none"}}})
        self.assertEqual(self.render('{"values": $util.dynamodb.toMapValuesJson($ctx.args.input)}', input={"n": 1, "flag": True, "list": ["a"]}),
                         {"values": {"n": {"N": "1"}, "flag": {"BOOL": True}, "list": {"L": [{"S": "a"}]}}})
        self.assertEqual(self.render("#set($m = {})#foreach($i in $ctx.args.ids)$util.qr($m.put($i, $foreach.index))#end$util.toJson($m)", ids=["a", "b"]),
                         {"a": 0, "b": 1})

    def test_ends_where_it_returns(self):
        self.assertEqual(render('#if($util.isNull($ctx.args.id))#return({"early": true})#end{"late": true}', context(), []), (True, {"early": True}))
        self.assertEqual(render("#return", context(), []), (True, None))

    def test_what_is_not_there_is_false(self):
        for condition, expected in (("$ctx.error", "no"), ("$ctx.args.id", "yes"), ("!$ctx.error", "yes"), ("$ctx.args.none && $ctx.args.id", "no")):
            with self.subTest(condition):
                self.assertEqual(self.render('#if(%s)"yes"#{else}"no"#end' % condition, id="a"), expected)

    def test_reports_errors_and_goes_on_with_appended_ones(self):
        with self.assertRaises(TemplateError) as raised:
            self.render('$util.error("no $ctx.args.id", "Refused")', id="a")
        self.assertEqual((str(raised.exception), raised.exception.error_type), ("no a", "Refused"))
        with self.assertRaises(TemplateError):
            self.render('$util.validate($util.isString($ctx.args.id), "a text, please")', id=1)
        errors = []
        self.assertEqual(render('$util.appendError("careful", "Soft"){"a": 1}', context(), errors), (False, {"a": 1}))
        self.assertEqual([error["message"] for error in errors], ["careful"])
        with self.assertRaisesRegex(TemplateError, "Unable to transform"):
            self.render("{broken")

    def test_keeps_what_it_stashes(self):
        ctx = context()
        render('$util.qr($ctx.stash.put("a", 1))', ctx, [])
        self.assertEqual(render("$util.toJson($ctx.stash.a)", ctx, []), (False, 1))

    def test_writes_conditions_as_expressions(self):
        found = condition_expression({"title": {"beginsWith": "a"}, "or": [{"n": {"gt": 1}}, {"n": {"attributeExists": False}}]})
        self.assertEqual(found["expression"], "(begins_with(#title, :v0)) AND ((#n > :v1 OR attribute_not_exists(#n)))")
        self.assertEqual((found["expressionNames"], found["expressionValues"]), ({"#title": "title", "#n": "n"}, {":v0": {"S": "a"}, ":v1": {"N": "1"}}))
        self.assertEqual(to_attribute(None), {"NULL": True})


if __name__ == "__main__":
    unittest.main()
