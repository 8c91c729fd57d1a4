#!/usr/bin/env bash
# What: the CDK for Python accepts a dict where a struct is expected. In a parameter of a construct its keys must be the
#       names of Python (`host_name`); those of TypeScript are a TypeError. In a list of structs and in a property of a
#       Cfn class it is the other way round, and there the names of Python are dropped without a word: old versions of
#       objects are never deleted, a public-access block is empty, a budget has no limit.
# Why:  the stack deploys, and what was to end the costs of a test, or to warn of them, is not in it.
# With: aws-cdk-lib 2.275.0, jsii 1.142.0 (PyPI). Seen 2026-11-30.
# Docs: the types allow any dict in all these places. jsii issue 1641 (2020, closed) is about examples with such keys;
#       pull request 3232 of aws-cdk says that dicts with TypeScript's names can still be passed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check aws-cdk-lib==2.275.0 jsii==1.142.0
cat >"$work/app.py" <<'PY'
import json, re
import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets, aws_s3 as s3

app = cdk.App(outdir="out")
stack = cdk.Stack(app, "Test")
DAY = cdk.Duration.days(1)

for id, redirect in {"snake": {"host_name": "example.com"}, "camel": {"hostName": "example.com"}}.items():
    try:
        s3.Bucket(stack, f"Parameter-{id}", website_redirect=redirect)
    except Exception as error:
        print(f"Parameter {id}: {type(error).__name__}")
for id, rule in {
    "snake": {"expiration": DAY, "noncurrent_version_expiration": DAY},
    "camel": {"expiration": DAY, "noncurrentVersionExpiration": DAY},
    "class": s3.LifecycleRule(expiration=DAY, noncurrent_version_expiration=DAY),
}.items():
    s3.Bucket(stack, f"List-{id}", lifecycle_rules=[rule])
for id, block in {"snake": {"block_public_acls": True}, "camel": {"blockPublicAcls": True}}.items():
    s3.CfnBucket(stack, f"Property-{id}", public_access_block_configuration=block)
LIMIT = {"amount": 5, "unit": "USD"}
for id, names in {"snake": ("budget_type", "time_unit", "budget_limit"),
                  "camel": ("budgetType", "timeUnit", "budgetLimit")}.items():
    budget = dict(zip(names, ("COST", "MONTHLY", LIMIT))) | {"budgetType": "COST", "timeUnit": "MONTHLY"}
    budgets.CfnBudget(stack, f"Budget-{id}", budget=budget)

SHOWN = ("WebsiteConfiguration", "LifecycleConfiguration", "PublicAccessBlockConfiguration", "Budget")
resources = app.synth().get_stack_by_name("Test").template["Resources"]
for id, resource in sorted(resources.items()):
    place = re.match("[A-Z][a-z]+(snake|camel|class)", id)[0]
    shown = [value for name, value in resource.get("Properties", {}).items() if name in SHOWN]
    print(f"{place:14}", json.dumps(*shown, sort_keys=True))
PY
cd "$work"
HOME="$work" JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 "$work/v/bin/python" app.py >seen 2>log
echo "aws-cdk-lib 2.275.0"
cat seen
diff seen - <<'SEEN'
Parameter camel: TypeError
Budgetcamel    {"BudgetLimit": {"Amount": 5, "Unit": "USD"}, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
Budgetsnake    {"BudgetType": "COST", "TimeUnit": "MONTHLY"}
Listcamel      {"Rules": [{"ExpirationInDays": 1, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}, "Status": "Enabled"}]}
Listclass      {"Rules": [{"ExpirationInDays": 1, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}, "Status": "Enabled"}]}
Listsnake      {"Rules": [{"ExpirationInDays": 1, "Status": "Enabled"}]}
Parametersnake {"RedirectAllRequestsTo": {"HostName": "example.com"}}
Propertycamel  {"BlockPublicAcls": true}
Propertysnake  {}
SEEN
