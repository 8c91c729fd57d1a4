"""Who the job is towards the service: chosen in the main step, and found again in the post step and by profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

from atmosphere_action import keys, lease, oidc
from atmosphere_action.errors import KeysTrouble, NoIdentity
from atmosphere_action.proof import Bearer, Proof, Signed
from atmosphere_action.sigv4 import region_of

GITHUB, IAM = "github", "iam"  # the two trees of the API


@dataclass(frozen=True)
class Identity:
    """A tree of the API and a proof for it; `signing` is what the IAM tree's needs later, as JSON values."""

    tree: str
    proof: Proof
    signing: Mapping[str, Any] | None = None


def chosen(
    auth: str, *, endpoint: str, audience: str, environ: Mapping[str, str], mask: Callable[[str], None]
) -> Identity:
    """By the input `auth`; raises `NoIdentity`, `KeysTrouble`, `FileTrouble`."""
    if auth == "oidc" or (auth == "auto" and oidc.available(environ)):
        return Identity(GITHUB, Bearer(oidc.tokens(audience, environ, mask)))
    try:
        source = _signer(environ)
    except (NoIdentity, KeysTrouble) as none:
        if auth == "iam":
            raise
        raise NoIdentity(f"{oidc.why_none(environ)}. To sign with AWS credentials instead: {none}") from none
    kept = source.kept()
    _mask_keys(kept, mask)
    return Identity(IAM, Signed(source, region_of(endpoint)), kept)


def _signer(environ: Mapping[str, str]) -> keys.Source:
    """Not the credentials of an environment that an earlier step allocated: nobody lets those in."""
    earlier = lease.exported_earlier(environ)
    note = earlier or lease.emptied_earlier(environ)
    if note and note.get("signing"):
        return keys.restored(note["signing"], environ)
    if earlier:  # that step proved itself with a GitHub token, so this job has no keys of its own in its variables
        own = (keys.ID, keys.SECRET, keys.TOKEN)
        environ = {name: value for name, value in environ.items() if name not in own}
    return keys.found(environ)


def of_variables(environ: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What signs as the job's variables do now, to be kept before they are emptied; None if they have no keys."""
    earlier = lease.exported_earlier(environ)
    if earlier:  # they are an allocation's; what signed before that counts
        signing: Mapping[str, Any] | None = earlier.get("signing")
        return signing
    own = keys.variables(environ)
    return keys.Source("variables", environ, own).kept() if own is not None else None


def _mask_keys(kept: Mapping[str, Any], mask: Callable[[str], None]) -> None:
    for value in (kept.get("keys") or {}).values():
        mask(value or "")


def again(kept: Mapping[str, Any], *, environ: Mapping[str, str], mask: Callable[[str], None]) -> Proof:
    """The proof of `chosen` from what was kept: `endpoint`, `tree`, `audience`, `signing`.

    Raises `NoIdentity`, `KeysTrouble`.
    """
    if kept.get("tree") == IAM:
        signing: dict[str, Any] = dict(kept.get("signing") or {})
        _mask_keys(signing, mask)
        return Signed(keys.restored(signing, environ), region_of(str(kept["endpoint"])))
    return Bearer(oidc.tokens(str(kept["audience"]), environ, mask))
