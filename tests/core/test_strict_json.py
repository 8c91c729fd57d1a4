"""Bodies from strangers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.errors import InvalidRequest, Refused, TooLarge
from atmosphere.core.strict_json import MAX_BYTES, parse_object


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} // more',
        "{}".encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\n"}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"a": ' * 1000 + b"1" + b"}" * 1000,
        b'{"a": "' + b"]" * 6000 + b'", "b": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"a": "\\"' + b"]" * 99 + b'", "b": ' + b"[" * 50 + b"]" * 50 + b"}",
        b'{"a": ' + b"[" * 10 + b"]" * 10 + b"}",
    ],
)
def test_what_is_not_one_plain_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_object(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, 2.5, null, true, {"b": ""}]} ', {"a": [1, 2.5, None, True, {"b": ""}]}),
        ('{"a": "äö😀"}'.encode(), {"a": "äö😀"}),
        (b'{"a": "[[[[[[[[[[[[[[[[[[[["}', {"a": "[" * 20}),
        (b'{"a": "\\"{{{{{{{{{{{{"}', {"a": '"' + "{" * 12}),
        (b'{"a": ' + b"[" * 9 + b"]" * 9 + b"}", {"a": [[[[[[[[[]]]]]]]]]}),
        (b'{"a": 1e308}', {"a": 1e308}),
    ],
)
def test_one_plain_object_is_read(body: bytes, value: object) -> None:
    assert parse_object(body) == value


def test_sixteen_kibibytes_are_read_and_one_byte_more_is_too_large() -> None:
    frame = len(b'{"a": ""}')
    assert parse_object(b'{"a": "' + b"x" * (MAX_BYTES - frame) + b'"}')
    with pytest.raises(TooLarge):
        parse_object(b'{"a": "' + b"x" * (MAX_BYTES - frame + 1) + b'"}')


@given(body=st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ua0d8e1.-+', max_size=200).map(str.encode))
def test_whatever_comes_is_an_object_or_a_refusal(body: bytes) -> None:
    try:
        value = parse_object(body)
    except Refused:
        return
    assert isinstance(value, dict)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_every_shallow_object_is_read_as_it_was_written(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value
