"""Preview tokens: only what was signed is shown, only for its experiment, and only until its end."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.preview import read_preview, sign_preview

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
END = NOW + dt.timedelta(hours=1)
KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", fullmatch=True)


@given(KEYS, st.text(min_size=1), st.uuids().map(str))
def test_a_token_shows_its_variant_until_it_expires(variant: str, secret: str, identity: str) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    token = sign_preview(secret, identity, variant, END)
    assert read_preview(secret, token, identity, END - dt.timedelta(seconds=1)) == variant
    assert token.isascii()
    with pytest.raises(Invalid, match="expired"):
        read_preview(secret, token, identity, END)
    with pytest.raises(Invalid, match="not made by this server for this experiment"):
        read_preview(secret + "x", token, identity, NOW)
    with pytest.raises(Invalid, match="not made by this server for this experiment"):
        read_preview(secret, token, identity + "x", NOW)


@given(st.integers(0, 80), st.sampled_from("Aaz09-_.é "))
def test_a_token_that_was_touched_shows_nothing_else(place: int, character: str) -> None:
    token = sign_preview("secret", "1", "treatment", END)
    try:
        shown = read_preview("secret", token[:place] + character + token[place + 1 :], "1", NOW)
    except Invalid:
        return
    assert shown == "treatment"  # the last character of base64 has bits that mean nothing


@given(st.text())
def test_any_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(Invalid):
        read_preview("secret", text, "1", NOW)
