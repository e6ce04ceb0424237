"""Call every operation of the package against a service."""

import base64
import contextlib
import gzip
import hashlib
import io
import os
import struct
import tempfile
import threading
import time
import unittest
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests

from qingstor.sdk.config import Config
from qingstor.sdk.error import IncompleteBodyError, ParameterInvalidError
from qingstor.sdk.service.qingstor import QingStor

ENDPOINT = os.environ["TEST_ENDPOINT"]
ACCESS_KEY_ID = os.environ["TEST_ACCESS_KEY_ID"]
SECRET_ACCESS_KEY = os.environ["TEST_SECRET_ACCESS_KEY"]

UNUSUAL_KEYS = (
    "a b", " ", "a+b", "a%2Fb", "a/b", "%", "a?b", "a?acl", "a#b", "a//b",
    "a///", "folder/", "a;b", "a&b=c", "'single' \"double\"", "back\\slash",
    "<>{}[]|^`", "~-._", "a:b@c", "%2e%2e/%2E", "...", ".hidden",
    "中文/测试.txt", "مرحبا", "\u202eright to left", "e\u0301", "\u00e9",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "tab\there", "line\nfeed\r",
    "nul\0and\x1f", "k" * 1023,
)


def config():
    return Config(ACCESS_KEY_ID, SECRET_ACCESS_KEY).load_config_from_data(
        {"endpoint": ENDPOINT}
    )


def png():
    """Return an image of one grey pixel."""
    def chunk(kind, data):
        checked = kind + data
        length = struct.pack(">I", len(data))
        return length + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join((
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(b"\0\x80")),
        chunk(b"IEND", b""),
    ))


class Case(unittest.TestCase):
    """A test case whose class has its own bucket."""

    name = ""

    @classmethod
    def setUpClass(cls):
        cls.qingstor = QingStor(config())
        cls.addClassCleanup(cls.qingstor.client.session.close)
        cls.bucket = cls.qingstor.Bucket(cls.name, "pek3a")
        output = cls.bucket.put()
        assert output.status_code == 201, output

    def assertStatus(self, output, status):
        self.assertEqual(output.status_code, status, dict(output))
        return output


