"""Tests of retries against servers that misbehave."""

import contextlib
import datetime
import email.utils
import faulthandler
import io
import os
import socket
import struct
import tempfile
import threading
import time
import unittest
from unittest import mock

import requests

from qingstor.sdk import retry
from qingstor.sdk.config import Config
from qingstor.sdk.error import IncompleteBodyError, ParameterInvalidError
from qingstor.sdk.service.qingstor import QingStor

# End a hanging program with a stack trace.
faulthandler.dump_traceback_later(180, exit=True)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
# Larger than all buffers of a connection together.
LARGE = 16 << 20
RETRIES = 2


def error_response(status, headers=""):
    text = f"HTTP/1.1 {status} Refused\r\n{headers}Content-Length: 0\r\n\r\n"
    return text.encode()


class Server:
    """Handles connections one after the other, each with an action.

    An action is a function of the server and the connection. The last one
    handles all further connections, too.
    """

    def __init__(self, *actions, port=0):
        self.last_port = None
        self.actions = list(actions)
        # The head and body of each request, as far as they were read.
        self.requests = []
        self.end = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        index = 0
        while True:
            connection, (_, port) = self.listener.accept()
            with connection, contextlib.suppress(OSError):
                if port == self.last_port:
                    return
                action = self.actions[min(index, len(self.actions) - 1)]
                index += 1
                connection.settimeout(20)
                action(self, connection)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        """Wait until all connections are handled."""
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self.last_port = last.getsockname()[1]
            self.end.set()
            last.connect(("127.0.0.1", self.port))
            self.thread.join()
        self.listener.close()

    @property
    def bodies(self):
        return [body for _, body in self.requests]

    def read_head(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        self.requests.append([head.decode("latin-1"), body])
        return self.requests[-1]

    def read_request(self, connection):
        request = self.read_head(connection)
        if request is None:
            return False
        head = requests.structures.CaseInsensitiveDict(
            line.split(": ", 1) for line in request[0].split("\r\n")[1:]
        )
        length = int(head.get("Content-Length", 0))
        while len(request[1]) < length:
            piece = connection.recv(65536)
            if not piece:
                return False
            request[1] += piece
        return True


def close_after_accept(server, connection):
    server.requests.append(["", b""])


def reset_after_request(server, connection):
    server.read_request(connection)
    # Closing sends RST instead of FIN.
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def close_after_head(server, connection):
    server.read_head(connection)


def close_after_request(server, connection):
    server.read_request(connection)


def respond(*responses):
    """Respond to the requests of one connection, and close it."""
    def action(server, connection):
        for response in responses:
            if server.read_request(connection):
                connection.sendall(response)
    return action


def refuse_unread(response, closes):
    """Respond to the head without reading the body."""
    def action(server, connection):
        server.read_head(connection)
        connection.sendall(response)
        if not closes:
            server.end.wait(15)
    return action


class Case(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(retry, "INITIAL_BACKOFF", 0.01)
        patch.start()
        self.addCleanup(patch.stop)
        environment = mock.patch.dict(os.environ, {"NO_PROXY": "*"})
        environment.start()
        self.addCleanup(environment.stop)

    def serve(self, *actions):
        server = Server(*actions)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def bucket(self, port, **settings):
        settings.setdefault("connection_retries", RETRIES)
        settings.setdefault("timeout", 20)
        settings["endpoint"] = f"http://127.0.0.1:{port}"
        service = QingStor(Config("ID", "SECRET"))
        service.config.load_config_from_data(settings)
        self.addCleanup(service.client.close)
        return service.Bucket("my-bucket", "pek3a")


def generator(content, size=1000):
    for start in range(0, len(content), size):
        yield content[start:start + size]


def unseekable(content):
    """Return a file without a position or a length."""
    file = mock.Mock(spec=["read"])
    file.read.side_effect = io.BytesIO(content).read
    return file


# Each call, and whether it is safe to repeat.
CALLS = (
    (True, lambda b: b.get_object("k")),
    (True, lambda b: b.head_object("k")),
    (True, lambda b: b.delete_object("k")),
    (True, lambda b: b.list_objects(prefix="p")),
    (True, lambda b: b.put_object("k", body=b"content")),
    (True, lambda b: b.put_object("k", x_qs_copy_source="/b-1234/s")),
    (True, lambda b: b.put_object("k", x_qs_fetch_source="http://h/s")),
    (True, lambda b: b.upload_multipart("k", 0, "u", body=b"content")),
    (True, lambda b: b.post_object("k", b"content")),
    (True, lambda b: b.put_acl([])),
    (True, lambda b: b.get_acl()),
    (True, lambda b: b.initiate_multipart_upload("k")),
    (False, lambda b: b.put_object("k", x_qs_move_source="/b-1234/s")),
    (False, lambda b: b.append_object("k", position=0, body=b"content")),
    (False, lambda b: b.complete_multipart_upload(
        "k", "u", [{"part_number": 0}])),
    (False, lambda b: b.put()),
)


class Operations(Case):
    """Retries depend on the operation, its input, and the failure."""

    def test_lost_responses(self):
        for action in (close_after_accept, close_after_head,
                       close_after_request, reset_after_request):
            for is_repeatable, call in CALLS:
                with Server(action) as server:
                    with self.assertRaises(requests.ConnectionError):
                        call(self.bucket(server.port))
                expected = 1 + RETRIES if is_repeatable else 1
                heads = [head for head, _ in server.requests]
                self.assertEqual(len(heads), expected, (action, heads))

    def test_statuses(self):
        for status, is_retryable in (
            (408, True), (429, True), (500, True), (502, True), (503, True),
            (504, True), (520, True), (501, False), (505, False),
            (400, False), (403, False), (404, False), (409, False),
            (412, False), (301, False), (304, False),
        ):
            for is_repeatable, call in CALLS:
                with Server(respond(error_response(status))) as server:
                    output = call(self.bucket(server.port))
                self.assertEqual(output.status_code, status)
                is_retried = is_retryable and is_repeatable
                expected = 1 + RETRIES if is_retried else 1
                heads = [head for head, _ in server.requests]
                self.assertEqual(len(heads), expected, (status, heads))

    def test_a_later_attempt_succeeds(self):
        server = self.serve(
            close_after_request, respond(error_response(503)), respond(CREATED)
        )
        output = self.bucket(server.port).put_object("k", body=b"content")
        self.assertEqual(output.status_code, 201)
        self.assertEqual(server.bodies, [b"content"] * 3)

    def test_zero_retries(self):
        server = self.serve(respond(error_response(503)))
        bucket = self.bucket(server.port, connection_retries=0)
        self.assertEqual(bucket.get_acl().status_code, 503)
        self.assertEqual(len(server.requests), 1)

    def test_each_attempt_is_signed(self):
        server = self.serve(respond(error_response(500)), respond(CREATED))
        dates = [f"Sun, 29 Nov 2026 00:00:0{n} GMT" for n in range(2)]
        with mock.patch("qingstor.sdk.request.formatdate", side_effect=dates):
            self.bucket(server.port).put_object("k", body=b"content")
        heads = [head.split("\r\n") for head, _ in server.requests]
        signatures = set()
        for head, date in zip(heads, dates):
            self.assertIn(f"Date: {date}", head)
            found = [line for line in head if line.startswith("Authorization")]
            self.assertEqual(len(found), 1)
            signatures.update(found)
        self.assertEqual(len(signatures), 2)

    def test_a_truncated_response(self):
        document = b'{"acl": [], "owner": {"id": "usr"}}'
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(document)
        )
        chunked = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"acl"
        )
        for cut in (head, head + document[:-1], chunked):
            with Server(respond(cut), respond(head + document)) as server:
                output = self.bucket(server.port).get_acl()
            self.assertEqual(output["owner"], {"id": "usr"})
            self.assertEqual(len(server.requests), 2)
            with Server(respond(cut)) as server:
                with self.assertRaises(IncompleteBodyError):
                    self.bucket(server.port).get_acl()
        for cut in (
            b"H", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n",
            head[:-2], head[:-3], head[:-20],
        ):
            with Server(respond(cut), respond(OK)) as server:
                output = self.bucket(server.port).get_object("k")
            self.assertEqual((output.status_code, output.content), (200, b""))
            self.assertEqual(len(server.requests), 2, cut)
            with Server(respond(cut)) as server:
                with self.assertRaises(requests.ConnectionError):
                    self.bucket(server.port).get_object("k")

    def test_truncated_content_is_not_fetched_again(self):
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
        server = self.serve(respond(cut))
        output = self.bucket(server.port).get_object("k")
        for _ in range(2):
            with self.assertRaises(IncompleteBodyError):
                output.content
        self.assertEqual(len(server.requests), 1)

    def test_a_service_that_never_responds(self):
        def wait(server, connection):
            server.read_request(connection)
            connection.recv(1)

        for is_repeatable, call in CALLS[:1] + CALLS[-1:]:
            with Server(wait) as server:
                bucket = self.bucket(
                    server.port, timeout=0.3, connection_retries=1
                )
                with self.assertRaises(requests.Timeout):
                    call(bucket)
            self.assertEqual(len(server.requests), 1 + is_repeatable)


