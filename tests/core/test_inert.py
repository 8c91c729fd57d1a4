"""Text that a test chose shows as itself and does nothing."""

from __future__ import annotations

import pytest

from atmosphere.core import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bucket-1", "bucket-1"),
        ("Zoë 日本", "Zoë 日本"),
        ("a\nb\tc\rd", "a b c d"),
        ("\x1b[2J", "\\u001b[2J"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u200bb", "a\\u200bb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\x85b", "a\\u0085b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_has_no_form_of_its_own_is_written_as_its_code(text: str, shown: str) -> None:
    assert inert.visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bucket-1", "`bucket-1`"),
        ("[x](http://evil)", "`[x](http://evil)`"),
        ("a`b``c", "`a\u02cbb\u02cb\u02cbc`"),
        ("a|b", "`a\u00a6b`"),
        ("<!channel> <b>", "`\u2039!channel\u203a \u2039b\u203a`"),
        (" padded ", "`padded`"),
        ("`", "`\u02cb`"),
        ("\\", "`\\`"),
        ("", ""),
        ("\n", ""),
    ],
)
def test_a_code_span_cannot_be_left(text: str, shown: str) -> None:
    assert inert.code(text) == shown


@pytest.mark.parametrize("text", ["AWS::S3::Bucket:$(rm -rf)@us-east-1", "a b"])
def test_plain_is_what_a_report_shows_unchanged(text: str) -> None:
    assert inert.is_plain(text)
    assert inert.code(text) == f"`{text}`"


@pytest.mark.parametrize("text", ["ü", "a`b", "a|b", "a<b", "a>b", "a\nb", "a\u202eb"])
def test_nothing_else_is_plain(text: str) -> None:
    assert not inert.is_plain(text)
