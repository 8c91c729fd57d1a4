"""A stand-in for GitHub's token issuer on loopback: real signatures by a key that is made when it starts.

    GET /.well-known/openid-configuration, GET /.well-known/jwks
    GET /token?...&audience=A&CLAIM=VALUE   with `Authorization: Bearer <request token>`: {"value": "<token>"}

The last is what a job finds behind `ACTIONS_ID_TOKEN_REQUEST_URL`. A claim in the query replaces the one that the token
would have, an empty one removes it, one that is named several times becomes a list. It is in no Lambda's asset, and no
deployment to AWS trusts it.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from atmosphere.local.emulator import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIFETIME: Final = 300  # seconds, as GitHub's
_EARLIER: Final = 600  # seconds that `nbf` lies before `iat`, as GitHub's
_NUMBERS: Final = frozenset({"iat", "nbf", "exp"})
_NO_CLAIMS: Final = frozenset({"api-version", "audience"})
_ALGORITHM: Final = "RS256"


class TokenIssuer:
    """Issues tokens about one job from `start` to `stop`; both may be repeated, and the key stays the same.

    `claims` is what the tokens say about the job, `audience` what they are for unless the job asks otherwise.
    """

    def __init__(self, claims: Mapping[str, str], *, audience: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.audience = audience
        self._claims = dict(claims)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._kid = uuid.uuid4().hex
        self._request_token = secrets.token_urlsafe(32)
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """What its tokens have as `iss`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def description(self) -> dict[str, str]:
        """What the ready file says; holds the request token."""
        return {
            "tokenRequestUrl": f"{self.url}/token?api-version=2.0",  # a query, so that `&audience=` can be appended
            "tokenRequestToken": self._request_token,
            "audience": self.audience,
            "issuer": self.url,
        }

    def start(self) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="token-issuer", daemon=True).start()

    def stop(self) -> None:
        """Stop listening. Safe to repeat."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def configuration(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": [_ALGORITHM],
            "scopes_supported": ["openid"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key, as a set."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        shown = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [{**shown, "kid": self._kid, "use": "sig", "alg": _ALGORITHM}]}

    def may_ask(self, authorization: str) -> bool:
        """Whether a request for a token holds the request token."""
        scheme, _, token = authorization.partition(" ")
        right = hmac.compare_digest(token.encode(), self._request_token.encode())
        return right and scheme.lower() == "bearer"  # RFC 9110, 11.1: the scheme's case does not matter

    def token(self, query: Mapping[str, list[str]]) -> str:
        """A token that is used for the first time, with what the query asks for."""
        now = int(time.time())
        asked = {name: _value(name, values) for name, values in query.items() if name not in _NO_CLAIMS}
        claims: dict[str, Any] = {
            **self._claims,
            "iss": self.url,
            "aud": _value("aud", query.get("audience", [self.audience])),
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now - _EARLIER,
            "exp": now + _LIFETIME,
            **asked,
        }
        removed = {name for name, value in asked.items() if value == ""}
        kept = {name: value for name, value in claims.items() if name not in removed}
        return jwt.api_jws.encode(
            json.dumps(kept).encode(), self._key, algorithm=_ALGORITHM, headers={"kid": self._kid, "typ": "JWT"}
        )


def _value(name: str, values: list[str]) -> object:
    """Times are numbers where they look like it, so that wrong ones can be asked for too."""
    read = [int(text) if name in _NUMBERS and text.lstrip("-").isdecimal() else text for text in values]
    return read[0] if len(read) == 1 else read


def _handler(issuer: TokenIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request, one connection: what is stopped answers nobody any more."""

        def do_GET(self) -> None:
            """Answer."""
            address = urlsplit(self.path)
            query = parse_qs(address.query, keep_blank_values=True)
            self._reply(*_answer(issuer, address.path, query, self.headers.get("Authorization", "")))

        def _reply(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
            """Nothing: claims are nobody's business but the caller's."""

    return Handler


def _answer(
    issuer: TokenIssuer, path: str, query: Mapping[str, list[str]], authorization: str
) -> tuple[HTTPStatus, Mapping[str, Any]]:
    documents = {"/.well-known/openid-configuration": issuer.configuration, "/.well-known/jwks": issuer.keys}
    if path in documents:
        return HTTPStatus.OK, documents[path]()
    if path != "/token":
        return HTTPStatus.NOT_FOUND, {"message": "there is no such document"}
    if not issuer.may_ask(authorization):
        return HTTPStatus.UNAUTHORIZED, {"message": "send the request token: Authorization: Bearer ..."}
    return HTTPStatus.OK, {"value": issuer.token(query)}