class Connections(Case):
    """Connection attempts are retried for every request."""

    def test_a_service_that_starts_late(self):
        for _, call in CALLS:
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                port = unused.getsockname()[1]
            bucket = self.bucket(port)
            server = None

            def start(_):
                nonlocal server
                server = Server(respond(OK), port=port)
                server.__enter__()

            with mock.patch.object(time, "sleep", side_effect=start) as sleep:
                call(bucket).close()
            server.__exit__()
            self.assertEqual((sleep.call_count, len(server.requests)), (1, 1))

    def test_a_generator_is_sent_once_the_connection_opens(self):
        content = b"0123456789" * 1000
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with mock.patch.object(time, "sleep") as sleep:
            with self.assertRaises(requests.ConnectionError):
                self.bucket(port).put_object(
                    "k", body=generator(content), content_length=len(content)
                )
        self.assertEqual(sleep.call_count, RETRIES)

    def test_an_idle_connection_that_was_closed(self):
        for is_repeatable, call in CALLS:
            is_closed = threading.Event()

            def respond_once(server, connection):
                server.read_request(connection)
                connection.sendall(OK)
                connection.close()
                is_closed.set()

            with Server(respond_once, respond(OK)) as server:
                bucket = self.bucket(server.port)
                bucket.get_acl()
                is_closed.wait()
                self.assertEqual(call(bucket).status_code, 200)
            self.assertEqual(len(server.requests), 2)