class OfficialLines(unittest.TestCase):
    """Example code from the documentation of the official SDK."""

    def test_the_examples(self):
        config = Config(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        host, port = ENDPOINT[len("http://"):].split(":")
        config.host, config.port, config.protocol = host, int(port), "http"
        qingstor = QingStor(config)
        self.addCleanup(qingstor.client.session.close)

        bucket = qingstor.Bucket('test-bucket', 'pek3a')
        output = bucket.put()
        self.assertEqual(output.status_code, 201)

        output = qingstor.list_buckets()
        self.assertEqual(output.status_code, 200)
        self.assertIn('test-bucket', [b['name'] for b in output['buckets']])

        with tempfile.TemporaryFile() as f:
            f.write(b'content')
            f.seek(0)
            output = bucket.put_object('example_key', body=f)
        self.assertEqual(output.status_code, 201)

        output = bucket.get_object('example_key')
        self.assertEqual(output.status_code, 200)
        self.assertEqual(output.content, b'content')

        output = bucket.put_acl(acl=[{
            'grantee': {'type': 'group', 'name': 'QS_ALL_USERS'},
            'permission': 'FULL_CONTROL',
        }])
        self.assertEqual(output.status_code, 200)
        output = bucket.get_acl()
        self.assertEqual(output['acl'][0]['permission'], 'FULL_CONTROL')

        req = bucket.get_object_request('example_key')
        prepared = req.sign_query(int(time.time()) + 60)
        resp = requests.Session().send(prepared)
        self.assertEqual(resp.content, b'content')

        output = bucket.delete_object('example_key')
        self.assertEqual(output.status_code, 204)
        output = bucket.get_object('example_key')
        self.assertEqual(output.status_code, 404)
        self.assertEqual(output['code'], 'object_not_exists')
        self.assertTrue(output['request_id'])
        self.assertFalse(output.ok)
        output = bucket.delete()
        self.assertEqual(output.status_code, 204)


class Settings(Case):
    """Put, read and delete each setting of a bucket."""

    name = "settings-bucket"

    def round_trip(self, setting, field=None, **given):
        put = getattr(self.bucket, f"put_{setting}")
        self.assertStatus(put(**given), 200)
        output = self.assertStatus(
            getattr(self.bucket, f"get_{setting}")(), 200
        )
        if field is not None:
            self.assertEqual(output[field], given[field])
        delete = getattr(self.bucket, f"delete_{setting}", None)
        if delete is not None and setting != "cname":
            self.assertStatus(delete(), 204)

    def test_bucket(self):
        self.assertStatus(self.bucket.head(), 200)
        self.assertEqual(
            self.assertStatus(self.bucket.get_statistics(), 200)["name"],
            self.name,
        )
        output = self.assertStatus(self.qingstor.list_locations(), 200)
        self.assertTrue(output["locations"])
        other = self.qingstor.Bucket(self.name, "PEK3A")
        output = self.assertStatus(other.put(), 409)
        self.assertEqual(output["code"], "bucket_already_exists")

    def test_acl(self):
        self.round_trip("acl", acl=[
            {"grantee": {"type": "group", "name": "QS_ALL_USERS"},
             "permission": "READ"},
        ])

    def test_cname(self):
        self.round_trip("cname", domain="www.example.com", type="website")
        output = self.bucket.get_cname(type="website")
        self.assertEqual(
            output["cname_records"][0]["domain"], "www.example.com"
        )
        self.assertStatus(self.bucket.delete_cname("www.example.com"), 204)

    def test_cors(self):
        self.round_trip("cors", "cors_rules", cors_rules=[
            {"allowed_origin": "http://example.com",
             "allowed_methods": ["GET", "PUT"], "max_age_seconds": 0},
        ])

    def test_external_mirror(self):
        self.round_trip("external_mirror", "source_site",
                        source_site="https://example.com/something/")

    def test_lifecycle(self):
        self.round_trip("lifecycle", rule=[
            {"id": "logs", "status": "enabled", "filter": {"prefix": "logs/"},
             "expiration": {"days": 90}},
        ])

    def test_logging(self):
        logs = self.qingstor.Bucket("logging-bucket", "pek3a")
        self.assertStatus(logs.put(), 201)
        self.round_trip("logging", "target_bucket",
                        target_bucket="logging-bucket", target_prefix="l/")

    def test_notification(self):
        self.round_trip("notification", notifications=[
            {"id": "tell", "event_types": ["create_object"],
             "cloudfunc": "notifier", "notify_url": "http://example.com/"},
        ])

    def test_policy(self):
        self.round_trip("policy", statement=[
            {"id": "all", "user": "*", "action": ["get_object"],
             "effect": "allow", "resource": [f"{self.name}/*"]},
        ])

    def test_replication(self):
        # The zone comes from the host.
        copies = self.qingstor.Bucket("replica-bucket", "sh1a")
        prepared = copies.put_request().sign()
        prepared.headers["Host"] = "sh1a.qingstor.com"
        response = requests.Session().send(prepared)
        self.assertEqual(response.status_code, 201, response.text)
        self.round_trip("replication", rules=[
            {"id": "all", "status": "enabled", "filters": {"prefix": "a/"},
             "destination": {"bucket": "replica-bucket"}},
        ])

    def test_retention(self):
        kept = self.qingstor.Bucket("kept-bucket", "pek3a")
        self.assertStatus(kept.put(), 201)
        output = self.assertStatus(kept.put_retention(days=1), 200)
        self.assertTrue(output.headers["x-qs-worm-id"])

    def test_versioning(self):
        versions = self.qingstor.Bucket("versions-bucket", "pek3a")
        self.assertStatus(versions.put(), 201)
        self.assertStatus(versions.put_versioning("ENABLED"), 200)
        output = self.assertStatus(versions.get_versioning(), 200)
        self.assertEqual(output["status"], "ENABLED")
        put = [versions.put_object("k", body=body) for body in (b"1", b"2")]
        first = put[0].headers["x-qs-version-id"]
        output = versions.get_object("k", version_id=first)
        self.assertEqual(output.content, b"1")
        output = self.assertStatus(versions.list_object_versions(), 200)
        self.assertEqual(len(output["keys"]), 2, dict(output))


class Objects(Case):
    """Object content in all forms, and unusual keys."""

    name = "objects-bucket"

    def test_unusual_keys(self):
        for key in UNUSUAL_KEYS:
            with self.subTest(key=key):
                content = hashlib.md5(key.encode()).digest()
                put = self.bucket.put_object(key, body=content)
                self.assertStatus(put, 201)
                self.assertStatus(self.bucket.head_object(key), 200)
                self.assertEqual(self.bucket.get_object(key).content, content)
                expires = int(time.time()) + 60
                request = self.bucket.get_object_request(key)
                url = request.sign_query(expires).url
                with urllib.request.urlopen(url) as response:
                    self.assertEqual(response.read(), content)
                copy = self.bucket.put_object(
                    "copy", x_qs_copy_source=f"/{self.name}/{key}"
                )
                self.assertStatus(copy, 201)
                self.assertEqual(
                    self.bucket.get_object("copy").content, content
                )
        found, marker = set(), None
        while marker != "":
            page = self.bucket.list_objects(limit=7, marker=marker)
            found.update(key["key"] for key in page["keys"])
            marker = page.get("next_marker") or ""
        self.assertLessEqual(set(UNUSUAL_KEYS), found)
        keys = [{"key": key} for key in found]
        output = self.bucket.delete_multiple_objects(objects=keys, quiet=True)
        self.assertStatus(output, 200)
        self.assertFalse(output.get("errors"))

    def test_bodies(self):
        content = bytes(range(256)) * 1024
        piece = io.BytesIO(b"skipped" + content)
        piece.seek(7)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        pieces = (content[at:at + 1000] for at in range(0, len(content), 1000))
        for body, more in (
            (content, {}), (bytearray(content), {}), (piece, {}),
            (pieces, {"content_length": len(content)}),
            (stack.enter_context(pipe(content)), {}),
        ):
            output = self.bucket.put_object("body", body=body, **more)
            self.assertStatus(output, 201)
            output = self.bucket.get_object("body")
            self.assertEqual(b"".join(output.iter_content(777)), content)
        with self.bucket.get_object("body", range="bytes=1-3") as output:
            self.assertStatus(output, 206)
            self.assertEqual(list(output.iter_content()), [b"\1\2\3"])
            self.assertEqual(output.headers["content-length"], "3")
        output = self.bucket.put_object("body", body=b"x", content_md5="AAAA")
        self.assertFalse(output.ok)

    def test_metadata_and_conditions(self):
        output = self.bucket.put_object(
            "meta.txt", body="é", x_qs_meta_data={"Author": "li n"},
            x_qs_storage_class="STANDARD_IA",
        )
        self.assertStatus(output, 201)
        output = self.bucket.head_object("meta.txt")
        self.assertEqual(output.headers["x-qs-meta-author"], "li n")
        self.assertEqual(output.headers["Content-Type"], "text/plain")
        self.assertEqual(output.headers["x-qs-storage-class"], "STANDARD_IA")
        etag = output.headers["ETag"]
        output = self.bucket.get_object("meta.txt", if_none_match=etag)
        self.assertStatus(output, 304)
        output = self.bucket.get_object(
            "meta.txt", response_content_type="a/b; c=\"d +\""
        )
        self.assertEqual(output.headers["Content-Type"], "a/b; c=\"d +\"")

    def test_content_is_not_decoded(self):
        packed = gzip.compress(b"content" * 100)
        self.bucket.put_object("gz", body=packed, content_encoding="gzip")
        self.assertEqual(self.bucket.get_object("gz").content, packed)
        document = b'{"status_code": 1}'
        self.bucket.put_object(
            "a.json", body=document, content_type="application/json"
        )
        output = self.bucket.get_object("a.json")
        self.assertEqual((dict(output), output.content), ({}, document))

    def test_a_customer_key(self):
        key = bytes(range(32))
        own = {
            "x_qs_encryption_customer_algorithm": "AES256",
            "x_qs_encryption_customer_key": base64.b64encode(key).decode(),
            "x_qs_encryption_customer_key_md5": base64.b64encode(
                hashlib.md5(key).digest()
            ).decode(),
        }
        self.assertStatus(self.bucket.put_object("e", body=b"x", **own), 201)
        self.assertEqual(self.bucket.get_object("e", **own).content, b"x")
        self.assertFalse(self.bucket.get_object("e").ok)

    def test_multipart(self):
        output = self.bucket.initiate_multipart_upload("big.bin")
        upload_id = self.assertStatus(output, 200)["upload_id"]
        parts = [b"a" * (4 << 20), b"b"]
        for number, part in enumerate(parts):
            output = self.bucket.upload_multipart(
                "big.bin", part_number=str(number), upload_id=upload_id,
                body=part,
            )
            self.assertStatus(output, 201)
        output = self.bucket.list_multipart("big.bin", upload_id=upload_id)
        self.assertEqual(self.assertStatus(output, 200)["count"], 2)
        output = self.assertStatus(self.bucket.list_multipart_uploads(), 200)
        self.assertEqual(output["uploads"][0]["upload_id"], upload_id)
        output = self.bucket.complete_multipart_upload(
            "big.bin", upload_id=upload_id,
            object_parts=[{"part_number": 0}, {"part_number": 1}],
        )
        self.assertStatus(output, 201)
        content = self.bucket.get_object("big.bin").content
        self.assertEqual(content, b"".join(parts))
        upload_id = self.bucket.initiate_multipart_upload("no")["upload_id"]
        output = self.bucket.abort_multipart_upload("no", upload_id)
        self.assertStatus(output, 204)

    def test_append_options_image_and_form(self):
        output = self.bucket.append_object("log", position=0, body=b"one")
        self.assertStatus(output, 200)
        self.bucket.append_object("log", position=3, body=b"two")
        self.assertEqual(self.bucket.get_object("log").content, b"onetwo")
        output = self.bucket.options_object(
            "log", origin="http://example.com",
            access_control_request_method="GET",
        )
        self.assertStatus(output, 200)
        self.bucket.put_object("pixel.png", body=png())
        output = self.bucket.image_process("pixel.png", action="info")
        self.assertStatus(output, 200)
        self.assertIn(b"width", output.content)
        form = self.bucket.post_object(
            "form/é", io.BytesIO(b"from a form"),
            x_qs_meta_data={"author": "lin"},
        )
        self.assertStatus(form, 201)
        self.assertEqual(
            self.bucket.get_object("form/é").content, b"from a form"
        )

    def test_presigned_uploads(self):
        expires = int(time.time()) + 60
        request = self.bucket.put_object_request(
            "presigned", x_qs_meta_data={"a": "b"}
        )
        prepared = request.sign_query(expires)
        response = requests.put(
            prepared.url, data=b"content", headers=dict(prepared.headers)
        )
        self.assertEqual(response.status_code, 201, response.text)
        output = self.bucket.get_object("presigned")
        self.assertEqual(output.content, b"content")
        response = requests.put(prepared.url, data=b"content")
        self.assertEqual(response.status_code, 401, "the header is signed")
        late = request.sign_query(int(time.time()) - 60)
        response = requests.put(late.url, headers=dict(late.headers))
        self.assertEqual(response.status_code, 403)

    def test_a_bucket_in_the_host(self):
        settings = {"protocol": "http", "enable_virtual_host_style": True}
        virtual = QingStor(
            Config(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
            .load_config_from_data(settings)
        ).Bucket(self.name, "pek3a")
        self.bucket.put_object("a b", body=b"content")
        for request, expected in (
            (virtual.get_object_request("a b"), b"content"),
            (virtual.get_acl_request(), None),
        ):
            prepared = request.sign()
            origin, path = prepared.url.split(".com/")
            prepared.headers["Host"] = origin[len("http://"):] + ".com"
            prepared.url = f"{ENDPOINT}/{path}"
            response = requests.Session().send(prepared)
            self.assertEqual(response.status_code, 200, response.text)
            if expected is not None:
                self.assertEqual(response.content, expected)

    def test_error_responses(self):
        wrong = QingStor(Config(ACCESS_KEY_ID, "wrong").load_config_from_data(
            {"endpoint": ENDPOINT}
        ))
        self.addCleanup(wrong.client.session.close)
        output = self.assertStatus(wrong.list_buckets(), 401)
        self.assertEqual(output["code"], "signature_not_matched")
        output = self.bucket.head_object("missing")
        self.assertEqual((output.status_code, dict(output)), (404, {}))
        with self.assertRaises(ParameterInvalidError):
            self.bucket.put_object("text", body=io.StringIO("text"))


def pipe(content):
    """Return a readable file without a known length."""
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "wb") as file:
            file.write(content)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


class Faulty(BaseHTTPRequestHandler):
    """Responds like a proxy or a broken service."""

    def do_GET(self):
        if self.path.startswith("/my-bucket/moved"):
            self.send_response(301)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"<html>" if self.path.startswith("/my-bucket/page") else b"ab"
        self.send_response(502 if body == b"<html>" else 200)
        length = 6 if body == b"<html>" else 1000
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Faults(unittest.TestCase):
    """Invalid responses and connection failures."""

    def setUp(self):
        server = HTTPServer(("127.0.0.1", 0), Faulty)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.qingstor = QingStor(config().load_config_from_data(
            {"endpoint": f"http://127.0.0.1:{server.server_port}"}
        ))
        self.addCleanup(self.qingstor.client.session.close)
        self.bucket = self.qingstor.Bucket("my-bucket", "pek3a")

    def test_a_truncated_body_is_an_error(self):
        output = self.bucket.get_object("short")
        with self.assertRaises(IncompleteBodyError):
            list(output.iter_content())

    def test_redirects_are_returned(self):
        output = self.bucket.get_object("moved")
        self.assertEqual(output.status_code, 301)
        self.assertIn("elsewhere", output.headers["Location"])

    def test_error_pages_of_proxies_are_not_decoded(self):
        output = self.bucket.get_object("page")
        self.assertEqual((output.status_code, dict(output)), (502, {}))
        self.assertEqual(output.content, b"<html>")

    def test_an_unreachable_service(self):
        unreachable = QingStor(config().load_config_from_data(
            {"endpoint": "http://127.0.0.1:1", "connection_retries": 1}
        ))
        self.addCleanup(unreachable.client.session.close)
        self.assertRaises(requests.ConnectionError, unreachable.list_buckets)


if __name__ == "__main__":
    unittest.main()
