"""Run programs for the official package against a service."""

import base64
import copy
import functools
import hashlib
import io
import json
import os
import pickle
import tempfile
import unittest

import requests

import qingstor.sdk
from qingstor.sdk import constant
from qingstor.sdk.client.upload_client import UploadClient
from qingstor.sdk.config import Config
from qingstor.sdk.error import ParameterInvalidError, UploadError
from qingstor.sdk.service.bucket import Bucket
from qingstor.sdk.service.qingstor import QingStor
from qingstor.sdk.unpack import Unpacker
from qingstor.sdk.utils.file_chunk import FileChunk

ENDPOINT = os.environ["TEST_ENDPOINT"]
PART_SIZE = 4 << 20


def service():
    config = Config(
        os.environ["TEST_ACCESS_KEY_ID"], os.environ["TEST_SECRET_ACCESS_KEY"]
    )
    host, port = ENDPOINT[len("http://"):].split(":")
    # Like programs for the official package, which has no setting ``endpoint``.
    config.host, config.port, config.protocol = host, int(port), "http"
    return QingStor(config)


class Case(unittest.TestCase):
    """A test case whose tests share a bucket."""

    @classmethod
    def setUpClass(cls):
        cls.qingstor = service()
        cls.addClassCleanup(cls.qingstor.client.close)
        cls.bucket = cls.qingstor.Bucket("drop-in-bucket", "pek3a")
        cls.bucket.put()

    def content(self, key):
        output = self.bucket.get_object(key)
        self.assertEqual(output.status_code, 200, dict(output))
        return output.content

    def uploads(self):
        return self.bucket.list_multipart_uploads()["uploads"]


class Unseekable(io.RawIOBase):
    """A stream without a position that returns few bytes per read, like a pipe."""

    def __init__(self, content):
        self._source = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), 1000)
        return self._source.readinto(memoryview(buffer)[:count])


class Uploads(Case):
    """Tests of ``UploadClient``."""

    data = os.urandom(2 * PART_SIZE + 12345)

    def test_files(self):
        client = UploadClient(self.bucket, PART_SIZE)
        for size in (0, 1, PART_SIZE, PART_SIZE + 1, len(self.data)):
            with tempfile.TemporaryFile() as file:
                file.write(self.data[:size])
                # The position is at the end. The client reads from the start.
                client.upload("file", file)
            self.assertEqual(self.content("file"), self.data[:size])
        self.assertEqual(self.uploads(), [])

    def test_a_part_size_that_is_not_a_multiple_of_the_segment_size(self):
        client = UploadClient(self.bucket, PART_SIZE + 5)
        client.upload("odd", io.BytesIO(self.data), "text/plain")
        self.assertEqual(self.content("odd"), self.data)
        head = self.bucket.head_object("odd")
        self.assertEqual(head.headers["Content-Type"], "text/plain")

    def test_a_stream(self):
        client = UploadClient(self.bucket, PART_SIZE)
        client.upload("stream", Unseekable(self.data))
        self.assertEqual(self.content("stream"), self.data)

    def test_hooks(self):
        calls = []
        client = UploadClient(self.bucket)
        hooks = {"read": [functools.partial(calls.append, 1)]}
        client.upload("hooks", io.BytesIO(bytes(10_000)), hooks=hooks)
        # Ten reads of up to 1024 bytes, and the reads that return nothing.
        self.assertGreaterEqual(len(calls), 10)
        with self.assertRaises(ValueError):
            client.upload("k", io.BytesIO(b""), hooks={"read": ["no function"]})
        self.assertEqual(self.uploads(), [])

    def test_a_failed_upload_is_aborted(self):
        class Broken(io.BytesIO):
            def read(self, size=-1):
                if self.tell() >= PART_SIZE:
                    raise OSError("the disk failed")
                return super().read(size)

        client = UploadClient(self.bucket, PART_SIZE)
        with self.assertRaisesRegex(OSError, "disk"):
            client.upload("broken", Broken(self.data))
        self.assertEqual(self.bucket.head_object("broken").status_code, 404)
        self.assertEqual(self.uploads(), [])

    def test_error_responses_are_raised(self):
        # All parts except the last must have at least 4 MiB.
        client = UploadClient(self.bucket, 1000)
        with self.assertRaises(UploadError) as caught:
            client.upload("small", io.BytesIO(bytes(3000)))
        self.assertTrue(caught.exception.code, caught.exception)
        self.assertIn(caught.exception.request_id, str(caught.exception))
        self.assertEqual(self.uploads(), [])
        missing = self.qingstor.Bucket("missing-bucket", "pek3a")
        with self.assertRaises(UploadError):
            UploadClient(missing).upload("k", io.BytesIO(b"content"))

    def test_resume(self):
        parts = [
            self.data[at:at + PART_SIZE]
            for at in range(0, len(self.data), PART_SIZE)
        ]
        for present in (
            {}, {0: parts[0]}, {2: parts[2]}, {1: parts[1], 2: parts[2]},
            dict(enumerate(parts)),
            # A part from an attempt with another part size.
            {0: parts[0] + b"more", 1: parts[1]},
            # A part after the end of the file.
            {0: parts[0], 7: b"more"},
        ):
            output = self.bucket.initiate_multipart_upload("resumed")
            upload_id = output["upload_id"]
            for number, part in present.items():
                output = self.bucket.upload_multipart(
                    "resumed", number, upload_id, body=part
                )
                self.assertEqual(output.status_code, 201)
            client = UploadClient(self.bucket, PART_SIZE)
            client.resume("resumed", io.BytesIO(self.data), upload_id)
            self.assertEqual(self.content("resumed"), self.data)

    def test_resume_reads_all_pages_of_parts(self):
        uploaded = []

        class Paged(Bucket):
            def list_multipart(self, *args, **kwargs):
                return super().list_multipart(*args, limit=2, **kwargs)

            def upload_multipart(self, *args, part_number, **kwargs):
                uploaded.append(part_number)
                return super().upload_multipart(
                    *args, part_number=part_number, **kwargs
                )

        data = os.urandom(4 * PART_SIZE + 1)
        bucket = Paged(
            self.bucket.config, self.bucket.properties, self.bucket.client
        )
        upload_id = bucket.initiate_multipart_upload("paged")["upload_id"]
        for number in range(4):
            part = data[number * PART_SIZE:(number + 1) * PART_SIZE]
            bucket.upload_multipart(
                "paged", part_number=number, upload_id=upload_id, body=part
            )
        uploaded.clear()
        UploadClient(bucket, PART_SIZE).resume(
            "paged", io.BytesIO(data), upload_id
        )
        self.assertEqual(uploaded, [4])
        self.assertEqual(self.content("paged"), data)

    def test_a_failed_resume_can_be_resumed(self):
        output = self.bucket.initiate_multipart_upload("later")
        upload_id = output["upload_id"]
        client = UploadClient(self.bucket, PART_SIZE)
        with self.assertRaises(OSError):
            client.resume("later", Unseekable(self.data), upload_id)
        with self.assertRaises(UploadError):
            client.resume("later", io.BytesIO(self.data), "0" * 32)
        client.resume("later", io.BytesIO(self.data), upload_id)
        self.assertEqual(self.content("later"), self.data)


