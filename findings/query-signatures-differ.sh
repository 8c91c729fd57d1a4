#!/usr/bin/env bash
# What: botocore's SigV4Auth signs the query of a URL as it is written; aws4 and @smithy/signature-v4 decode it and
#       encode it again. For `environment=111122223333/us-east-1` they sign different requests. A `+` gives a third
#       reading.
# Why:  a value with `/`, `*` or `=` is valid in a URL, and an `aws://ACCOUNT/REGION` name has one. The signing rules
#       ask for `%2F`: by them the same URL is accepted from JavaScript and refused from Python. With
#       AWSRequest(params=...), or a value that is encoded first, botocore signs what the others sign.
# With: botocore 1.44.8 (PyPI), aws4 1.13.2, @smithy/signature-v4 5.7.5, @aws-crypto/sha256-js 5.2.0 (npm). Seen
#       2026-11-29.
# Docs: the IAM guide on signed requests wants a slash encoded everywhere but in object keys; boto3 and botocore have
#       no guide to SigV4Auth.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  aws4@1.13.2 @smithy/signature-v4@5.7.5 @aws-crypto/sha256-js@5.2.0 >/dev/null
cat >"$work/sign.py" <<'PY'
import datetime, sys
from unittest import mock
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

signer = SigV4Auth(Credentials("AKID", "secret"), "execute-api", "us-east-1")
moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)

def signed(request):
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer.add_auth(request)
    query = signer.canonical_request(request).split("\n")[2]
    print("botocore", request.headers["Authorization"][-8:], query)

url, _, query = sys.argv[1].partition("?")
signed(AWSRequest("GET", f"{url}?{query}"))
if len(sys.argv) > 2:
    signed(AWSRequest("GET", url, params=dict([query.split("=", 1)])))
PY
cat >"$work/sign.mjs" <<'JS'
import aws4 from "aws4";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "@aws-crypto/sha256-js";
const url = process.argv[2], host = new URL(url).host, query = url.split("?")[1];
const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
const scope = { service: "execute-api", region: "us-east-1" };
const request = { ...scope, host, path: `/?${query}`, headers: { "X-Amz-Date": "20260101T000000Z" } };
const signer = new aws4.RequestSigner(request, credentials);
const authorization = signer.sign().headers.Authorization;
console.log("aws4    ", authorization.slice(-8), signer.canonicalString().split("\n")[2]);
const [name, ...value] = query.split("=");
const smithy = new SignatureV4({ ...scope, credentials, sha256: Sha256 });
const parsed = { method: "GET", protocol: "https:", hostname: host, path: "/", headers: { host },
  query: { [name]: decodeURIComponent(value.join("=")) } };
const unsignableHeaders = new Set(["x-amz-content-sha256"]);  // the others do not send it here
const signed = await smithy.sign(parsed, { signingDate: new Date("2026-01-01"), unsignableHeaders });
console.log("smithy  ", signed.headers.authorization.slice(-8));
JS
cd "$work"
{
  for query in 'environment=plain' 'environment=111122223333/us-east-1' 'pool=a*' 'token=YQ==' 'requester=a+b'; do
    echo "?$query"
    v/bin/python sign.py "https://api.example.com/?$query"
    NODE_NO_WARNINGS=1 node sign.mjs "https://api.example.com/?$query"
  done
  echo "the second with params="
  v/bin/python sign.py "https://api.example.com/?environment=111122223333/us-east-1" params | tail -n 1
} >seen
echo "botocore 1.44.8, aws4 1.13.2, @smithy/signature-v4 5.7.5 (tool, end of the signature, canonical query)"
cat seen
diff seen - <<'SEEN'
?environment=plain
botocore 55b76d59 environment=plain
aws4     55b76d59 environment=plain
smithy   55b76d59
?environment=111122223333/us-east-1
botocore e8312674 environment=111122223333/us-east-1
aws4     1a39e178 environment=111122223333%2Fus-east-1
smithy   1a39e178
?pool=a*
botocore 73e1191b pool=a*
aws4     b323c48a pool=a%2A
smithy   b323c48a
?token=YQ==
botocore 504807fc token=YQ==
aws4     a806cfb8 token=YQ%3D%3D
smithy   a806cfb8
?requester=a+b
botocore 8ae16f17 requester=a+b
aws4     0e653816 requester=a%20b
smithy   10c7e5f4
the second with params=
botocore 1a39e178 environment=111122223333%2Fus-east-1
SEEN
