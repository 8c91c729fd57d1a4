"""No parser falls over what a stranger sends: no 500, no traceback, and no more work than the size explains."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atmosphere import observability
from atmosphere.adapters import cursors
from atmosphere.adapters.memory import FakeClock, MemorySnapshot, MemoryUsedTokens
from atmosphere.cli.main import atmosphere
from atmosphere.client.errors import NotConnected
from atmosphere.config.load import check
from atmosphere.config.yamlfile import MAX_FAULTS, read
from atmosphere.core import selection, strict_json, tokens
from atmosphere.core.errors import Refused
from atmosphere.core.github import GITHUB_COM
from atmosphere.core.request import allocate_request
from atmosphere.core.webhook import read as read_webhook
from atmosphere.handlers import authorize
from atmosphere.ports import InvalidCursor
from atmosphere.wiring import App
from tests.builders import POOL, a_key, a_registration, a_snapshot
from tests.handlers.door import a_door, hub_signature, signed
from tests.parsers.strangers import bodies, cost, objects, spoiled, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.handlers.door import Door

CONFIG: Final = Path(__file__).parents[2] / "config"
FILES: Final = ("environments.yaml", "access.yaml", "settings.yaml")
QUICK: Final = settings(
    max_examples=min(settings().max_examples, 500) if settings().max_examples > 100 else 60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither lines nor metrics: thousands of requests are made."""
    monkeypatch.setattr(observability, "line", lambda *_, **__: None)
    monkeypatch.setattr(observability, "count", lambda *_, **__: None)


@pytest.fixture(scope="module")
def door() -> Door:
    return a_door()


def served(status: int) -> bool:
    """Whether a reply says that the service understood, or why it did not."""
    return status < 500


# --- tokens -----------------------------------------------------------------------------------------------------------

_CLAIMS: Final = (*tokens.CLAIMS, "iss", "aud", "exp", "iat", "nbf")


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


_HEADERS: Final = st.one_of(
    st.just({"alg": "RS256", "typ": "JWT", "kid": "k"}), objects("alg", "typ", "kid", "jku", "crit")
)
_TOKENS: Final = st.one_of(
    st.tuples(_HEADERS, objects(*_CLAIMS)).map(lambda parts: f"{_part(parts[0])}.{_part(parts[1])}.c2lnbmVk"),
    st.text(max_size=60),
    st.text(alphabet="abcXYZ019-_.=", max_size=200),
)


class _AnyKeys:
    """Keys under which every signature holds, so that each claim is looked at."""

    def claims(self, unverified_token: str, **_: Any) -> Any:
        return tokens.read(unverified_token).claims


@QUICK
@given(token=_TOKENS, bearer=st.sampled_from(["Bearer ", "Bearer ", "bearer ", ""]))
def test_a_token_is_taken_or_refused(token: str, bearer: str) -> None:
    app = App({})
    parts = {"snapshots": MemorySnapshot(a_snapshot()), "clock": FakeClock(), "used_tokens": MemoryUsedTokens()}
    for name, part in {**parts, "token_signatures": _AnyKeys()}.items():
        setattr(app, name, part)
    arn = "arn:aws:execute-api:us-east-1:111111111111:abc/v1/POST/github/allocations"
    with pytest.raises(Exception, match=r"^Unauthorized$"):  # as the gateway knows it; a fault would be `Undecided`
        authorize.handle({"authorizationToken": bearer + token, "methodArn": arn}, app)


@QUICK
@given(claims=objects(*_CLAIMS))
def test_claims_with_a_signature_that_holds_are_taken_or_refused(claims: dict[str, Any]) -> None:
    with suppress(tokens.RefusedToken):
        assert tokens.verified(claims, issuer=GITHUB_COM, now=FakeClock().now()).jti


# --- requests ---------------------------------------------------------------------------------------------------------

_ALLOCATE: Final = (
    "pool", "requester", "constraints", "environments", "accounts", "durationSeconds", "role", "sessionPolicy",
    "releaseTokenHash", "heartbeatSeconds", "dryRun", "type", "value", "name", "region", "account", "capability",
)  # fmt: skip
_POSTS: Final = {
    "POST /allocations": _ALLOCATE,
    "DELETE /allocations/11111111-2222-4333-8444-555555555555": ("outcome",),
    "POST /allocations/11111111-2222-4333-8444-555555555555/credentials": ("x",),
    "POST /allocations/11111111-2222-4333-8444-555555555555/heartbeat": ("x",),
    f"POST /environments/{a_key(1).path}/hold": ("reason", "dryRun"),
    f"POST /pools/{POOL}/resume": ("reason",),
}


@pytest.mark.parametrize("route", _POSTS)
def test_a_body_is_taken_or_refused(route: str, door: Door) -> None:
    method, path = route.split(" ")

    @QUICK
    @given(body=bodies(*_POSTS[route]), who=st.sampled_from(["runner", "operator"]))
    def sent(body: bytes, who: str) -> None:
        event = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        made = {"headers": {}, **event}
        assert served(door.ask(signed(who), method, path, **made).status)

    sent()


@QUICK
@given(
    parts=st.dictionaries(st.sampled_from(_ALLOCATE), values(*_ALLOCATE), max_size=5),
    constraint=objects("type", "value"),
    kind=st.sampled_from(["region", "account", "capability", "other"]),
)
def test_constraints_are_taken_or_refused(parts: dict[str, Any], constraint: dict[str, Any], kind: str) -> None:
    body = {"pool": POOL, "requester": "x", **parts, "constraints": [{"type": kind, **constraint}]}
    try:
        request = allocate_request(strict_json.parse_object(json.dumps(body).encode()))
    except Refused:
        return
    offered = a_registration(a_key(1), capabilities={"gpu": True, "disk": {"size": [1, 2]}})
    assert all(selection.matches(offered, wanted) in {True, False} for wanted in request.environments)