class Chunks(unittest.TestCase):
    """Tests of ``FileChunk``."""

    def test_sizes(self):
        self.assertEqual(constant.PART_SIZE, 64 << 20)
        for size, part_size, parts in (
            (0, 10, 0), (1, 10, 1), (10, 10, 1), (11, 10, 2),
            (5000, 1024, 5), (5000, 1500, 4),
        ):
            data = os.urandom(size)
            chunk = FileChunk(io.BytesIO(data), part_size)
            self.assertEqual((chunk.size, chunk.parts), (size, parts))
            found = list(chunk)
            self.assertEqual(b"".join(found), data)
            self.assertEqual(len(found), parts)
            self.assertTrue(all(len(part) == part_size for part in found[:-1]))
            if parts > 1:
                chunk.seek(1)
                self.assertEqual(chunk.read_part(), found[1])
        self.assertRaises(ValueError, FileChunk, io.BytesIO(), 0)

    def test_defaults(self):
        chunk = FileChunk(io.BytesIO(bytes(5000)))
        self.assertEqual((chunk.segments, chunk.hooks), (65536, {}))
        self.assertEqual(len(chunk.read()), constant.SEGMENT_SIZE)
        self.assertTrue(chunk.seekable)
        chunk = FileChunk(Unseekable(bytes(5000)))
        self.assertFalse(chunk.seekable)
        self.assertRaises(OSError, chunk.seek, 1)