class Bodies(Case):
    """A body is resent only if it can be read from its start again."""

    content = bytes(range(256)) * 1000

    def file(self):
        file = tempfile.TemporaryFile()
        self.addCleanup(file.close)
        file.write(b"skipped" + self.content)
        file.seek(7)
        return file

    def test_replayable_bodies(self):
        stream = io.BytesIO(b"skipped" + self.content)
        stream.seek(7)
        for body in (
            self.content, bytearray(self.content), memoryview(self.content),
            self.file(), stream,
        ):
            for first in (close_after_request, respond(error_response(503))):
                with Server(first, first, respond(CREATED)) as server:
                    bucket = self.bucket(server.port)
                    output = bucket.put_object("k", body=body)
                self.assertEqual(output.status_code, 201)
                self.assertEqual(server.bodies, [self.content] * 3)
                if hasattr(body, "seek"):
                    body.seek(7)

    def test_streams_are_sent_once(self):
        size = len(self.content)
        for make in (
            lambda: generator(self.content), lambda: iter([self.content]),
            lambda: unseekable(self.content),
        ):
            for more in ({"content_length": size}, {}):
                with Server(close_after_request) as server:
                    with self.assertRaises(requests.ConnectionError):
                        self.bucket(server.port).put_object(
                            "k", body=make(), **more
                        )
                self.assertEqual(server.bodies, [self.content])
                with Server(respond(error_response(503))) as server:
                    output = self.bucket(server.port).put_object(
                        "k", body=make(), **more
                    )
                self.assertEqual(output.status_code, 503)
                self.assertEqual(server.bodies, [self.content])

    def test_a_prepared_stream_is_sent_once(self):
        server = self.serve(respond(CREATED))
        bucket = self.bucket(server.port)
        prepared = bucket.put_object_request(
            "k", body=generator(self.content), content_length=len(self.content)
        ).sign()
        self.assertEqual(bucket.client.send(prepared).status_code, 201)
        with self.assertRaises(ParameterInvalidError):
            requests.Session().send(prepared)

    def test_a_source_that_sends_requests_itself(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            closed_port = unused.getsockname()[1]

        def copied():
            yield b"a"
            with self.assertRaises(requests.ConnectionError):
                away = self.bucket(closed_port, connection_retries=0)
                away.get_acl()
            yield b"b"

        with Server(close_after_request) as server:
            bucket = self.bucket(server.port)
            with self.assertRaises(requests.ConnectionError):
                bucket.append_object(
                    "k", position=0, body=copied(), content_length=2
                )
        self.assertEqual(server.bodies, [b"ab"])

    def test_a_source_that_fails_is_not_retried(self):
        def broken():
            yield b"a"
            raise ConnectionResetError("the caller's own")

        with Server(close_after_request) as server:
            with self.assertRaisesRegex(ConnectionResetError, "own"):
                self.bucket(server.port).put_object(
                    "k", body=broken(), content_length=2
                )
        self.assertEqual(len(server.requests), 1)

    def test_a_length_that_is_wrong_is_not_retried(self):
        for length in (1, 3):
            with Server(close_after_request) as server:
                with self.assertRaises(ParameterInvalidError):
                    self.bucket(server.port).put_object(
                        "k", body=generator(b"ab"), content_length=length
                    )
            self.assertEqual(len(server.requests), 1)

    def test_error_responses_before_the_body_is_read(self):
        for closes in (True, False):
            for status in (503, 413, 307):
                response = error_response(status)
                for body, more in (
                    (bytes(LARGE), {}),
                    (generator(bytes(LARGE), 1 << 20),
                     {"content_length": LARGE}),
                ):
                    action = refuse_unread(response, closes)
                    with Server(action) as server:
                        bucket = self.bucket(
                            server.port, connection_retries=0, timeout=0
                        )
                        output = bucket.put_object("k", body=body, **more)
                        self.assertEqual(output.status_code, status)
                        server.end.set()

    def test_an_error_response_before_the_body_is_read_is_retried(self):
        content = bytes(LARGE)
        server = self.serve(
            refuse_unread(error_response(503), True), respond(CREATED)
        )
        output = self.bucket(server.port).put_object("k", body=content)
        self.assertEqual(output.status_code, 201)
        self.assertEqual(len(server.bodies[1]), LARGE)

    def test_a_connection_is_not_reused_after_an_early_response(self):
        def refuse_early(server, connection):
            server.read_head(connection)
            connection.sendall(error_response(403))
            server.end.wait(5)

        server = self.serve(refuse_early, respond(OK))
        bucket = self.bucket(server.port)
        output = bucket.put_object("k", body=bytes(LARGE))
        self.assertEqual(output.status_code, 403)
        server.end.set()
        self.assertEqual(bucket.get_acl().status_code, 200)
        self.assertEqual(len(server.requests), 2)

    def test_a_service_that_stops_reading(self):
        def stall(server, connection):
            server.read_head(connection)
            server.end.wait(15)

        for body, more in (
            (bytes(LARGE), {}),
            (generator(bytes(LARGE), 1 << 20), {"content_length": LARGE}),
        ):
            with Server(stall) as server:
                bucket = self.bucket(
                    server.port, timeout=0.5, connection_retries=0
                )
                with self.assertRaises(requests.ConnectionError):
                    bucket.put_object("k", body=body, **more)
                server.end.set()

    def test_a_success_before_the_end_of_the_body(self):
        def respond_early(server, connection):
            head = server.read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.1)
            while len(head[1]) < LARGE:
                head[1] += connection.recv(1 << 20)
            connection.sendall(CREATED)

        server = self.serve(respond_early)
        output = self.bucket(server.port).put_object("k", body=bytes(LARGE))
        self.assertEqual(output.status_code, 201)
        self.assertEqual(len(server.bodies[0]), LARGE)

    def test_informational_responses_are_skipped(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        proceed = b"HTTP/1.1 100 Continue\r\n\r\n"

        def respond(server, connection):
            server.read_request(connection)
            connection.sendall(hints + proceed + hints + hints + CREATED)

        with Server(respond) as server:
            output = self.bucket(server.port).put_object("k", body=b"content")
        self.assertEqual(output.status_code, 201)
        self.assertEqual(len(server.requests), 1)
        self.assertNotIn("Link", output.headers)


class Sessions(Case):
    """Requests that programs send with the session."""

    def test_a_plain_request(self):
        server = self.serve(respond(error_response(503)), respond(OK))
        client = self.bucket(server.port).client
        url = f"http://127.0.0.1:{server.port}/"
        self.assertEqual(client.head(url).status_code, 200)
        self.assertEqual(len(server.requests), 2)
        with Server(respond(error_response(503))) as server:
            url = f"http://127.0.0.1:{server.port}/"
            self.assertEqual(client.post(url, data=b"a").status_code, 503)
        self.assertEqual(len(server.requests), 1)

    def test_redirects_of_plain_requests_are_followed(self):
        target = self.serve(respond(OK))
        there = f"http://127.0.0.1:{target.port}/there"
        server = self.serve(respond(error_response(302, f"Location: {there}\r\n")))
        client = self.bucket(server.port).client
        response = client.get(f"http://127.0.0.1:{server.port}/here")
        self.assertEqual((response.status_code, response.url), (200, there))

    def test_redirects_of_signed_requests_are_not_followed(self):
        for location in ("http://127.0.0.1:1/", "http://[::1", "é"):
            response = error_response(307, f"Location: {location}\r\n")
            with Server(respond(response)) as server:
                bucket = self.bucket(server.port)
                output = bucket.put_object("k", body=b"content")
                self.assertEqual(output.status_code, 307)
            with Server(respond(response)) as server:
                bucket = self.bucket(server.port)
                prepared = bucket.get_acl_request().sign()
                self.assertEqual(bucket.client.send(prepared).status_code, 307)


class Delays(unittest.TestCase):
    """Delays between retries."""

    def test_delays_grow_up_to_a_limit(self):
        for retries, ceiling in (
            (0, 0.2), (1, 0.4), (2, 0.8), (6, 12.8), (7, 20), (10 ** 9, 20),
        ):
            delays = [retry.delay(retries) for _ in range(200)]
            self.assertLessEqual(max(delays), ceiling)
            self.assertGreaterEqual(min(delays), ceiling / 2)
            self.assertGreater(max(delays) - min(delays), ceiling / 4)

    def test_retry_after_extends_the_delay(self):
        now = datetime.datetime.now(datetime.timezone.utc)

        def date(seconds):
            moment = now + datetime.timedelta(seconds=seconds)
            return email.utils.format_datetime(moment, usegmt=True)

        self.assertEqual(retry.delay(0, "7"), 7)
        self.assertEqual(retry.delay(0, " 60 "), 60)
        self.assertGreater(retry.delay(0, date(40)), 20)
        for asked in ("61", "9" * 400, date(90), date(10 ** 9)):
            self.assertIsNone(retry.delay(0, asked), asked)
        for asked in (None, "", "0", "-7", "soon", "²", date(-90), "1.5"):
            self.assertLessEqual(retry.delay(0, asked), 0.2, asked)

    def test_a_too_long_retry_after_ends_the_retries(self):
        response = error_response(503, "Retry-After: 3600\r\n")
        with Server(respond(response)) as server:
            config = Config("ID", "SECRET")
            config.endpoint = f"http://127.0.0.1:{server.port}"
            service = QingStor(config)
            output = service.list_buckets()
            service.client.close()
        self.assertEqual(output.status_code, 503)
        self.assertEqual(len(server.requests), 1)

    def test_there_is_a_delay_before_each_retry(self):
        with Server(respond(error_response(503))) as server:
            config = Config("ID", "SECRET")
            config.endpoint = f"http://127.0.0.1:{server.port}"
            service = QingStor(config)
            with mock.patch.object(time, "sleep") as sleep:
                service.list_buckets()
            service.client.close()
        pauses = [call.args[0] for call in sleep.call_args_list]
        self.assertEqual(len(pauses), 3)
        for pause, ceiling in zip(pauses, (0.2, 0.4, 0.8)):
            self.assertTrue(ceiling / 2 <= pause <= ceiling, pauses)


if __name__ == "__main__":
    unittest.main()
