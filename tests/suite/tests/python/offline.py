"""Tests that need no service: signatures, settings and validation."""

import base64
import hashlib
import io
import json
import os
import stat
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from qingstor.sdk import sign
from qingstor.sdk.body import Body
from qingstor.sdk.config import Config
from qingstor.sdk.error import (
    ConfigError,
    ParameterError,
    ParameterInvalidError,
    ParameterRequiredError,
    ParameterValueNotAllowedError,
    QingStorError,
)
from qingstor.sdk.service.qingstor import QingStor

SECRET = "a secret that must never appear"
NO_DATE = "Mon, 01 Jan 0001 00:00:00 GMT"
UPLOAD = "upload_id=fde133b5f6d932cd9c79bac3c7318da1"
TEST_HEADERS = {"X-QS-Test-2": "Test 2", "X-QS-Test-1": " Test 1 "}
CHINESE = "%E4%B8%AD%E6%96%87"
DISPOSITION = (
    f'attachment; filename="{CHINESE}.jpg"; filename*=utf-8\'\'{CHINESE}.jpg'
)


def service(**settings):
    return QingStor(
        Config("ID", SECRET).load_config_from_data(settings)
    )


def bucket(**settings):
    return service(**settings).Bucket("my-bucket", "PEK3A")


class KnownSignatures(unittest.TestCase):
    """Test vectors for signatures that other SDKs publish."""

    def check(self, secret, expected, *args, **kwargs):
        text = sign.string_to_sign(*args, **kwargs)
        self.assertEqual(sign.signature(secret, text), expected, text)

    def test_go(self):
        secret = "ENV_SECRET_ACCESS_KEY"
        target = f"/?acl&{UPLOAD}&part_number=0&other=abc"
        headers = {"Date": NO_DATE, **TEST_HEADERS}
        dated = {"X-QS-Date": NO_DATE, **headers}
        for expected, method, path, sent, more in (
            ("bvglZF9iMOv1RaCTxPYWxexmt1UN2m5WKngYnhDEp2c=",
             "GET", target, headers, {}),
            ("qkY+tOMdqfDAVv+ZBtlWeEBxlbyIKaQmj5lQlylENzo=",
             "GET", target, dated, {}),
            ("XsTXX50kzqBf92zLG1aIUIJmZ0hqIHoaHgkumwnV3fs=",
             "GET", f"/bucket-name/{CHINESE}", {"Date": NO_DATE}, {}),
            ("GRL3p3NOgHR9CQygASvyo344vdnO1hFke6ZvQ5mDVHM=",
             "GET", target, headers, {"expires": 3600}),
            ("plFxMFP1EzKVtdF+bApT8rhW9AUAIWfmZcOGH3m27t0=",
             "GET", target, dated, {"expires": 3600}),
            ("Kqc4/+6T7zfSrUPgkvswHbtL4ESch9vOVQP0nPwlkBs=",
             "PUT", "/bucket-name?cname", headers, {}),
            ("y0rP8LnEGUiV/JcuCMHZC4OMRZNzKRw9w7AnqehJZW8=",
             "GET", "/?acl", {"Date": NO_DATE},
             {"resource_prefix": "/bucket-name"}),
            # The Ruby and Scala SDKs have this vector, too.
            ("gTdB/cmD6rjv8CbFRDfFbHc64q442rYNAp99Hm7fBl4=",
             "GET", target, headers, {"expires": -62135596800}),
        ):
            with self.subTest(expected=expected):
                self.check(secret, expected, method, path, sent, **more)

    def test_go_signs_values_decoded_once(self):
        sent = (
            DISPOSITION.replace("%", "%25").replace(" ", "%20")
            .replace('"', "%22").replace(";", "%3B").replace("=", "%3D")
        )
        for path in ("/", ""):
            self.check(
                "ENV_SECRET_ACCESS_KEY",
                "XPMfomqMYu7ej62eqitVcPJyZMvfi72ZxXwGpPWv07I=",
                "GET",
                f"{path}?response-content-disposition={sent}",
                {},
                expires=3600,
            )

    def test_python(self):
        encoded = CHINESE + "%E6%B5%8B%E8%AF%95"
        headers = {
            "x-qs-test-header1": "test",
            "x-qs-fetch-source": "https://google.com/logo.png",
            "x-qs-copy-source": encoded,
        }
        target = f"/test_bucket/{encoded}.json"
        dated = {
            "Content-Type": "application/json",
            "Date": "Wed, 10 Dec 2014 17:20:31 GMT",
            **headers,
        }
        secret = "SECRET_ACCESS_KEY"
        self.check(
            secret, "L1Aiatm0YRH9qk8/4phJYtOlJiyHvq+ejH3sRlyUusI=",
            "GET", target, dated,
        )
        self.check(
            secret, "y7/aT93vwQ3UMGhAnrYJCQbuu9gqj5j9kFG/4Ni/T7Q=",
            "GET", target, headers, expires=100,
        )

    def test_javascript(self):
        own = {
            "x-qs-z": "test-z", "x-qs-a-abc": "test-abc", "x-qs-a": "test-a",
        }
        target = "/test_bucket/test_object.jpg?acl&upload_id=test_upload_id"
        image = {"Content-Type": "image/jpeg"}
        dated = {"x-qs-date": "Fri, 01 Nov 2019 07:40:08 GMT", **own, **image}
        timed = {"x-qs-date": "test time", **own, **image}
        for expected, headers, expires in (
            ("ZwavbCq3ylBMlU3fb5EFOabtNyUYWzqi2e0rQBTHkcM=", dated, None),
            ("HjroQB6ac19fmFt/1rOMHMco0eJ17gGAGexLYD98u88=", own, 1572592959),
            ("L6q5iKoyWbQky0T5/MYELz5jAFecGbvLDyjLdz6fClw=", own, None),
            ("80srP9B+LVMlu9OktjkQh9w0m4eO+AYuOaiX2t3SYg4=", timed, None),
        ):
            with self.subTest(expected=expected):
                self.check(
                    "test_secret", expected, "PUT", target, headers,
                    expires=expires,
                )

    def test_java(self):
        headers = {
            "Content-MD5": "Content-MD5",
            "Content-Type": "image/jpeg",
            "Date": "Thu, 06 Dec 2018 06:47:43 GMT",
        }
        self.check(
            "VdVyOLO6oG7wzzilGbuuqiDrwR1K0NgD0DzFaNKX",
            "PiwbpsStHI4p3OF3Y68bX9TV72OEOFbgqJGkmu7mN8E=",
            "PUT", "/test/test/test.jpg", headers,
        )

    def test_signature_server(self):
        date = {"Date": "Wed, 10 Dec 2014 17:20:31 GMT"}
        json_type = {"Content-Type": "application/json", **date}
        for expected, method, target, headers in (
            ("vIWg/qAxvXlcFRb9uzYmdIM9tiF6EuM6SC3i13yLzH8=",
             "GET", "/", date),
            ("bpfE8ix/fllVYOaSLAGZ/+SO23M0ESaTAqZKapxbwV4=",
             "PUT", "/test-bucket/test.json", json_type),
            ("aMm0TPNafQW391RE1aZLrhfTLPZpVzw+0qiGafhAgOw=",
             "GET", "/test-bucket?acl", date),
        ):
            with self.subTest(expected=expected):
                self.check(
                    "SECRET_ACCESS_KEY_EXAMPLE", expected,
                    method, target, headers,
                )


