"""The bad inputs 1 to 47 of the threat model, as data: what is done, and what must be answered.

`HANDLER` rows run here, against the authorizer's handler with real keys. Rows that also hold `EMULATOR` are answered by
the gateway before the authorizer, or show what only a real table can; tests/journeys drives those too. `LIVE` rows need
AWS. An expectation names statuses in order, the last reason in the log and, where it is part of the promise, how often
the issuer was asked for its keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atmosphere.core.github import GITHUB_COM, TrustedIssuer
from atmosphere.core.model import RuleName
from atmosphere.ports import BadToken
from tests.identity.keyserver import DOWN, Published, key_set
from tests.identity.world import (
    ABSENT,
    AUDIENCE,
    ENTERPRISE,
    JWKS,
    KID,
    PLAIN_HTTP,
    WORKFLOW,
    Answer,
    a_rule,
    b64,
    key_pair,
    published,
    signed,
    unb64,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.identity.world import World


class Where(Enum):
    """Where a row is driven."""

    HANDLER = "handler"
    EMULATOR = "emulator"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of a row. `fetches` is None where nobody looked."""

    statuses: tuple[int, ...]
    reason: str = ""
    fetches: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`number` is that of the threat model; `act` returns the answers in order."""

    number: int
    name: str
    act: Callable[[World], list[Answer]]
    expected: Seen
    where: frozenset[Where] = frozenset({Where.HANDLER})

    @property
    def id(self) -> str:
        """How tests and mutations call it."""
        return f"{self.number:02} {self.name}"


def see(row: Row, world: World) -> Seen:
    """Drive a row."""
    answers = row.act(world)
    return Seen(
        statuses=tuple(answer.status for answer in answers),
        reason=answers[-1].reason,
        fetches=None if row.expected.fetches is None else len(world.server.asked),
    )


_BOTH: Final = frozenset({Where.HANDLER, Where.EMULATOR})
NOT_RS256: Final = "alg is not RS256"
NO_JSON: Final = "token holds no JSON that is read one way only"
NO_PARTS: Final = "token is not three parts of base64url"
MISSING: Final = "token is missing: send Authorization: Bearer"
NO_RULE: Final = "no rule matches"
NOT_TRUSTED: Final = "iss is not trusted"
NOT_OURS: Final = "aud is not ours"
REUSED: Final = "jti was used before"
UNKNOWN_KEY: Final = "kid is none that the issuer has"
BAD_KID: Final = "kid is missing or out of shape"
BAD_SIGNATURE: Final = "signature does not fit"
UNSUPPORTED: Final = "header asks for what is not supported"
CANNOT: Final = "token cannot be checked"
ROWS: Final[list[Row]] = []


def _row(
    number: int,
    name: str,
    act: Callable[[World], list[Answer]],
    *statuses: int,
    reason: str = "",
    fetches: int | None = None,
    where: frozenset[Where] = frozenset({Where.HANDLER}),
) -> None:
    expected = Seen(statuses=statuses or (401,), reason=reason, fetches=fetches)
    ROWS.append(Row(number=number, name=name, act=act, expected=expected, where=where))


def _header(make: Callable[[World], str]) -> Callable[[World], list[Answer]]:
    """The whole `Authorization` header."""
    return lambda world: [world.send({"authorizationToken": make(world)})]


def _text(make: Callable[[World], str]) -> Callable[[World], list[Answer]]:
    return lambda world: [world.ask(make(world))]


def _claims(**changes: Any) -> Callable[[World], list[Answer]]:
    """A genuine token that says something else."""
    return lambda world: [world.ask(world.token(**changes))]


def _times(**offsets: int) -> Callable[[World], list[Answer]]:
    """A genuine token with times relative to now."""

    def act(world: World) -> list[Answer]:
        times: dict[str, Any] = {name: world.now + offset for name, offset in offsets.items()}
        return [world.ask(world.token(**times))]

    return act


def _head(key: str = "main", algorithm: str = "RS256", **changes: Any) -> Callable[[World], list[Answer]]:
    """A token with another header, signed by `key`."""
    return lambda world: [world.ask(world.token(header=changes, key=key_pair(key), algorithm=algorithm))]


def _ruled(rule: dict[str, Any], **changes: Any) -> Callable[[World], list[Answer]]:
    """A genuine token against a changed rule."""

    def act(world: World) -> list[Answer]:
        world.configure(a_rule(**rule))
        return [world.ask(world.token(**changes))]

    return act


def _with_hmac(secret: Callable[[], bytes]) -> Callable[[World], str]:
    def make(world: World) -> str:
        header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": KID}).encode()
        text = f"{b64(header)}.{b64(json.dumps(world.claims()).encode())}"
        return f"{text}.{b64(hmac.digest(secret(), text.encode(), hashlib.sha256))}"

    return make


def _pem() -> bytes:
    return key_pair().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _jwk_text() -> bytes:
    return json.dumps(published(key_pair())).encode()


def _raw(header: bytes | None = None, claims: Callable[[World], bytes] | None = None) -> Callable[[World], str]:
    """Any bytes as header or claims, with a signature that holds."""

    def make(world: World) -> str:
        said = claims(world) if claims else json.dumps(world.claims()).encode()
        return signed(header or json.dumps({"alg": "RS256", "typ": "JWT", "kid": KID}).encode(), said, key_pair())

    return make


def _alg_none(signature: str) -> Callable[[World], str]:
    def make(world: World) -> str:
        header = json.dumps({"alg": "none", "typ": "JWT", "kid": KID}).encode()
        return f"{b64(header)}.{b64(json.dumps(world.claims()).encode())}.{signature}"

    return make


# 1-5: the header
_row(1, "no Authorization", lambda world: [world.send({})], reason=MISSING, where=_BOTH)
_row(2, "Basic", _header(lambda _: "Basic eDp5"), reason=MISSING, where=_BOTH)
_row(3, "scheme in lower case", _header(lambda world: f"bearer {world.token()}"), reason=MISSING, where=_BOTH)
_row(
    4,
    "two tokens",
    _header(lambda world: f"Bearer {world.token()} {world.token()}"),
    reason=NO_PARTS,
    where=_BOTH,
)
_row(
    4,
    "two tokens with a comma",
    _header(lambda world: f"Bearer {world.token()}, Bearer {world.token()}"),
    reason=NO_PARTS,
    where=_BOTH,
)
_row(5, "nothing after Bearer", _header(lambda _: "Bearer "), reason=NO_PARTS, where=_BOTH)
_row(5, "Bearer alone", _header(lambda _: "Bearer"), reason=MISSING, where=_BOTH)

# 6-20: header, signature, shape
_row(6, "alg none, empty signature", _text(_alg_none("")), reason=NO_PARTS, fetches=0)
_row(6, "alg none, some signature", _text(_alg_none("AAAA")), reason=NOT_RS256, fetches=0)
_row(7, "HS256 with the public PEM", _text(_with_hmac(_pem)), reason=NOT_RS256, fetches=0)
_row(8, "HS256 with the JWK's text", _text(_with_hmac(_jwk_text)), reason=NOT_RS256, fetches=0)
_row(9, "RS512 with the right key", _head(algorithm="RS512"), reason=NOT_RS256, fetches=0)
_row(9, "PS256 with the right key", _head(algorithm="PS256"), reason=NOT_RS256, fetches=0)
for said, alg in {"a list": ["RS256"], "a number": 256, "missing": ABSENT, "in lower case": "rs256"}.items():
    _row(10, f"alg {said}", _head(alg=alg), reason=NOT_RS256, fetches=0)
for said, kid in {
    "missing": ABSENT,
    "a number": 1,
    "of 200 characters": "k" * 200,
    "a path": "../../../../dev/null",
    "SQL": "x' UNION SELECT 'secret';--",
}.items():
    _row(11, f"kid {said}", _head(kid=kid), reason=BAD_KID, fetches=0)
_row(11, "kid of 10 KB", _head(kid="k" * 10_240), reason="token is too large", fetches=0)
_row(
    12,
    "a hundred unknown kids",
    lambda world: [world.ask(world.token(header={"kid": f"unknown-{number}"})) for number in range(100)],
    *[401] * 100,
    reason=UNKNOWN_KEY,
    fetches=1,
)
_row(
    12,
    "tokens of their own jti",
    lambda world: [world.ask(world.token()) for _ in range(3)],
    *[200] * 3,
    fetches=1,
)
for name, value in {
    "jwk": lambda: published(key_pair("attacker")),
    "jku": lambda: "https://attacker.example.com/jwks",
    "x5u": lambda: "https://attacker.example.com/chain",
    "x5c": lambda: ["MIIB"],
}.items():
    _row(
        13,
        f"{name} in the header, an attacker's signature",
        lambda world, name=name, value=value: [  # type: ignore[misc]
            world.ask(world.token(header={"kid": "attacker", name: value()}, key=key_pair("attacker")))
        ],
        reason=UNSUPPORTED,
        fetches=0,
    )
_row(13, "jku in the header of a genuine token", _head(jku="https://attacker.example.com"), reason=UNSUPPORTED)
_row(14, "crit", _head(crit=["exp"]), reason=UNSUPPORTED, fetches=0)
_row(14, "b64 false", _head(b64=False), reason=UNSUPPORTED, fetches=0)
_row(14, "b64 false and critical", _head(b64=False, crit=["b64"]), reason=UNSUPPORTED, fetches=0)
_row(14, "typ of another kind of token", _head(typ="at+jwt"), reason="typ is not JWT")


def _edited(world: World) -> str:
    """One bit of the payload: another run."""
    header, claims, signature = world.token().split(".")
    said = bytearray(unb64(claims))
    said[said.index(b"7000000001") + 9] ^= 1
    return f"{header}.{b64(bytes(said))}.{signature}"


def _bits_after_the_end(world: World) -> str:
    """Another last character that decodes to the same signature: one token written in two ways."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = world.token()
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


