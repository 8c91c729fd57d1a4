"""What no emulator gives: a PutItem that took effect and whose reply was lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.used_tokens import DynamoUsedTokens
from atmosphere.core.github import GITHUB_COM
from atmosphere.ports import Unreachable
from tests.adapters.wire import LOST, Answer, failure

if TYPE_CHECKING:
    from collections.abc import Callable

UNTIL: Final = datetime(2036, 1, 1, tzinfo=UTC)


def test_a_use_whose_reply_was_lost_is_still_the_first(wired: Callable[..., Any]) -> None:
    client, wire = wired("dynamodb", LOST, None, tries=2)

    def its_own(_: object) -> object:
        wire.answers[0] = failure("ConditionalCheckFailedException", Item=wire.sent[0]["Item"])
        return None

    client.meta.events.register_first("before-send", lambda request, **_: its_own(request) if wire.sent else None)
    assert DynamoUsedTokens(client, "used").burn(GITHUB_COM, "jti", until=UNTIL)
    assert len(wire.sent) == 2


@pytest.mark.parametrize("item", [{"use": {"S": "another"}}, {"token": {"S": "x"}}, None])
def test_somebody_elses_item_or_none_shown_is_a_second_use(wired: Callable[..., Any], item: Any) -> None:
    shown = {"Item": item} if item else {}
    client, _ = wired("dynamodb", failure("ConditionalCheckFailedException", **shown))
    assert not DynamoUsedTokens(client, "used").burn(GITHUB_COM, "jti", until=UNTIL)


@pytest.mark.parametrize("answer", [LOST, failure("ThrottlingException"), failure("InternalServerError", 500)])
def test_no_answer_is_unreachable_and_says_nothing_of_the_token(wired: Callable[..., Any], answer: object) -> None:
    client, wire = wired("dynamodb", answer)
    with pytest.raises(Unreachable) as raised:
        DynamoUsedTokens(client, "used").burn(GITHUB_COM, "the-jti", until=UNTIL)
    assert "the-jti" not in str(raised.value) + json.dumps(wire.sent)


def test_one_use_is_one_call(wired: Callable[..., Any]) -> None:
    client, wire = wired("dynamodb", Answer())
    assert DynamoUsedTokens(client, "used").burn(GITHUB_COM, "jti", until=UNTIL)
    assert len(wire.sent) == 1
    assert wire.sent[0]["ConditionExpression"] == "attribute_not_exists(#key)"
