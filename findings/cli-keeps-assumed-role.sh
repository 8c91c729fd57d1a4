#!/usr/bin/env bash
# What: with a profile that has a role_arn and a source_profile, the AWS CLI keeps the session of the role in
#       ~/.aws/cli/cache under a key made of the role and its parameters only. When the source profile has got other
#       credentials, `aws` goes on with the session of the role that the former ones opened. boto3 and the JavaScript
#       SDK open a new session in each process.
# Why:  in an environment that is handed out again within the hour, the CLI signs with a session of the last tenancy.
#       If that was revoked, each command is refused until it expires, although boto3 works with the same profile.
#       Empty ~/.aws/cli/cache between tenancies, or give the profile another role_session_name, which is in the key.
# With: awscli 1.46.3, boto3 1.44.8 (PyPI), @aws-sdk/client-sts 3.1177.0 (npm). Seen 2026-11-30.
# Docs: the CLI guide says that temporary credentials are cached until they expire, not what the key is made of.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in awscli==1.46.3 boto3==1.44.8; do
  python3 -m venv "$work/${package%==*}"
  "$work/${package%==*}/bin/pip" install -q --disable-pip-version-check "$package"
done
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @aws-sdk/client-sts@3.1177.0 >/dev/null 2>&1
mkdir "$work/home"
cat >"$work/config" <<INI
[profile lease]
credential_process = /bin/cat $work/credentials
[profile deploy]
role_arn = arn:aws:iam::222222222222:role/deploy
source_profile = lease
region = us-east-1
INI
cat >"$work/who.js" <<'JS'
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
new STSClient({}).send(new GetCallerIdentityCommand({}));
JS
cat >"$work/watch.py" <<'PY'
import http.server, json, os, re, subprocess, sys, threading, urllib.parse

work = sys.argv[1]

class Sts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        action = urllib.parse.parse_qs(body)["Action"][0]
        signer = re.search("Credential=([^/]+)/", self.headers["authorization"])[1]
        seen.append(f"{action} by {signer}")
        answer = f"<Account>222222222222</Account><UserId>-</UserId><Arn>arn:aws:sts::222222222222:{signer}</Arn>"
        if action == "AssumeRole":
            answer = f"<Credentials><AccessKeyId>role-of-{signer}</AccessKeyId><SecretAccessKey>-</SecretAccessKey>"
            answer += "<SessionToken>-</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
        page = f"<{action}Response xmlns='{namespace}'><{action}Result>{answer}</{action}Result></{action}Response>"
        self.send_response(200)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass

seen = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
threading.Thread(target=server.serve_forever, daemon=True).start()
machine = {"PATH": os.environ["PATH"], "HOME": f"{work}/home", "AWS_CONFIG_FILE": f"{work}/config"}
machine |= {"AWS_PROFILE": "deploy", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
clients = {
    "awscli": [f"{work}/awscli/bin/aws", "sts", "get-caller-identity"],
    "boto3": [f"{work}/boto3/bin/python", "-c", "import boto3; boto3.client('sts').get_caller_identity()"],
    "@aws-sdk/client-sts": ["node", "--no-warnings", f"{work}/who.js"],
}
for lease in ("first", "second"):
    with open(f"{work}/credentials", "w") as file:
        json.dump({"Version": 1, "AccessKeyId": lease, "SecretAccessKey": "-", "SessionToken": "-"}, file)
    for name, words in clients.items():
        seen.clear()
        subprocess.run(words, env=machine, cwd=work, check=True, capture_output=True)
        print(f"{lease} lease, {name}: {', '.join(seen)}")
PY
python3 "$work/watch.py" "$work" >"$work/seen"
echo "awscli 1.46.3, boto3 1.44.8, @aws-sdk/client-sts 3.1177.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
first lease, awscli: AssumeRole by first, GetCallerIdentity by role-of-first
first lease, boto3: AssumeRole by first, GetCallerIdentity by role-of-first
first lease, @aws-sdk/client-sts: AssumeRole by first, GetCallerIdentity by role-of-first
second lease, awscli: GetCallerIdentity by role-of-first
second lease, boto3: AssumeRole by second, GetCallerIdentity by role-of-second
second lease, @aws-sdk/client-sts: AssumeRole by second, GetCallerIdentity by role-of-second
SEEN