_row(15, "payload edited by one bit", _text(_edited), reason=BAD_SIGNATURE)
_row(15, "signature with bits after its end", _text(_bits_after_the_end), reason=CANNOT)
_row(16, "another key with the same kid", _head(key="attacker"), reason=BAD_SIGNATURE)


def _signed_by(name: str, *, bits: int = 2048, **entry: Any) -> Callable[[World], list[Answer]]:
    """A token by a key that the issuer publishes beside its good one, in this form."""

    def act(world: World) -> list[Answer]:
        key = key_pair(name, bits)
        world.publish(published(key_pair()), published(key, name, **entry))
        return [world.ask(world.token(header={"kid": name}, key=key))]

    return act


_row(17, "key of 1024 bits", _signed_by("short", bits=1024), reason=UNKNOWN_KEY)
_row(17, "key for encryption", _signed_by("enc", use="enc"), reason=UNKNOWN_KEY)
_row(17, "key for another algorithm", _signed_by("pss", alg="PS256"), reason=UNKNOWN_KEY)
_row(17, "key without use and alg", _signed_by("bare", use=ABSENT, alg=ABSENT), 200)


def _published_private(world: World) -> list[Answer]:
    key: RSAPrivateKey = key_pair("private")
    numbers = key.private_numbers()
    parts = {"d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    texts = {name: b64(number.to_bytes((number.bit_length() + 7) // 8, "big")) for name, number in parts.items()}
    world.publish(published(key_pair()), published(key, "private", **texts))
    return [world.ask(world.token(header={"kid": "private"}, key=key))]


_row(17, "key whose private half was published", _published_private, reason=UNKNOWN_KEY)
_row(18, "five parts", _text(lambda world: f"{world.token()}.AAAA.AAAA"), reason=NO_PARTS, fetches=0)
_row(18, "two parts", _text(lambda world: world.token().rpartition(".")[0]), reason=NO_PARTS, fetches=0)
_row(18, "no parts", _text(lambda _: ".."), reason=NO_PARTS, fetches=0)
_row(18, "NUL", _text(lambda world: f"{world.token()}\0"), reason=NO_PARTS, fetches=0)
_row(18, "newline at the end", _text(lambda world: f"{world.token()}\n"), reason=NO_PARTS, fetches=0)
_row(18, "lone surrogate", _text(lambda world: f"{world.token()}\ud800"), reason=NO_PARTS, fetches=0)
_row(18, "letters beyond ASCII", _text(lambda world: f"{world.token()}é"), reason=NO_PARTS, fetches=0)
_row(18, "9 KB, genuine", _claims(repo_property_long="x" * 6500), reason="token is too large", fetches=0)
_row(18, "parts that are no JSON", _text(lambda _: "AAAA.AAAA.AAAA"), reason=NO_JSON, fetches=0)
_row(18, "a part of impossible length", _text(lambda _: "A.A.A"), reason=NO_JSON, fetches=0)
_DEEP: Final = b"[" * 4000 + b"]" * 4000
_row(19, "header nested 100 000 deep", _text(_raw(b"[" * 100_000)), reason="token is too large", fetches=0)
_row(19, "header nested 2000 deep", _text(_raw(b'{"alg":' + _DEEP[3000:5000] + b"}")), reason=NO_JSON, fetches=0)
_row(
    19,
    "header with a number of 5000 digits",
    _text(_raw(b'{"alg":' + b"9" * 5000 + b"}", lambda _: b"{}")),
    reason=NO_JSON,
    fetches=0,
)
_row(19, "claims nested 2000 deep", _text(_raw(claims=lambda _: _DEEP[3000:5000])), reason=NO_JSON, fetches=0)
_row(
    20,
    "a claim twice",
    _text(_raw(claims=lambda world: json.dumps(world.claims()).encode()[:-1] + b',"run_id":"7000000002"}')),
    reason=NO_JSON,
    fetches=0,
)
_row(
    20,
    "a header parameter twice",
    _text(_raw(b'{"alg":"none","alg":"RS256","typ":"JWT","kid":"key-1"}')),
    reason=NO_JSON,
    fetches=0,
)

# 21-25: times
_row(21, "expired 31 s ago", _times(exp=-31, iat=-331), reason="exp has passed")
_row(21, "expired 29 s ago", _times(exp=-29, iat=-329), 200)
_row(22, "nbf 31 s ahead", _times(nbf=31), reason="nbf lies ahead")
_row(22, "iat 31 s ahead", _times(iat=31, exp=331), reason="iat lies ahead")
_row(22, "nbf and iat 29 s ahead", _times(nbf=29, iat=29, exp=329), 200)
_row(22, "no nbf", _claims(nbf=ABSENT), 200)
_row(23, "ten years long", _times(exp=315_360_000), reason="exp is too long after iat")
_row(23, "901 s long", _times(iat=0, exp=901), reason="exp is too long after iat")
_row(23, "900 s long", _times(iat=0, exp=900), 200)


def _written(exp: Callable[[World], str]) -> Callable[[World], list[Answer]]:
    """`exp` as this JSON text."""

    def claims(world: World) -> bytes:
        return json.dumps(world.claims(exp="EXP")).replace('"EXP"', exp(world)).encode()

    return _text(_raw(claims=claims))


for said, exp in {
    "text": lambda world: f'"{world.now + 295}"',
    "a fraction": lambda world: f"{world.now + 295}.5",
    "true": lambda _: "true",
    "null": lambda _: "null",
}.items():
    _row(24, f"exp is {said}", _written(exp), reason="exp is not whole seconds")
for said in ("Infinity", "NaN", "1e999"):
    _row(24, f"exp is {said}", _written(lambda _, said=said: said), reason=NO_JSON)  # type: ignore[misc]
_row(24, "exp is missing", _claims(exp=ABSENT), reason="exp is not whole seconds")
_row(
    24,
    "iat is a fraction",
    lambda world: [world.ask(world.token(iat=world.now - 5.5))],
    reason="iat is not whole seconds",
)
_row(24, "iat is missing", _claims(iat=ABSENT), reason="iat is not whole seconds")
_row(24, "nbf is a fraction", _claims(nbf=0.5), reason="nbf is not whole seconds")
_row(25, "issued in 1970", _claims(iat=0), reason="exp is too long after iat")

# 26-28: for whom, from whom
_row(26, "a list of audiences with ours", _claims(aud=["sts.amazonaws.com", AUDIENCE]), reason=NOT_OURS)
_row(26, "a list with only ours", _claims(aud=[AUDIENCE]), reason=NOT_OURS)
for said, aud in {
    "the owner's URL": "https://github.com/example-org",
    "sts.amazonaws.com": "sts.amazonaws.com",
    "ours with a slash": f"{AUDIENCE}/",
    "ours in upper case": AUDIENCE.upper(),
}.items():
    _row(27, said, _claims(aud=aud), reason=NOT_OURS)
_row(27, "no audience", _claims(aud=ABSENT), reason="aud is missing")


def _no_audience_set(world: World) -> list[Answer]:
    world.configure(a_rule(), audience="")
    return [world.ask(world.token(aud=""))]


_row(27, "no audience where none is configured", _no_audience_set, reason="aud is missing")
for said, iss in {
    "with a slash": f"{GITHUB_COM}/",
    "over http": GITHUB_COM.replace("https", "http"),
    "of another enterprise": f"{GITHUB_COM}/evil-enterprise",
    "of a host that looks alike": "https://token.actions.githubusercontent.com.example.com",
    "with a Cyrillic letter": GITHUB_COM.replace("o", "о", 1),  # noqa: RUF001 -- the point
    "on loopback": "http://127.0.0.1:8080",
    "missing": ABSENT,
    "a list": [GITHUB_COM],
}.items():
    _row(28, f"iss {said}", _claims(iss=iss), reason=NOT_TRUSTED, fetches=0)


def _trusted_over_http(world: World) -> list[Answer]:
    issuer = TrustedIssuer(issuer=PLAIN_HTTP, jwks_url=f"https://keys.example.com{JWKS[PLAIN_HTTP]}")
    world.configure(a_rule(issuer=PLAIN_HTTP), issuers=(issuer,))
    return [world.ask(world.token(iss=PLAIN_HTTP))]


def _keys_over_http(world: World) -> list[Answer]:
    world.configure(a_rule(), issuers=(TrustedIssuer(issuer=GITHUB_COM, jwks_url=f"{PLAIN_HTTP}{JWKS[GITHUB_COM]}"),))
    return [world.ask(world.token())]


def _enterprise(world: World, **changes: Any) -> str:
    return world.token(header={"kid": "enterprise-1"}, key=key_pair("enterprise"), **changes)


_row(28, "an http issuer in the settings", _trusted_over_http, reason=NOT_TRUSTED, fetches=0)
_row(28, "keys over http in the settings", _keys_over_http, reason=NOT_TRUSTED, fetches=0)
_row(
    28,
    "another trusted issuer, a rule for github.com",
    _text(lambda world: _enterprise(world, iss=ENTERPRISE)),
    403,
    reason=NO_RULE,
)
_row(28, "another trusted issuer's key, iss github.com", _text(_enterprise), reason=UNKNOWN_KEY)


def _at_the_port(make: Callable[[World], str]) -> Callable[[World], list[Answer]]:
    """What the signature check says by itself, behind the checks that come before it."""

    def act(world: World) -> list[Answer]:
        issuer = TrustedIssuer(issuer=GITHUB_COM, jwks_url=f"https://keys.example.com{JWKS[GITHUB_COM]}")
        try:
            world.app.token_signatures.claims(make(world), issuer=issuer, audience=AUDIENCE)
        except BadToken as bad:
            return [Answer(401, str(bad))]
        return [Answer(200)]

    return act


_row(
    9,
    "RS512, asked of the signature check alone",
    _at_the_port(lambda world: world.token(algorithm="RS512")),
    reason=NOT_RS256,
)
_row(
    28,
    "iss with a slash, asked of the signature check alone",
    _at_the_port(lambda world: world.token(iss=f"{GITHUB_COM}/")),
    reason="iss is not the issuer whose keys were used",
)


# 29-32: once
def _again(change: Callable[[str], str]) -> Callable[[World], list[Answer]]:
    def act(world: World) -> list[Answer]:
        token = world.token()
        return [world.ask(token), world.ask(change(token))]

    return act


def _at_once(world: World) -> list[Answer]:
    token = world.token()
    with ThreadPoolExecutor(max_workers=20) as threads:
        answers = list(threads.map(lambda _: Answer(world._status(_event(token))), range(20)))
    return sorted(answers, key=lambda answer: answer.status)


def _event(token: str) -> dict[str, Any]:
    return {"authorizationToken": f"Bearer {token}", "methodArn": "arn:aws:execute-api:r:1:a/v1/GET/github/pools/p"}


_row(29, "twice", _again(lambda token: token), 200, 401, reason=REUSED)
_row(30, "again with ==", _again(lambda token: f"{token}=="), 200, 401, reason=NO_PARTS)
_row(30, "once, with ==", _text(lambda world: f"{world.token()}=="), reason=NO_PARTS)


def _same_jti(world: World) -> list[Answer]:
    return [world.ask(world.token(jti="one")), world.ask(world.token(jti="one", run_id="7000000002"))]


_row(30, "another token of the same jti", _same_jti, 200, 401, reason=REUSED)


def _refused_first(world: World) -> list[Answer]:
    """A refusal uses nothing up: the rule is corrected, and the token works."""
    token = world.token()
    world.configure(a_rule(events=("release",)))
    refused = world.ask(token)
    world.configure(a_rule())
    return [refused, world.ask(token)]


_row(30, "refused by a rule first", _refused_first, 403, 200)
_row(31, "twenty at once", _at_once, 200, *[401] * 19, where=_BOTH)
for said, jti in {
    "missing": ABSENT,
    "empty": "",
    "a number": 7,
    "of 1 KB": "j" * 1024,
    "with a newline": "a\nb",
}.items():
    _row(32, f"jti {said}", _claims(jti=jti), reason="jti is missing or out of shape")

# 33-44: claims and rules
for claim in ("repository_id", "repository_owner_id", "repository", "run_id", "run_attempt", "event_name"):
    _row(33, f"{claim} missing", _claims(**{claim: ABSENT}), reason=f"{claim} is missing or out of shape")
for claim, wrong in {
    "repository_id": 123456,
    "repository_owner_id": 654321,
    "repository": "example-org",
    "run_id": "7000000001/../2",
    "run_attempt": "one",
    "event_name": "Push!",
    "check_run_id": 8000000001,
    "ref": "refs/heads/\u202emain",
    "job_workflow_ref": ["x"],
    "environment": "prod\n",
    "runner_environment": True,
    "actor": "octo\ud800cat",
}.items():
    _row(33, f"{claim} out of shape", _claims(**{claim: wrong}), reason=f"{claim} is missing or out of shape")
_row(33, "optional claims missing", _claims(check_run_id=ABSENT, environment=ABSENT, actor=ABSENT, ref=""), 200)
_row(34, "right names, another repository's id", _claims(repository_id="999"), 403, reason=NO_RULE)
_row(35, "another owner's id", _claims(repository_owner_id="999"), 403, reason=NO_RULE)
_row(36, "renamed, the same ids", _claims(repository="example-org/new-name"), 200)
_row(
    37,
    "a name that begins like the rule's",
    _claims(repository="example-org/example-repo-evil", repository_id="9"),
    403,
    reason=NO_RULE,
)
_row(38, "the right sub, other ids", _claims(repository_id="9", repository_owner_id="8"), 403, reason=NO_RULE)
for event in ("pull_request_target", "workflow_run", "issue_comment", "pull_request", "issues"):
    _row(39, event, _claims(event_name=event), 403, reason=NO_RULE)
_MAIN: Final = {"refs": ("refs/heads/main",)}
_row(40, "the rule's ref", _ruled(_MAIN), 200)
_row(40, "a ref that begins like the rule's", _ruled(_MAIN, ref="refs/heads/main-evil"), 403, reason=NO_RULE)
_row(40, "a tag of the branch's name", _ruled(_MAIN, ref="refs/tags/main"), 403, reason=NO_RULE)
_row(40, "no ref", _ruled(_MAIN, ref=""), 403, reason=NO_RULE)
_FILE: Final = {"workflows": (WORKFLOW,)}
_row(41, "the rule's workflow", _ruled(_FILE), 200)
_row(
    41,
    "a workflow of another repository",
    _ruled(_FILE, job_workflow_ref=WORKFLOW.replace("example-repo", "evil")),
    403,
    reason=NO_RULE,
)
_row(
    41,
    "a branch that looks like a file",
    _ruled(_FILE, job_workflow_ref=WORKFLOW.replace("@", "@refs/heads/a.yml@")),
    403,
    reason=NO_RULE,
)
_row(41, "no workflow", _ruled(_FILE, job_workflow_ref=ABSENT), 403, reason=NO_RULE)
_row(42, "no environment where one is required", _ruled({"environment": "production"}), 403, reason=NO_RULE)
_row(42, "another environment", _ruled({"environment": "production"}, environment="test"), 403, reason=NO_RULE)
_row(42, "the environment in another case", _ruled({"environment": "production"}, environment="Production"), 200)
_row(
    43,
    "a runner of one's own",
    _ruled({"runner": "github-hosted"}, runner_environment="self-hosted"),
    403,
    reason=NO_RULE,
)
_row(43, "GitHub's runner", _ruled({"runner": "github-hosted"}), 200)
_row(44, "claims that nobody knows", _claims(enterprise_id="1", new_claim=[1], repo_property_tier="gold"), 200)


# 45-47: the issuer's keys
def _warm_then(answer: Published, **wait: float) -> Callable[[World], list[Answer]]:
    """Keys are known and no longer fresh when the issuer answers this."""

    def act(world: World) -> list[Answer]:
        first = world.ask(world.token())
        world.server.published[JWKS[GITHUB_COM]] = answer
        world.wait(**(wait or {"minutes": 11}))
        return [first, world.ask(world.token())]

    return act


def _cold(answer: Published) -> Callable[[World], list[Answer]]:
    def act(world: World) -> list[Answer]:
        world.server.published[JWKS[GITHUB_COM]] = answer
        return [world.ask(world.token())]

    return act


def _others() -> dict[str, Any]:
    return published(key_pair("attacker"), "other-1")


_row(45, "down, keys known", _warm_then(DOWN), 200, 200, fetches=2)
_row(45, "down, no keys yet", _cold(DOWN), 503, fetches=1)
_row(45, "hung up, no keys yet", _cold(Published(drop=True)), 503)


def _down_flood(world: World) -> list[Answer]:
    world.server.published[JWKS[GITHUB_COM]] = DOWN
    return [world.ask(world.token(header={"kid": f"unknown-{number}"})) for number in range(50)]


_row(45, "down, fifty tokens, no keys yet", _down_flood, *[503] * 50, fetches=1)


def _bad_answers() -> dict[str, Callable[[], Published]]:
    return {
        "HTML": lambda: Published(body=b"<html>maintenance</html>"),
        "an empty set": key_set,
        "a list": lambda: Published(body=b"[]"),
        "keys that are no list": lambda: Published(body=b'{"keys": {"a": 1}}'),
        "entries that are no keys": lambda: Published(body=b'{"keys": [1, null, {"kid": "x", "kty": "RSA"}]}'),
        "no UTF-8": lambda: Published(body=b"\xff\xfe"),
        "nested too deep": lambda: Published(body=b"[" * 200_000),
        "an oct key": lambda: key_set({"kty": "oct", "kid": KID, "k": b64(b"secret" * 8)}),
        "300 KB of keys": lambda: key_set(_others(), padding="x" * 300_000),
        "a redirect with keys in it": lambda: Published(
            status=302, headers={"Location": "/elsewhere"}, body=key_set(_others()).body
        ),
    }


for said, make in _bad_answers().items():
    _row(46, f"keys: {said}", _warm_then(make()), 200, 200, fetches=2)


def _rotated(world: World) -> list[Answer]:
    first = world.ask(world.token())
    world.publish(published(key_pair()), published(key_pair("next"), "key-2"))
    world.wait(minutes=1)
    return [first, *(world.ask(world.token(header={"kid": "key-2"}, key=key_pair("next"))) for _ in range(2))]


def _withdrawn(world: World) -> list[Answer]:
    first = world.ask(world.token())
    world.publish(published(key_pair("next"), "key-2"))
    world.wait(minutes=11)
    return [first, world.ask(world.token())]


_row(47, "a new key", _rotated, 200, 200, 200, fetches=2)
_row(47, "a withdrawn key", _withdrawn, 200, 401, reason=UNKNOWN_KEY)
_row(47, "down for 23 hours", _warm_then(DOWN, hours=23), 200, 200)
_row(47, "down for 24 hours", _warm_then(DOWN, hours=24), 200, 503)


def _new_key_while_down(world: World) -> list[Answer]:
    first = world.ask(world.token())
    world.server.published[JWKS[GITHUB_COM]] = DOWN
    world.wait(minutes=1)
    return [first, world.ask(world.token(header={"kid": "key-2"}, key=key_pair("next")))]


_row(47, "a new key while the issuer is down", _new_key_while_down, 200, 503)


def _two_rules(world: World) -> list[Answer]:
    world.configure(a_rule(name=RuleName("other"), refs=("refs/heads/release",)), a_rule())
    return [world.ask(world.token())]


_row(44, "the second of two rules", _two_rules, 200)

BY_ID: Final = {row.id: row for row in ROWS}
