"""The wire tap: what passes unchanged, what is counted, and each kind of harm it can do."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from atmosphere.local.tap import SNAPSHOT_READ, Tap
from atmosphere.local.wire import Call, Fault, Harm, Request, function_key

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED = "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:allocate"
ROLE = "arn:aws:iam::111111111111:role/allocate"


class _Upstream(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/chunks` in chunks, `/empty` with 204, `/close` without a length."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    served: Counter[str]

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self) -> None:
        body = self._body()
        self.served[self.path] += 1
        seen = {"method": self.command, "path": self.path, "headers": dict(self.headers), "size": len(body)}
        text = json.dumps(seen | {"body": body[:100].decode()}).encode()
        self.send_response(204 if self.path == "/empty" else 200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (text[:10], text[10:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\nX-Trailer: yes\r\n\r\n")
            return
        if self.path == "/close":
            self.close_connection = True
        elif self.path != "/empty":
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD" and self.path != "/empty":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[ThreadingHTTPServer]:
    handler = type("Upstream", (_Upstream,), {"served": Counter()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tap(upstream: ThreadingHTTPServer) -> Iterator[Tap]:
    tap = Tap(upstream.server_address[1])
    yield tap
    tap.stop()


@pytest.fixture
def connection(tap: Tap) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", tap.start(), timeout=10)
    yield connection
    connection.close()


def _served(upstream: ThreadingHTTPServer, path: str) -> int:
    served: Counter[str] = upstream.RequestHandlerClass.served  # type: ignore[attr-defined]
    return served[path]


def _ask(connection: http.client.HTTPConnection, method: str, path: str, **kwargs: Any) -> tuple[int, bytes]:
    connection.request(method, path, **kwargs)
    reply = connection.getresponse()
    return reply.status, reply.read()


def _headers(service: str, *, key: str = "AKIAEXAMPLE", **extra: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in extra.items()}
    return {"Authorization": SIGNED.format(key=key, service=service), **named}


def test_a_request_passes_unchanged_but_is_marked_as_tls(connection: http.client.HTTPConnection) -> None:
    status, text = _ask(connection, "POST", "/a?b=c", body=b"hello", headers={"Host": "signed.example", "X-Own": "1"})
    seen = json.loads(text)
    assert (status, seen["method"], seen["path"], seen["body"]) == (200, "POST", "/a?b=c", "hello")
    assert seen["headers"]["Host"] == "signed.example"
    assert seen["headers"]["X-Own"] == "1"
    assert seen["headers"]["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize("path", ["/chunks", "/empty", "/plain"])
def test_a_connection_serves_many_requests_whatever_the_framing(
    connection: http.client.HTTPConnection, path: str
) -> None:
    first = _ask(connection, "GET", path)
    socket = connection.sock
    second = _ask(connection, "GET", path)
    head = _ask(connection, "HEAD", path) if path != "/chunks" else (200, b"")
    assert first == second
    assert head[1] == b""
    assert connection.sock is socket


def test_a_reply_without_a_length_ends_with_the_connection(connection: http.client.HTTPConnection) -> None:
    status, text = _ask(connection, "GET", "/close")
    assert (status, json.loads(text)["path"]) == (200, "/close")
    assert _ask(connection, "GET", "/again")[0] == 200


@pytest.mark.parametrize("chunked", [True, False])
def test_a_long_body_passes_whole(connection: http.client.HTTPConnection, *, chunked: bool) -> None:
    block = b"x" * 1_000_000
    body: Any = iter([block] * 3) if chunked else block * 3
    status, text = _ask(connection, "PUT", "/long", body=body, encode_chunked=chunked)
    assert (status, json.loads(text)["size"]) == (200, 3_000_000)


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "operation"),
    [
        ("POST", "/", _headers("dynamodb", x_amz_target="DynamoDB_20120810.Query"), b"{}", "dynamodb:Query"),
        ("POST", "/", _headers("states", x_amz_target="AWSStepFunctions.StartExecution"), b"", "states:StartExecution"),
        (
            "POST",
            "/",
            _headers("sts", content_type="application/x-www-form-urlencoded; charset=utf-8"),
            b"Action=AssumeRole&Version=2011-06-15",
            "sts:AssumeRole",
        ),
        ("POST", "/service/X/operation/PutMetricData", _headers("monitoring"), b"", "monitoring:PutMetricData"),
        ("GET", "/bucket/baselines/1.json", _headers("s3"), b"", "s3:GetObject"),
        ("PUT", "/bucket/a?x-id=PutObject", _headers("s3"), b"", "s3:PutObject"),
        ("GET", "/bucket?list-type=2&prefix=a", _headers("s3"), b"", "s3:ListObjects"),
        ("GET", "/bucket?versions", _headers("s3"), b"", "s3:GET ?versions"),
        ("POST", "/functions/f/invocations", _headers("lambda"), b"", "lambda:POST /functions/f/invocations"),
    ],
)  # fmt: skip
def test_a_call_is_named_by_its_protocol(
    method: str, target: str, headers: dict[str, str], body: bytes, operation: str
) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    assert Request(method=method, target=target, headers=lower, body=body).operation == operation


def test_calls_are_counted_by_operation_and_function(tap: Tap, connection: http.client.HTTPConnection) -> None:
    key = function_key(FUNCTION, ROLE)
    tap.name_functions({key: "allocate"}, snapshots="snapshots")
    ours = _headers("dynamodb", key=key, X_Amz_Target="DynamoDB_20120810.Query")
    other = _headers("dynamodb", X_Amz_Target="DynamoDB_20120810.Query")
    for headers in (ours, ours, other):
        _ask(connection, "POST", "/", body=b"{}", headers=headers)
    assert tap.calls() == {Call("dynamodb:Query", "allocate"): 2, Call("dynamodb:Query", ""): 1}
    tap.reset()
    assert tap.calls() == {}


def test_the_read_of_the_configuration_is_counted_apart(tap: Tap, connection: http.client.HTTPConnection) -> None:
    key = function_key(FUNCTION, ROLE)
    tap.name_functions({key: "allocate"}, snapshots="snapshots-of-ours")
    headers = _headers("dynamodb", key=key, X_Amz_Target="DynamoDB_20120810.GetItem")
    for table in (b"snapshots-of-ours", b"allocations"):
        _ask(connection, "POST", "/", body=b'{"TableName": "%s"}' % table, headers=headers)
    assert tap.calls() == {Call(SNAPSHOT_READ, "allocate"): 1, Call("dynamodb:GetItem", "allocate"): 1}


def test_a_fault_answers_instead_of_forwarding_and_wears_off(
    tap: Tap, upstream: ThreadingHTTPServer, connection: http.client.HTTPConnection
) -> None:
    headers = _headers("dynamodb", X_Amz_Target="DynamoDB_20120810.PutItem")
    tap.inject(Fault(operation="dynamodb:PutItem", times=2, code="InternalServerError", status=500))
    answers = [_ask(connection, "POST", "/put", body=b"{}", headers=headers) for _ in range(3)]
    assert [status for status, _ in answers] == [500, 500, 200]
    assert "InternalServerError" in json.loads(answers[0][1])["__type"]
    assert _served(upstream, "/put") == 1
    assert tap.pending() == ()


def test_a_fault_meant_for_one_function_spares_the_others(tap: Tap, connection: http.client.HTTPConnection) -> None:
    key = function_key(FUNCTION, ROLE)
    tap.name_functions({key: "allocate"}, snapshots="snapshots")
    fault = Fault(operation="dynamodb:Query", function="allocate")
    tap.inject(fault)
    target = {"X_Amz_Target": "DynamoDB_20120810.Query"}
    assert _ask(connection, "POST", "/", body=b"{}", headers=_headers("dynamodb", **target))[0] == 200
    assert tap.pending() == (fault,)
    assert _ask(connection, "POST", "/", body=b"{}", headers=_headers("dynamodb", key=key, **target))[0] == 400


def test_a_lost_reply_has_had_its_effect(
    tap: Tap, upstream: ThreadingHTTPServer, connection: http.client.HTTPConnection
) -> None:
    headers = _headers("dynamodb", X_Amz_Target="DynamoDB_20120810.PutItem")
    tap.inject(Fault(operation="dynamodb:PutItem", harm=Harm.REPLY_LOST))
    with pytest.raises(http.client.RemoteDisconnected):
        _ask(connection, "POST", "/lost", body=b"{}", headers=headers)
    assert _served(upstream, "/lost") == 1
    assert _ask(connection, "POST", "/lost", body=b"{}", headers=headers)[0] == 200


def test_silence_has_no_effect_and_lasts_until_the_caller_gives_up(
    tap: Tap, upstream: ThreadingHTTPServer, connection: http.client.HTTPConnection
) -> None:
    headers = _headers("dynamodb", X_Amz_Target="DynamoDB_20120810.PutItem")
    tap.inject(Fault(operation="dynamodb:PutItem", harm=Harm.SILENT))
    connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        _ask(connection, "POST", "/silent", body=b"{}", headers=headers)
    connection.close()
    assert _served(upstream, "/silent") == 0
    connection.timeout = 5
    assert _ask(connection, "POST", "/silent", body=b"{}", headers=headers)[0] == 200


def test_weather_sees_what_no_injected_fault_hits_and_ends(tap: Tap, connection: http.client.HTTPConnection) -> None:
    headers = _headers("dynamodb", X_Amz_Target="DynamoDB_20120810.Query")
    seen: list[tuple[str, str]] = []

    def weather(call: Call, request: Request) -> Fault:
        seen.append((call.operation, request.headers["x-amz-target"]))
        return Fault(operation="", code="InternalServerError", status=500)

    tap.inject(Fault(operation="dynamodb:Query", status=400))
    tap.expose(weather)
    statuses = [_ask(connection, "POST", "/", body=b"{}", headers=headers)[0] for _ in range(2)]
    tap.expose(None)
    assert [*statuses, _ask(connection, "POST", "/", body=b"{}", headers=headers)[0]] == [400, 500, 200]
    assert seen == [("dynamodb:Query", "DynamoDB_20120810.Query")]


def _client(service: str, port: int, *, attempts: int = 1) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="111111111111",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


@pytest.mark.parametrize(
    ("service", "operation", "call"),
    [
        ("dynamodb", "dynamodb:ListTables", lambda client: client.list_tables()),
        ("sts", "sts:GetCallerIdentity", lambda client: client.get_caller_identity()),
        ("s3", "s3:ListBuckets", lambda client: client.list_buckets()),
    ],
)
def test_an_sdk_reads_the_injected_error(tap: Tap, service: str, operation: str, call: Any) -> None:
    port = tap.start()
    tap.inject(Fault(operation=operation, code="ThrottlingException", status=400))
    with pytest.raises(ClientError) as caught:
        call(_client(service, port))
    assert caught.value.response["Error"]["Code"] == "ThrottlingException"


def test_a_transaction_conflict_arrives_as_a_reason_for_each_item(tap: Tap) -> None:
    client = _client("dynamodb", tap.start())
    tap.inject(Fault(operation="dynamodb:TransactWriteItems", code="TransactionConflict"))
    put = {"Put": {"TableName": "t", "Item": {"id": {"S": "1"}}}}
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=[put, put, put])
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None", "None"]


def test_an_sdk_sees_a_lost_reply_as_a_closed_connection(tap: Tap) -> None:
    client = _client("dynamodb", tap.start())
    tap.inject(Fault(operation="dynamodb:ListTables", harm=Harm.REPLY_LOST))
    with pytest.raises(ConnectionClosedError):
        client.list_tables()


def test_nothing_listens_after_stop(tap: Tap) -> None:
    port = tap.start()
    tap.stop()
    tap.stop()
    with pytest.raises(ConnectionRefusedError):
        _ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "GET", "/")
