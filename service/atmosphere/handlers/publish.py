"""At every deployment: put the configuration in force (a CloudFormation custom resource).

The snapshot is stored under its digest before it is applied, and both may be repeated: CloudFormation calls again after
a failure, and with the old properties for a rollback. Deleting the stack leaves everything as it is.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from atmosphere import observability, wiring
from atmosphere.core import snapshot as snapshots
from atmosphere.handlers import start
from atmosphere.handlers.announcing import gone
from atmosphere.operations.register import RowsReplaced

if TYPE_CHECKING:
    from atmosphere.wiring import App

_ANSWER_LIMIT: Final = 10.0  # seconds


class WrongDigest(ValueError):
    """The snapshot that arrived is not the one that was announced."""


def publish(properties: dict[str, str], app: App, *, before: str | None = None) -> str:
    """Store and apply the announced snapshot; its digest. `before` is the table of environments until now."""
    digest = properties["Digest"]
    registrar = app.registrar(gone=gone(app))
    registrar.demand_rows(before=before, table=properties.get("Rows"))
    text = _text(digest, properties, app)
    if snapshots.digest(text) != digest:
        raise WrongDigest(f"the snapshot asset does not have the digest {digest}: deploy again")
    snapshot = snapshots.from_json(text)
    app.deployed.put(digest, text)
    applied = registrar.register(snapshot)
    observability.line("published", snapshot=digest, applied={str(kind): number for kind, number in applied.items()})
    return digest


def _text(digest: str, properties: dict[str, str], app: App) -> str:
    """What was stored before, else the asset: a rollback must not need an asset whose permission may be gone."""
    if (stored := app.deployed.get(digest)) is not None:
        return stored
    return (app.objects(properties["AssetBucket"]).get(properties["AssetKey"]) or b"").decode()


def handle(event: dict[str, Any], app: App, *, log: str = "the log of the publish function") -> dict[str, Any]:
    """The answer to CloudFormation: success with the snapshot's digest, or failure with the kind of fault.

    `log` is where the reader finds more: the failed stack no longer says so when it was rolled back.
    """
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "atmosphere-configuration",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    if event["RequestType"] == "Delete":
        return answer
    try:
        before = event.get("OldResourceProperties", {}).get("Rows")
        return answer | {"Data": {"Snapshot": publish(event["ResourceProperties"], app, before=before)}}
    except RowsReplaced as refused:  # a text of ours, that the reader of the stack's events can act on
        return answer | {"Status": "FAILED", "Reason": str(refused)}
    except Exception as fault:  # noqa: BLE001 -- the outermost door: CloudFormation must hear of every fault, or waits an hour
        observability.fault_line("publishing failed", fault)
        return answer | {"Status": "FAILED", "Reason": f"{type(fault).__name__}: see {log}"}


def handler(event: dict[str, Any], context: object) -> None:
    """The Lambda entry point."""
    del context
    log = f"the log group {os.environ.get('AWS_LAMBDA_LOG_GROUP_NAME') or 'of the publish function'}"
    body = json.dumps(handle(event, wiring.app(), log=log)).encode()
    # the pre-signed URL comes from CloudFormation itself; its signature covers an empty content type
    request = urllib.request.Request(event["ResponseURL"], data=body, headers={"content-type": ""}, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=_ANSWER_LIMIT):  # noqa: S310
        pass


start.ready(lambda app: (app.deployed, app.store, app.cleaner))
