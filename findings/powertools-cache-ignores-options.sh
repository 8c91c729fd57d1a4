#!/usr/bin/env bash
# What: the cache of the parameters utility of Powertools knows the name and the transform, and no other option: asked
#       for AWSPREVIOUS after the current version, `get_secret` returns the current one. `force_fetch=True` gets the right
#       value, and from then on the plain call returns the previous secret. `decrypt` and `recursive` are ignored in the
#       same way. `get_app_config` keeps the first environment and application for ever, also with `force_fetch`.
# Why:  a test of a rotation compares a secret with itself, a function reads cipher text, or half of its parameters, or
#       the flags of staging in production, and nothing is raised. In tests call `parameters.clear_caches()` between
#       cases; in functions use one provider for each variant: `SecretsProvider()`, `AppConfigProvider(...)`.
# With: aws-lambda-powertools 3.37.0, boto3 1.44.8, moto 5.2.5 as Secrets Manager and Systems Manager (PyPI); AppConfig is
#       a server on loopback that answers with the environment of the session. Seen 2026-11-30.
# Docs: the parameters page says that values are kept for max_age, 5 minutes by default, and not by what. The same bug of
#       the TypeScript library is issue 5622 there, closed in September 2026; nothing found on the Python one, but for
#       AppConfig a remark in issue 2362 (2023).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check \
  aws-lambda-powertools==3.37.0 boto3==1.44.8 botocore==1.44.8 'moto[secretsmanager,ssm]==5.2.5'
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" -W ignore - >"$work/seen" <<'PY'
import http.server, json, os, threading, urllib.parse
import boto3
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

class AppConfig(http.server.BaseHTTPRequestHandler):
    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        token = f"{asked['ApplicationIdentifier']} in {asked['EnvironmentIdentifier']}"
        self.answer(json.dumps({"InitialConfigurationToken": token}).encode(), 201)

    def do_GET(self):
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["configuration_token"][0]
        self.answer(f"flags of {token}".encode(), **{"Next-Poll-Configuration-Token": token})

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AppConfig)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL_APPCONFIGDATA"] = f"http://127.0.0.1:{server.server_port}"

def show(call, value):
    print(f"{call:<46} {value}")

with mock_aws():
    secrets, ssm = boto3.client("secretsmanager"), boto3.client("ssm")
    secrets.create_secret(Name="db", SecretString="old")
    secrets.put_secret_value(SecretId="db", SecretString="new")
    ssm.put_parameter(Name="/app/key", Value="plain", Type="SecureString")
    ssm.put_parameter(Name="/app/part/url", Value="u", Type="String")

    previous = {"VersionStage": "AWSPREVIOUS", "max_age": 300}
    show("secret", parameters.get_secret("db", max_age=300))
    show("secret, AWSPREVIOUS", parameters.get_secret("db", **previous))
    show("secret, AWSPREVIOUS, force_fetch", parameters.get_secret("db", force_fetch=True, **previous))
    show("secret", parameters.get_secret("db", max_age=300))
    parameters.clear_caches()
    show("secret, AWSPREVIOUS, after clear_caches()", parameters.get_secret("db", **previous))

    show("parameter", parameters.get_parameter("/app/key", max_age=300))
    show("parameter, decrypt", parameters.get_parameter("/app/key", max_age=300, decrypt=True))
    flat = parameters.get_parameters("/app", recursive=False, decrypt=True, max_age=300)
    show("parameters, not recursive", flat)
    show("parameters, recursive", parameters.get_parameters("/app", recursive=True, decrypt=True, max_age=300))
for application, environment in (("shop", "staging"), ("shop", "production"), ("bank", "production")):
    value = parameters.get_app_config("flags", application=application, environment=environment, force_fetch=True)
    show(f"flags of {application} in {environment}, force_fetch", value.decode())
PY
echo "aws-lambda-powertools 3.37.0, boto3 1.44.8, moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
secret                                         new
secret, AWSPREVIOUS                            new
secret, AWSPREVIOUS, force_fetch               old
secret                                         old
secret, AWSPREVIOUS, after clear_caches()      old
parameter                                      kms:alias/aws/ssm:plain
parameter, decrypt                             kms:alias/aws/ssm:plain
parameters, not recursive                      {'key': 'plain'}
parameters, recursive                          {'key': 'plain'}
flags of shop in staging, force_fetch          flags of shop in staging
flags of shop in production, force_fetch       flags of shop in staging
flags of bank in production, force_fetch       flags of shop in staging
SEEN