@QUICK
@given(body=st.one_of(bodies("action", "workflow_run", "workflow_job", "id", "run_id", "repository", "conclusion")))
def test_a_webhook_is_taken_or_refused(body: bytes, door: Door) -> None:
    for sent in (body, b"payload=" + body):
        text = sent.decode("latin-1").encode("ascii", "replace").decode()
        assert served(door.deliver(text, headers={"X-Hub-Signature-256": hub_signature(text)}).status)


@QUICK
@given(cursor=st.one_of(st.text(max_size=60), values().map(_part), st.text(alphabet="AQid0=-_", max_size=50)))
def test_a_cursor_is_taken_or_refused(cursor: str, door: Door) -> None:
    query = {"environment": a_key(1).path, "cursor": cursor}
    assert served(door.ask(signed("operator"), "GET", "/allocations", query=query).status)
    with suppress(InvalidCursor):
        assert cursors.span(None, None, cursor).after


@QUICK
@given(query=st.dictionaries(st.sampled_from(["environment", "requester", "since", "until"]), st.text(max_size=30)))
def test_a_query_is_taken_or_refused(query: dict[str, str], door: Door) -> None:
    assert served(door.ask(signed("operator"), "GET", "/allocations", query=query).status)


# --- configuration ----------------------------------------------------------------------------------------------------


@QUICK
@given(data=st.data())
def test_a_spoiled_configuration_is_a_list_of_problems(data: st.DataObject, tmp_path: Path) -> None:
    for name in FILES:
        text = (CONFIG / name).read_text(encoding="utf-8")
        kept = data.draw(st.booleans(), label=f"{name} is as it was")
        made = text if kept else data.draw(spoiled(text), label=name)
        (tmp_path / name).write_bytes(made.encode("utf-8", "surrogatepass"))
    checked = check(tmp_path)
    assert all(str(problem) for problem in checked.problems)


@QUICK
@given(
    content=st.one_of(
        st.binary(max_size=300), st.text(alphabet="- :[]{}&*!|>#'\"\n\tab1", max_size=200).map(str.encode)
    )
)
def test_a_file_of_anything_is_read_or_has_faults(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    assert len(read(path).faults) <= MAX_FAULTS


# --- the command ------------------------------------------------------------------------------------------------------


def _words() -> Iterator[tuple[str, ...]]:
    """Every command that neither starts the local run nor a program, with the names of its options."""
    context = click.Context(atmosphere)
    for name in atmosphere.list_commands(context):
        command = atmosphere.get_command(context, name)
        if command is None or name in {"local", "run", "cleanup"}:
            continue
        for sub in command.commands.values() if isinstance(command, click.Group) else [command]:
            if sub.name != "doctor":
                yield (name, *([sub.name or ""] if sub is not command else []), *_options(sub))


def _options(command: click.Command) -> list[str]:
    return [option for parameter in command.params for option in parameter.opts if option.startswith("--")]


@pytest.fixture
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("ATMOSPHERE_ENDPOINT", "ATMOSPHERE_READY_FILE"):
        monkeypatch.delenv(name, raising=False)


@QUICK
@given(data=st.data())
def test_arguments_are_taken_or_refused(data: st.DataObject, _nowhere: None) -> None:  # noqa: PT019 hypothesis
    words = data.draw(st.sampled_from(list(_words())))
    begin = [word for word in words if not word.startswith("--")]
    pieces = st.one_of(st.sampled_from([word for word in words if word != "--endpoint"]), st.text(max_size=12))
    rest = [word for word in data.draw(st.lists(pieces, max_size=5)) if "\x00" not in word]
    with suppress(click.ClickException, click.Abort, NotConnected):
        atmosphere.main(args=[*begin, *rest], prog_name="atmosphere", standalone_mode=False)


# --- work -------------------------------------------------------------------------------------------------------------


def _deep(size: int) -> bytes:
    return b"[" * size


def _quoted(size: int) -> bytes:
    return b'{"a": "' + b'\\"' * (size // 2)


def _keys(size: int) -> bytes:
    return json.dumps({f"{number}": number for number in range(size // 12)}).encode()


def _braces_in_text(size: int) -> bytes:
    return json.dumps({"a": "[{" * (size // 2)}).encode()


_SHAPES: Final = (_deep, _quoted, _keys, _braces_in_text)


def _token_of(body: bytes) -> str:
    part = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
    return f"{part}.{part}.{part}"


_PARSERS: Final[dict[str, Callable[[bytes], object]]] = {
    "body": strict_json.parse_object,
    "webhook": lambda body: read_webhook(body, GITHUB_COM),
    "token": lambda body: tokens.read(_token_of(body)),
    "cursor": lambda body: cursors.span(None, None, base64.urlsafe_b64encode(body).decode()),
}


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("parser", _PARSERS)
def test_twice_the_size_is_twice_the_work_at_most(parser: str, shape: Callable[[int], bytes]) -> None:
    parse = _PARSERS[parser]
    (calls, _), (more, peak) = (cost(partial(parse, shape(size))) for size in (6_000, 12_000))
    assert more <= 2.5 * calls + 200
    assert peak <= 1_000_000, "more than eighty bytes for each that was sent"