class Requests(unittest.TestCase):
    """The requests that calls build."""

    def test_addresses(self):
        for settings, origin, path in (
            ({}, "https://pek3a.qingstor.com", "/my-bucket?acl"),
            ({"protocol": "http", "port": 80},
             "http://pek3a.qingstor.com", "/my-bucket?acl"),
            ({"host": "Stor.Example.com", "port": 8443},
             "https://pek3a.stor.example.com:8443", "/my-bucket?acl"),
            ({"host": "127.0.0.1", "port": 9000, "protocol": "http"},
             "http://127.0.0.1:9000", "/my-bucket?acl"),
            ({"host": "::1", "port": 9000},
             "https://[::1]:9000", "/my-bucket?acl"),
            ({"endpoint": "http://[::1]:9000/"},
             "http://[::1]:9000", "/my-bucket?acl"),
            ({"endpoint": "http://stor.example.com"},
             "http://stor.example.com", "/my-bucket?acl"),
            ({"enable_virtual_host_style": True},
             "https://my-bucket.pek3a.qingstor.com", "/?acl"),
        ):
            with self.subTest(settings=settings):
                request = bucket(**settings).get_acl_request()
                self.assertEqual(request.sign().url, origin + path)

    def test_a_bucket_in_the_host_is_signed(self):
        prepared = bucket(enable_virtual_host_style=True).get_acl_request()
        prepared = prepared.sign()
        text = f"GET\n\n\n{prepared.headers['Date']}\n/my-bucket/?acl"
        signature = sign.signature(SECRET, text)
        expected = f"QS ID:{signature}"
        self.assertEqual(prepared.headers["Authorization"], expected)

    def test_invalid_addresses_are_rejected(self):
        for settings in (
            {"host": "a b"}, {"host": "user@host"}, {"host": ""},
            {"endpoint": "ftp://x"}, {"endpoint": "http://u:p@x"},
            {"endpoint": "http://x/path"}, {"endpoint": "http://x:port"},
            {"endpoint": "http://"}, {"endpoint": "http://[::1"},
            {"host": "localhost", "enable_virtual_host_style": True},
        ):
            with self.subTest(settings=settings):
                self.assertRaises(ConfigError, bucket, **settings)
        for name in (
            "", "short", "Upper-case", "a/../b-c", "-leading", "x" * 64,
        ):
            with self.subTest(name=name):
                with self.assertRaises(ParameterInvalidError):
                    service().Bucket(name, "pek3a")
        for zone in ("", None, "a.b", "a/b", "x@y", "z" * 64):
            with self.subTest(zone=zone):
                with self.assertRaises(ParameterInvalidError):
                    service().Bucket("my-bucket", zone)
        named = service(zone="sh1a").Bucket("my-bucket")
        self.assertIn("//sh1a.", named.head_request().sign().url)

    def test_keys_are_encoded_once(self):
        request = bucket().get_object_request("照片/a b+c%2F?.~jpg")
        url = request.sign().url
        self.assertEqual(
            urlsplit(url).path,
            "/my-bucket/%E7%85%A7%E7%89%87/a%20b%2Bc%252F%3F.~jpg",
        )

    def test_keys_with_dot_segments_are_rejected(self):
        for key in (".", "..", "../a", "./a", "a/..", "a/./b", "/a", "\ud800"):
            with self.subTest(key=key):
                with self.assertRaises(ParameterInvalidError):
                    bucket().get_object_request(key)
        for key in ("", None):
            with self.assertRaises(ParameterRequiredError):
                bucket().get_object_request(key)

    def test_headers_have_their_official_names(self):
        moment = datetime(2015, 8, 16, 9, 5, tzinfo=timezone.utc)
        eastern = moment.astimezone(timezone(timedelta(hours=8)))
        request = bucket().put_object_request(
            "k",
            x_qs_copy_source="/other-bucket/中/a%2Fb?version_id=v+1",
            x_qs_copy_source_if_modified_since=eastern,
            x_qs_copy_source_if_unmodified_since=moment.replace(tzinfo=None),
            x_qs_fetch_source="http://example.com/%41?a=b&c=中 1",
            x_qs_meta_data={"A-b": "inner  spaces"},
            x_qs_storage_class="STANDARD_IA",
        )
        headers = request.sign().headers
        date = "Sun, 16 Aug 2015 09:05:00 GMT"
        for name, expected in (
            ("x-qs-copy-source",
             "/other-bucket/%E4%B8%AD/a%252Fb?version_id=v%2B1"),
            ("x-qs-copy-source-if-modified-since", date),
            ("x-qs-copy-source-if-unmodified-since", date),
            ("x-qs-fetch-source",
             "http://example.com/%41?a=b&c=%E4%B8%AD%201"),
            ("x-qs-meta-a-b", "inner  spaces"),
            ("x-qs-storage-class", "STANDARD_IA"),
            ("Content-Length", "0"),
        ):
            self.assertEqual(headers[name], expected, name)

    def test_header_values_cannot_inject_headers(self):
        for parameters in (
            {"cache_control": "a\r\nX: y"}, {"cache_control": "é"},
            {"x_qs_meta_data": {"a b": "x"}}, {"x_qs_meta_data": {"": "x"}},
            {"x_qs_meta_data": {"a": "x\n"}}, {"x_qs_meta_data": "a"},
            {"x_qs_meta_data": {"a": None}}, {"content_length": "-1"},
        ):
            with self.subTest(parameters=parameters):
                with self.assertRaises(ParameterInvalidError):
                    bucket().put_object_request("k", body=b"", **parameters)

    def test_values_are_checked(self):
        make = bucket()
        for call, error in (
            (lambda: make.put_acl_request(),
             "acl is required in PutBucketACLInput"),
            (lambda: make.upload_multipart_request("k", 0),
             "upload_id is required in UploadMultipartInput"),
            (lambda: make.put_acl_request([{"permission": "READ"}]),
             "grantee is required in acl"),
        ):
            with self.assertRaises(ParameterRequiredError) as caught:
                call()
            self.assertEqual(str(caught.exception), error)
        everyone = {"type": "group", "name": "QS_ALL_USERS"}
        with self.assertRaises(ParameterValueNotAllowedError) as caught:
            make.put_acl_request([{"grantee": everyone, "permission": "SING"}])
        self.assertEqual(caught.exception.parameter_name, "acl[0].permission")
        self.assertEqual(
            caught.exception.allowed_values, ["READ", "WRITE", "FULL_CONTROL"]
        )
        with self.assertRaises(ParameterValueNotAllowedError):
            make.put_object_request("k", x_qs_storage_class="ICE")
        for parameters in (
            {"acl": "READ"}, {"acl": 7}, {"acl": ["READ"]},
            {"acl": [{"grantee": 1, "permission": "READ"}]},
        ):
            with self.assertRaises(ParameterInvalidError):
                make.put_acl_request(**parameters)
        with self.assertRaises(ParameterInvalidError):
            make.list_objects_request(limit="many")
        with self.assertRaises(ParameterInvalidError):
            make.put_external_mirror_request(source_site=object())
        self.assertTrue(issubclass(ParameterError, QingStorError))
        # Optional parameters are keyword-only, because a new one would shift positional ones.
        self.assertRaises(TypeError, make.list_objects_request, "a", "/")

    def test_json_bodies(self):
        def sent(request):
            return json.loads(request.sign().body)

        make = bucket()
        self.assertEqual(sent(make.put_acl_request(acl=[])), {"acl": []})
        parts = [{"part_number": 0, "etag": '"e"', "new_field": None}]
        request = make.complete_multipart_upload_request("k", "u", parts)
        self.assertEqual(sent(request), {"object_parts": parts})
        statement = {
            "id": "one", "user": "*", "action": ["get_object"],
            "effect": "allow",
        }
        request = make.put_policy_request([statement])
        self.assertEqual(sent(request)["statement"][0]["user"], ["*"])
        self.assertEqual(sent(make.put_retention_request()), {})
        self.assertIsNone(make.get_acl_request().sign().body)

    def test_the_md5_of_a_list_is_computed(self):
        request = bucket().delete_multiple_objects_request([{"key": "中"}])
        headers = request.sign().headers
        self.assertEqual(len(headers["Content-MD5"]), 24)
        # Programs can pass the MD5 of JSON that they format differently.
        request = bucket().delete_multiple_objects_request(
            [{"key": "k"}], content_md5="given"
        )
        prepared = request.sign()
        digest = base64.b64encode(hashlib.md5(prepared.body).digest())
        self.assertEqual(prepared.headers["Content-MD5"], digest.decode())
        request = bucket().put_object_request("k", body=b"", content_md5="given")
        self.assertEqual(request.sign().headers["Content-MD5"], "given")

    def test_types_are_guessed_by_name(self):
        for key, expected in (
            ("a.jpg", "image/jpeg"), ("a", "application/octet-stream"),
        ):
            request = bucket().put_object_request(key, body=b"x")
            headers = request.sign().headers
            self.assertEqual(headers["Content-Type"], expected)
        request = bucket().put_object_request("a.jpg", content_type="a/b")
        self.assertEqual(request.sign().headers["Content-Type"], "a/b")
        request = bucket().upload_multipart_request("a.jpg", 0, "u", body=b"x")
        self.assertNotIn("Content-Type", request.sign().headers)

    def test_presigned(self):
        request = bucket().put_object_request(
            "a b.jpg", x_qs_storage_class="STANDARD"
        )
        prepared = request.sign_query(3600)
        url = urlsplit(prepared.url)
        self.assertEqual(url.path, "/my-bucket/a%20b.jpg")
        text = (
            "PUT\n\n\n3600\n"
            "x-qs-storage-class:STANDARD\n/my-bucket/a%20b.jpg"
        )
        self.assertEqual(parse_qs(url.query, strict_parsing=True), {
            "access_key_id": ["ID"],
            "expires": ["3600"],
            "signature": [sign.signature(SECRET, text)],
        })
        self.assertEqual(
            dict(prepared.headers), {"X-QS-Storage-Class": "STANDARD"}
        )
        with self.assertRaises(ParameterInvalidError):
            bucket().post_object_request("k", b"").sign_query(3600)
        with self.assertRaises(ConfigError):
            QingStor(Config()).list_buckets_request().sign_query(3600)

    def test_a_presigned_value_cannot_contain_an_ampersand(self):
        for value in ("&", "a&response-content-type=text/html"):
            request = bucket().get_object_request(
                "k", response_content_disposition=value
            )
            request.sign()
            with self.assertRaises(ParameterInvalidError):
                request.sign_query(3600)
        escaped = "attachment; filename*=utf-8''a%26b.txt"
        bucket().get_object_request(
            "k", response_content_disposition=escaped
        ).sign_query(3600)
        bucket().list_objects_request(prefix="a&b").sign_query(3600)

    def test_anonymous_calls_are_not_signed(self):
        prepared = QingStor(Config()).list_buckets_request().sign()
        self.assertNotIn("Authorization", prepared.headers)
        for config in (Config("ID"), Config("", "SECRET")):
            with self.assertRaises(ConfigError):
                QingStor(config).list_buckets_request().sign()

    def test_secrets_are_never_shown(self):
        key = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
        config = Config("ID", SECRET)
        handle = QingStor(config).Bucket("my-bucket", "pek3a")
        request = handle.get_object_request(
            "k", x_qs_encryption_customer_key=key
        )
        shown = [config, QingStor(config), handle, request, request.sign()]
        with self.assertRaises(ParameterInvalidError) as caught:
            handle.get_object_request(
                "k", x_qs_encryption_customer_key=key + "\n"
            )
        text = repr(shown) + str(caught.exception) + repr(caught.exception)
        self.assertNotIn(SECRET, text)
        self.assertNotIn(key, text)


