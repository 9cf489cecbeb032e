from __future__ import annotations

import pytest

from antiphon.calls.streams import StreamTokens
from antiphon.errors import Denied

SECRET = b"0123456789abcdef"


class Wall:
    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_minted_by_one_process_is_redeemed_by_another_with_the_same_secret() -> None:
    wall = Wall()
    token = StreamTokens(SECRET, clock=wall).mint("clinic", "CA1", "+14155550100")
    grant = StreamTokens(SECRET, clock=wall).redeem(token)
    assert (grant.agent, grant.call_sid, grant.caller_number) == ("clinic", "CA1", "+14155550100")


def test_a_token_is_good_once() -> None:
    tokens = StreamTokens(SECRET, clock=Wall())
    token = tokens.mint("clinic", "CA1")
    tokens.redeem(token)
    with pytest.raises(Denied, match="used before"):
        tokens.redeem(token)


def test_a_token_expires_and_is_forgotten_then() -> None:
    wall = Wall()
    tokens = StreamTokens(SECRET, clock=wall)
    used, late = tokens.mint("clinic", "CA1"), tokens.mint("clinic", "CA2")
    tokens.redeem(used)
    wall.now_s += 61
    for token in (used, late):
        with pytest.raises(Denied, match="expired"):
            tokens.redeem(token)


@pytest.mark.parametrize("token", ["", ".", "a.b", "ü.ü", "x" * 5000])
def test_what_is_not_a_token_is_denied(token: str) -> None:
    with pytest.raises(Denied, match="not ours"):
        StreamTokens(SECRET).redeem(token)


def test_a_changed_or_foreign_token_is_denied() -> None:
    tokens = StreamTokens(SECRET)
    body, _, seal = tokens.mint("clinic", "CA1").partition(".")
    other = StreamTokens(b"another secret !").mint("clinic", "CA1")
    swapped = tokens.mint("bank", "CA1").partition(".")[0]
    for token in (other, f"{swapped}.{seal}", f"{body}.{seal[:-1]}", f"{body}{seal}"):
        with pytest.raises(Denied):
            tokens.redeem(token)


def test_a_token_tells_that_we_placed_the_call_and_nobody_else_can() -> None:
    tokens = StreamTokens(SECRET, clock=Wall())
    assert tokens.redeem(tokens.mint("clinic", "CA1", outbound=True)).outbound is True
    assert tokens.redeem(tokens.mint("clinic", "CA2")).outbound is False
