"""Mapping templates as people write them, from the documentation's patterns."""
import json
import unittest

from cloud.mapping_templates import Parameters, TemplateFailed, find_path, render

BODY = json.dumps({"a": 1, "list": [{"n": "x"}, {"n": "y"}], "s": "it's", "t": True, "null": None, "a b": {"c": 2}})


class MappingTemplatesTest(unittest.TestCase):
    def render(self, template, body=BODY):
        self.context = {"requestId": "r1", "identity": {"sourceIp": "1.2.3.4"}, "authorizer": {"claims": {"sub": "me"}}, "responseOverride": {"header": {}}}
        parameters = Parameters({"id": "7"}, {"q": "a b", "id": "from the query"}, {"Content-Type": "application/json", "X-Mark": "m"})
        return render(template, body, parameters, self.context, {"alias": "live"})

    def test_values(self):
        for template, expected in (
            ('{"id":"$context.requestId","body":$input.json("$.list[0]")}', '{"id":"r1","body":{"n":"x"}}'),
            ("$input.params('id') $input.params('q') $input.params('x-mark') [$input.params('none')]", "7 a b m []"),
            ("$input.path('$.a') $input.path('$.t') $input.path(\"$['a b'].c\") $input.json('$.s')", '1 true 2 "it\'s"'),
            ("$input.json('$.list[*].n') [$input.path('$.none')] $input.json('$.none')", '["x","y"] [] ""'),
            ("$context.identity.sourceIp $context.authorizer.claims.sub $stageVariables.alias [$context.none] [$undefined]", "1.2.3.4 me live [] []"),
            ("$util.urlEncode('a b&c') $util.urlDecode('a+b%26') $util.base64Encode('x') $util.base64Decode('eA==')", "a+b%26c a b& eA== x"),
            ("$util.escapeJavaScript('a\"b') $util.parseJson('{\"k\":[1,2]}').k[1]", 'a\\"b 2'),
            ("$input.body.length()", str(len(BODY))),
        ):
            self.assertEqual(self.render(template), expected, template)

    def test_the_whole_body(self):
        self.assertEqual(json.loads(self.render("$input.json('$')")), json.loads(BODY))
        self.assertEqual(self.render("$input.json('$')", ""), "{}")
        self.assertEqual(self.render("[$input.body]", "plain"), "[plain]")

    def test_all_parameters_as_the_console_generates_it(self):
        template = ("#set($all = $input.params()){#foreach($type in $all.keySet())#set($params = $all.get($type))"
                    "\"$type\":{#foreach($name in $params.keySet())\"$name\":\"$util.escapeJavaScript($params.get($name))\"#if($foreach.hasNext),#end#end}"
                    "#if($foreach.hasNext),#end#end}")
        self.assertEqual(json.loads(self.render(template).replace("\\/", "/")), {
            "path": {"id": "7"}, "querystring": {"q": "a b", "id": "from the query"}, "header": {"Content-Type": "application/json", "X-Mark": "m"}})

    def test_the_language(self):
        for template, expected in (
            ("#set($root = $input.path('$'))#foreach($e in $root.list)$e.n#if($foreach.hasNext)-#end#end", "x-y"),
            ("#if($input.path('$.a') == 1 && $input.params('none') == '')yes#{else}no#end", "yes"),
            ("#set($m = {})#set($ignored = $m.put('k', 'v'))#if($m.containsKey('k'))$m.k $m.size()#end", "v 1"),
            ("#set($keys = [])#foreach($k in $input.path('$').keySet())#set($ignored = $keys.add($k))#end$keys.size()", "6"),
            ("$input.path('$.s').replaceAll(\"(i)t\", \"$1s\").toUpperCase() $input.path('$.s').indexOf('s')", "IS'S 3"),
            ("## a comment\n#set($x = 1 + 2)$x", "3"),
        ):
            self.assertEqual(self.render(template).strip(), expected, template)

    def test_overrides_of_the_response(self):
        self.render("#set($context.responseOverride.status = 404)#set($context.responseOverride.header.Allow = 'GET')")
        self.assertEqual(self.context["responseOverride"], {"status": 404, "header": {"Allow": "GET"}})

    def test_a_template_that_cannot_be_evaluated(self):
        for template in ("#if($x)", "$util.parseJson('{')"):
            with self.assertRaises(TemplateFailed):
                self.render(template)

    def test_paths_of_parameter_mappings(self):
        self.assertEqual([find_path({"a": {"b": [1]}}, path) for path in ("$.a.b[0]", "a.b", "$.none", "$..b")], [1, [1], None, [[1]]])


if __name__ == "__main__":
    unittest.main()