class Sessions(Case):
    """Tests of ``service.client``, which is a session of ``requests``."""

    def test_calls_use_the_session(self):
        client = self.qingstor.client
        self.assertIsInstance(client, requests.Session)
        self.assertIs(self.bucket.client, client)
        self.assertEqual(client.head(ENDPOINT + "/_health").status_code, 200)

    def test_signed_requests(self):
        request = self.bucket.put_object_request("signed", body=b"content")
        prepared = request.sign()
        self.assertIsInstance(prepared, requests.PreparedRequest)
        for session in (self.qingstor.client, requests.Session()):
            response = session.send(prepared)
            self.assertEqual(response.status_code, 201)
            output = Unpacker(response)
            self.assertTrue(output.ok)
            self.assertEqual(dict(output), {})
        del prepared.headers["Authorization"]
        prepared.headers["Date"] = "Sun, 29 Nov 2015 00:00:00 GMT"
        self.assertIs(prepared.sign(), prepared)
        self.assertEqual(requests.Session().send(prepared).status_code, 201)
        response = self.qingstor.client.send(
            self.bucket.get_object_request("signed").sign()
        )
        self.assertEqual(response.content, b"content")
        refused = self.bucket.get_object_request("missing").sign()
        output = Unpacker(self.qingstor.client.send(refused))
        self.assertEqual(output["code"], "object_not_exists")

    def test_any_session_can_send(self):
        with requests.Session() as session:
            bucket = Bucket(
                self.qingstor.config,
                {"bucket-name": "drop-in-bucket", "zone": "PEK3A"},
                session,
            )
            self.assertEqual(bucket.properties["zone"], "pek3a")
            self.assertEqual(bucket.head().status_code, 200)

    def test_a_session_whose_send_is_replaced(self):
        qingstor = service()
        self.addCleanup(qingstor.client.close)
        qingstor.client.send = functools.partial(
            qingstor.client.send, timeout=20
        )
        self.assertEqual(qingstor.list_buckets().status_code, 200)

    def test_copies_send(self):
        self.bucket.put_object("copied", body="content")
        for copied in (
            copy.deepcopy(self.bucket),
            pickle.loads(pickle.dumps(self.bucket)),
            pickle.loads(pickle.dumps(self.qingstor)).Bucket(
                "drop-in-bucket", "pek3a"
            ),
        ):
            content = copied.get_object("copied").content
            self.assertEqual(content, b"content")
        session = pickle.loads(pickle.dumps(self.qingstor.client))
        with session:
            request = self.bucket.get_object_request("copied").sign()
            self.assertEqual(session.send(request).status_code, 200)

    def test_proxies_of_a_session(self):
        qingstor = service()
        self.addCleanup(qingstor.client.close)
        qingstor.config.host = "stor.example.com"
        qingstor.client.proxies = {"http": ENDPOINT}
        qingstor.client.trust_env = False
        # The proxy is the service itself. It receives the absolute URL.
        self.assertEqual(qingstor.list_buckets().status_code, 200)


class Reader:
    """A file-like object with a length that ignores the requested read size."""

    def __init__(self, content):
        self._source = io.BytesIO(content)
        self._length = len(content)

    def __len__(self):
        return self._length

    def read(self, size=None):
        return self._source.read(100_000)


class Calls(Case):
    """Arguments that programs for the official package pass to calls."""

    def test_files_that_were_opened_as_text(self):
        content = "text é\r\n".encode() * 1000
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            with open(path, "wb") as file:
                file.write(content)
            with open(path, encoding="utf-8") as file:
                self.bucket.put_object("text", body=file)
            self.assertEqual(self.content("text"), content)
            with open(path, encoding="utf-8", newline="") as file:
                line = file.readline()
                self.bucket.put_object("text", body=file)
            rest = content[len(line.encode()):]
            self.assertEqual(self.content("text"), rest)
            with open(path, encoding="utf-8") as file:
                self.bucket.post_object("text", file)
            self.assertEqual(self.content("text"), content)
        with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as file:
            file.write("written é")
            file.seek(0)
            self.bucket.put_object("text", body=file)
            self.assertEqual(self.content("text"), "written é".encode())
        with self.assertRaises(ParameterInvalidError):
            self.bucket.put_object("text", body=io.StringIO("text"))

    def test_a_reader_that_knows_its_length(self):
        content = os.urandom(250_000)
        request = self.bucket.put_object_request("reader", body=Reader(content))
        prepared = request.sign()
        self.assertEqual(prepared.headers["Content-Length"], "250000")
        self.assertEqual(self.bucket.client.send(prepared).status_code, 201)
        self.assertEqual(self.content("reader"), content)

    def test_the_md5_of_the_json_of_another_program(self):
        keys = [{"key": "k 1"}, {"key": "中文"}]
        theirs = json.dumps({"objects": keys, "quiet": False}, sort_keys=True)
        digest = hashlib.md5(theirs.encode()).digest()
        for given in (
            base64.b64encode(digest).decode(), digest.hex(), "object_md5",
        ):
            for key in keys:
                self.bucket.put_object(key["key"], body=b"x")
            output = self.bucket.delete_multiple_objects(
                objects=keys, content_md5=given
            )
            self.assertEqual(output.status_code, 200, dict(output))
            self.assertEqual(len(output["deleted"]), 2)
        # The MD5 of an object's content is sent unchanged.
        output = self.bucket.put_object("k", body=b"x", content_md5=given)
        self.assertFalse(output.ok)

    def test_a_string_instead_of_a_list_of_strings(self):
        output = self.bucket.put_notification([{
            "id": "one", "event_types": "create_object",
            "cloudfunc": "tupu-porn",
        }])
        self.assertEqual(output.status_code, 200, dict(output))
        output = self.bucket.get_notification()
        found = output["notifications"][0]["event_types"]
        self.assertEqual(found, ["create_object"])

    def test_settings_without_a_port(self):
        config = Config("ID", "SECRET")
        self.assertEqual(config.port, 443)
        config.protocol = "http"
        self.assertEqual(config.port, 80)
        config.load_config_from_data({"port": 8080, "zone": None})
        self.assertEqual((config.port, config.zone), (8080, ""))
        config.load_config_from_data({"port": None})
        self.assertEqual(config.port, 80)

    def test_the_version_satisfies_dependents(self):
        numbers = [int(n) for n in qingstor.sdk.__version__.split(".")]
        self.assertGreater(numbers, [2, 6, 0])


if __name__ == "__main__":
    unittest.main()