class Bodies(unittest.TestCase):
    """All kinds of request bodies."""

    def test_lengths_and_content(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789" * 20_000)
            file.seek(150_000)
            for source, length, content in (
                ("é", 2, "é".encode()), (b"ab", 2, b"ab"), (b"", 0, b""),
                (bytearray(b"ab"), 2, b"ab"), (memoryview(b"ab"), 2, b"ab"),
                (io.BytesIO(b""), 0, b""),
                (file, 50_000, b"0123456789" * 5_000),
                (iter([b"a", b"", b"b"]), 2, b"ab"),
                ([b"a", b"b"], 2, b"ab"),
            ):
                body = Body(source)
                self.assertEqual(body.length, length)
                self.assertEqual(b"".join(body.chunks()), content)
                again = b"".join(body.chunks())
                self.assertEqual(again, content, "the body cannot be resent")

    def test_the_declared_length_is_enforced(self):
        for source, length in (
            ([b"a"], 2), ([b"abc"], 2), ([b"a", b"bc"], 2), (b"abc", 2),
        ):
            with self.assertRaises(ParameterInvalidError):
                list(Body(source, length).chunks())
        self.assertEqual(list(Body([b"a", b"b"], 2).chunks()), [b"a", b"b"])
        # A file that shrinks while it is being sent.
        file = io.BytesIO(b"abc")
        body = Body(file)
        file.truncate(1)
        self.assertRaises(ParameterInvalidError, list, body.chunks())

    def test_invalid_bodies_are_rejected(self):
        for source in (7, {"a": 1}, io.StringIO("text"), object()):
            with self.subTest(source=source):
                self.assertRaises(ParameterInvalidError, Body, source)
        self.assertRaises(ParameterInvalidError, Body, ["text"])
        body = Body(["text"], 4)
        self.assertRaises(ParameterInvalidError, list, body.chunks())


class Forms(unittest.TestCase):
    """Uploads in the form that browsers use."""

    def test_the_policy_covers_all_fields(self):
        request = bucket().post_object_request(
            "中/${filename}", b"content", x_qs_meta_data={"author": "lin"}
        )
        prepared = request.sign()
        self.assertNotIn("Authorization", prepared.headers)
        body = b"".join(prepared.body)
        self.assertEqual(str(len(body)), prepared.headers["Content-Length"])
        boundary = prepared.headers["Content-Type"].partition("boundary=")[2]
        parts = body.decode().split(f"--{boundary}")
        self.assertEqual((parts[0], parts[-1]), ("", "--\r\n"))
        fields = [part.strip("\r\n").split("\r\n\r\n") for part in parts[1:-1]]
        names = [
            head.partition('name="')[2].partition('"')[0] for head, _ in fields
        ]
        values = dict(zip(names, (value for _, value in fields)))
        self.assertEqual(names[-1], "file")
        policy = json.loads(base64.b64decode(values["policy"]))
        self.assertEqual(
            policy, {"key": "中/${filename}", "x-qs-meta-author": "lin"}
        )
        self.assertEqual(
            values["signature"], sign.signature(SECRET, values["policy"])
        )
        self.assertEqual(values["access_key_id"], "ID")

    def test_another_access_key_requires_a_policy_and_a_signature(self):
        with self.assertRaises(ParameterInvalidError):
            bucket().post_object_request("k", b"", access_key_id="ANOTHER")
        bucket().post_object_request(
            "k", b"", access_key_id="ANOTHER", policy="p", signature="s"
        )


class Settings(unittest.TestCase):
    """Sources of settings."""

    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        patch = mock.patch.dict(os.environ, {"HOME": self.home.name})
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, text):
        path = os.path.join(self.home.name, "given.yaml")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return path

    def test_a_file_of_the_official_sdk(self):
        path = self.write(
            "\ufeff---\r\n# QingStor\n\n"
            "access_key_id: 'it''s' # whose\n"
            'secret_access_key: "a\\"\\u00e9 # b"\n'
            "host: stor.example.com  # c\n"
            "port: 8080\nprotocol: HTTP\nconnection_retries: 5\ntimeout: 2.5\n"
            "log_level: debug\nenable_virtual_host_style: True\nzone:\n"
            "qsctl_only: ~\n"
        )
        config = Config().load_config_from_filepath(path)
        self.assertEqual(
            (config.access_key_id, config.secret_access_key, config.host),
            ("it's", 'a"é # b', "stor.example.com"),
        )
        self.assertEqual(
            (config.port, config.protocol, config.connection_retries),
            (8080, "http", 5),
        )
        self.assertEqual((config.timeout, config.zone), (2.5, ""))
        self.assertIs(config.enable_virtual_host_style, True)

    def test_unsupported_yaml_is_rejected_with_its_line(self):
        for text, message in (
            ("a: 1\n  b: 2\n", ":2: expected 'key: value'"),
            ("http:\n  port: 1\n", ":2: expected 'key: value'"),
            ("- a\n", ":1: expected 'key: value'"),
            ("host:x\n", ":1: expected 'key: value'"),
            ("host: [a]\n", ":1: host: only plain"),
            ("host: *a\n", ":1: host: only plain"),
            ("host: |\n", ":1: host: only plain"),
            ("host: 'a\n", ":1: host: expected a closing '"),
            ("host: \"a\" b\n", ':1: host: expected a closing "'),
            ("host: \"\\x\"\n", ":1: host: an escape"),
            ("host: a: b\n", ":1: host: text with a colon"),
            ("host: a\nhost: b\n", ":2: host is there twice"),
            ("secret_access_key: 0123\n", "_key must be in quotes"),
            ("secret_access_key: 0x1F\n", "_key must be in quotes"),
            ("access_key_id: true\n", "access_key_id must be in quotes"),
            ("port: http\n", ":1: port must be a number"),
            ("port: 65536\n", ":1: port must be a number from 1"),
            ("timeout: nan\n", ":1: timeout must be a number of seconds"),
            ("log_level: loud\n", ":1: log_level must be one of"),
            ("protocol: ftp\n", ":1: protocol must be http or https"),
            ("enable_virtual_host_style: maybe\n", "must be true or"),
        ):
            with self.subTest(text=text):
                with self.assertRaises(ConfigError) as caught:
                    Config().load_config_from_filepath(self.write(text))
                self.assertIn(message, str(caught.exception))

    def test_invalid_settings_are_rejected(self):
        with self.assertRaises(ConfigError) as caught:
            Config().load_config_from_data({"hots": "a"})
        self.assertIn("'hots'", str(caught.exception))
        config = Config("A", "B")
        with self.assertRaises(ConfigError):
            config.load_config_from_data({"host": "other", "port": -1})
        self.assertEqual(config.host, "qingstor.com", "settings were applied partially")
        self.assertEqual(repr(config), "<Config 'A'>")

    def test_the_user_file_is_written_once_and_readable_by_the_user_only(self):
        config = Config("A", "B").load_user_config()
        path = config.get_user_config_file_path()
        self.assertTrue(path.startswith(self.home.name), path)
        self.assertEqual(config.access_key_id, "")
        if sys.platform != "win32":
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "w") as file:
            file.write("access_key_id: MINE\nsecret_access_key: mine\n")
        self.assertRaises(FileExistsError, config.install_default_user_config)
        self.assertEqual(Config().load_user_config().access_key_id, "MINE")
        self.assertEqual(Config.load().access_key_id, "MINE")

    def test_the_environment_overrides_the_file(self):
        path = self.write("access_key_id: F\nsecret_access_key: f\nport: 1\n")
        environment = {
            "QINGSTOR_CONFIG_PATH": path,
            "QINGSTOR_ACCESS_KEY_ID": "E",
            "QINGSTOR_SECRET_ACCESS_KEY": "e",
            "QINGSTOR_HOST": "",
            "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE": "on",
        }
        with mock.patch.dict(os.environ, environment):
            config = Config.load()
            self.assertEqual(
                (config.access_key_id, config.host, config.port),
                ("E", "qingstor.com", 1),
            )
            self.assertTrue(config.enable_virtual_host_style)
            del os.environ["QINGSTOR_SECRET_ACCESS_KEY"]
            self.assertRaises(ConfigError, Config.load)
            os.environ["QINGSTOR_SECRET_ACCESS_KEY"] = ""
            self.assertRaises(ConfigError, Config.load)
            os.environ["QINGSTOR_ACCESS_KEY_ID"] = ""
            self.assertEqual(Config.load().access_key_id, "F")
        with mock.patch.dict(os.environ, {"QINGSTOR_PORT": "x"}):
            with self.assertRaises(ConfigError) as caught:
                Config.load()
            self.assertIn("QINGSTOR_PORT (environment)", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
