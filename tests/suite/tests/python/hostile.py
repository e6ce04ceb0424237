"""Import and inspect a package with escaped names and hostile descriptions."""

import inspect
import typing
import unittest

from qingstor.sdk import operations, shapes, types
from qingstor.sdk.config import Config
from qingstor.sdk.error import ParameterValueNotAllowedError
from qingstor.sdk.service.bucket import Bucket
from qingstor.sdk.service.qingstor import QingStor


class Hostile(unittest.TestCase):
    def test_descriptions_are_escaped(self):
        for method in (QingStor.everything, Bucket.put):
            self.assertIn("raise SystemExit", method.__doc__)
        self.assertIn('"""', QingStor.everything.__doc__)

    def test_escaped_names_are_parameters(self):
        found = list(inspect.signature(QingStor.everything).parameters)
        self.assertEqual(found[:3], ["self", "self_param", "match"])
        self.assertEqual(len(found), len(set(found)))
        request = QingStor(Config("ID", "SECRET")).everything_request(
            "a&b", {"x": {"self": "1"}}, a_b="1", a_b_query="2",
            class_="3", from_="4", operations_param="6", types="7",
            **{"größe": "5"}
        )
        prepared = request.sign()
        for pair in ("self=a%26b", "class=3", "from=4", "operations=6"):
            self.assertIn(pair, prepared.url)
        self.assertIn("gr%C3%B6%C3%9Fe=5", prepared.url)
        self.assertEqual(prepared.body, b'{"match": {"x": {"self": "1"}}}')

    def test_names_that_python_normalizes_to_one_are_distinct(self):
        found = list(inspect.signature(QingStor.everything).parameters)
        self.assertEqual(found[-3:], ["self_query", "file", "file_query"])

    def test_each_operation_has_its_two_methods(self):
        service = QingStor(Config("ID", "SECRET"))
        bucket = service.Bucket("my-bucket", "zone")
        for owner, name in (
            (service, "make"), (service, "make_request_mixed"), (bucket, "put"), (bucket, "put_bucket_request"),
        ):
            made = getattr(owner, name + "_request")()
            self.assertIn(f"``{name}``", type(owner).__dict__[name + "_request"].__doc__)
            self.assertTrue(callable(made.sign))

    def test_every_type_can_be_resolved(self):
        for name, kind in vars(types).items():
            if isinstance(kind, type) and issubclass(kind, dict):
                typing.get_type_hints(kind, vars(types))
        hints = typing.get_type_hints(types.ListType, vars(types))
        self.assertEqual(hints["all"], typing.List[types.ListType])
        self.assertEqual(typing.get_args(types.LiteralType), ('"]', "None"))
        shape = shapes.SHAPES["ListType"]
        nested = {"all": [{"all": [{"from import": "None"}]}]}
        self.assertEqual(shape.encode(nested, "list"), nested)
        with self.assertRaises(ParameterValueNotAllowedError):
            shape.encode({"all": [{"from import": "x"}]}, "list")
        self.assertEqual(operations.PUT_BUCKET_ACL.sub_resource, "acl")


if __name__ == "__main__":
    unittest.main()
