import unittest

from cloud.api_addresses import with_local_addresses

HERE = "https://abc123.execute-api.eu-west-1.amazonaws.com"


class WithLocalAddressesTest(unittest.TestCase):
    def convert(self, value):
        return with_local_addresses(value, lambda service, name: (service, name) in {("execute-api", "abc123"), ("lambda-url", "f0"), ("appsync-api", "g1")}, "127.0.0.1:4566")

    def test_gives_apis_that_are_here_their_address_on_this_machine(self):
        self.assertEqual(self.convert(f"{HERE}/prod/games"), "http://127.0.0.1:4566/_aws/execute-api/abc123/prod/games")
        self.assertEqual(self.convert(HERE), "http://127.0.0.1:4566/_aws/execute-api/abc123")
        self.assertEqual(self.convert({"A": ["x", f"see {HERE}/"]}), {"A": ["x", "see http://127.0.0.1:4566/_aws/execute-api/abc123/"]})

    def test_knows_http_and_websocket_apis_and_function_urls(self):
        for address, local in (("http://abc123.execute-api.localhost:4566", "http://127.0.0.1:4566/_aws/execute-api/abc123"),
                               ("wss://abc123.execute-api.eu-west-1.amazonaws.com/prod", "ws://127.0.0.1:4566/_aws/execute-api/abc123/prod"),
                               ("https://g1.appsync-api.eu-west-1.amazonaws.com/graphql", "http://127.0.0.1:4566/v1/apis/g1/graphql"),
                               ("https://f0.lambda-url.eu-west-1.on.aws/", "http://127.0.0.1:4566/_aws/lambda-url/f0/")):
            with self.subTest(address):
                self.assertEqual(self.convert(address), local)

    def test_leaves_everything_else(self):
        kept = object()
        for value in ("https://other.execute-api.eu-west-1.amazonaws.com/", "https://abc123.lambda-url.eu-west-1.on.aws/", "arn:aws:execute-api:eu-west-1:1:abc123/*", f"{HERE}.example.com/", 7, None, kept):
            with self.subTest(value):
                self.assertIs(self.convert(value), value) if not isinstance(value, str) else self.assertEqual(self.convert(value), value)


if __name__ == "__main__":
    unittest.main()
