"""The forms of single texts in the three files, as pydantic types.

Everything that an access rule compares is exact: a wildcard is refused where it stands, with a word of its own.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, StringConstraints

from atmosphere.core import forms


def _anchored(form: str) -> str:
    return f"^{form}$"


ASKED_NAME: Final = _anchored(forms.NAME)
_ARN: Final = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/([\x21-\x7e]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$"

Account = Annotated[str, StringConstraints(pattern=_anchored(forms.ACCOUNT))]
AwsRegion = Annotated[str, StringConstraints(pattern=_anchored(forms.REGION))]
Name = Annotated[str, StringConstraints(pattern=_anchored(forms.POOL))]
AskedName = Annotated[str, StringConstraints(pattern=ASKED_NAME)]
RoleArnText = Annotated[str, StringConstraints(pattern=_ARN, max_length=600)]
IamRoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")]
KeepPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:*?_-]+:[\x20-\x7e]+$", max_length=300)]
StackSetPrefix = Annotated[str, StringConstraints(pattern=r"^StackSet-[A-Za-z0-9][A-Za-z0-9-]{0,118}$")]
AddedRole = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|\*):role/([!-)+-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}\*?$",
        max_length=600,
    ),
]
ResourceTypeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+(::[A-Za-z0-9]+){1,3}$", max_length=200)]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,128}$")]


def _exact(value: object) -> object:
    if isinstance(value, str) and ("*" in value or "?" in value):
        raise ValueError("wildcards are not supported: a rule matches its values exactly")
    return value


_NO_WILDCARD: Final = BeforeValidator(_exact)
_REPOSITORY: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}"
_REF: Final = r"refs/(heads|tags)/[!-)+->@-~]{1,500}"  # printable ASCII without * and ?
_HOST: Final = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_URL: Final = rf"^https://{_HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~-]+)*$"  # no query, fragment, user, final slash

GitHubId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,19}$")]
Repository = Annotated[str, _NO_WILDCARD, StringConstraints(pattern=_anchored(_REPOSITORY))]
Event = Annotated[str, _NO_WILDCARD, StringConstraints(pattern=r"^[a-z_]{1,50}$")]
Ref = Annotated[str, _NO_WILDCARD, StringConstraints(pattern=_anchored(_REF))]
Workflow = Annotated[
    str,
    _NO_WILDCARD,
    StringConstraints(
        pattern=rf"^{_REPOSITORY}/\.github/workflows/[A-Za-z0-9 ._+-]{{1,200}}\.ya?ml@({_REF}|[0-9a-f]{{40}})$",
    ),
]
GitHubEnvironment = Annotated[
    str, _NO_WILDCARD, StringConstraints(pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$")
]
HttpsUrl = Annotated[str, _NO_WILDCARD, StringConstraints(pattern=_URL, max_length=255)]
Audience = Annotated[str, _NO_WILDCARD, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
