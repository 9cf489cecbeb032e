from __future__ import annotations

from dataclasses import replace

import pytest

from antiphon.operations.attention import Limits, Signals, attention

CALM = Signals()


def test_a_call_on_which_nothing_is_wrong_needs_nobody() -> None:
    assert attention(CALM).score == 0
    assert attention(CALM).reasons == ()
    usual = Signals(silence_ms=6000, turns_stuck=2, cost_usd=0.1)
    assert attention(usual).score == 0, "a caller who thinks for six seconds is no trouble"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Signals(silence_ms=20_000), "nobody has spoken for 20 s"),
        (Signals(asked_again=2), "the same question 3 times in a row"),
        (Signals(misunderstood=3), "not understood for 3 turns"),
        (Signals(failures=1), "failed once in a row"),
        (Signals(anger=0.9), "the caller sounds angry"),
        (Signals(turns_stuck=7), "no progress for 7 turns"),
        (Signals(cost_usd=1.5), "has cost 1.50 USD"),
        (Signals(waiting_ms=180_000), "the caller has waited for 180 s"),
    ],
)
def test_each_trouble_is_named_in_words_and_counts(trouble: Signals, words: str) -> None:
    told = attention(trouble)
    assert told.score > 20
    (reason,) = told.reasons
    assert reason.words == words


def test_two_troubles_weigh_more_than_either_and_never_more_than_all() -> None:
    angry, stuck = Signals(anger=0.6), Signals(turns_stuck=5)
    both = Signals(anger=0.6, turns_stuck=5)
    assert attention(both).score > max(attention(angry).score, attention(stuck).score)
    worst = Signals(
        silence_ms=10**9, asked_again=99, misunderstood=99, failures=99, anger=1, turns_stuck=99,
        cost_usd=99, waiting_ms=10**9,
    )  # fmt: skip
    assert attention(worst).score == 100
    assert len(attention(worst).reasons) == 8


@pytest.mark.parametrize(
    "name", ["silence_ms", "asked_again", "misunderstood", "failures", "turns_stuck", "waiting_ms"]
)
def test_more_of_a_trouble_never_needs_less(name: str) -> None:
    scores = [attention(replace(CALM, **{name: count * 500})).score for count in range(0, 400, 7)]
    assert scores == sorted(scores)
    assert scores[-1] > 0


def test_the_weightiest_reason_comes_first() -> None:
    told = attention(Signals(silence_ms=9000, anger=0.9))
    assert [reason.kind for reason in told.reasons] == ["anger", "silence"]
    assert told.reasons[0].weight > told.reasons[1].weight


def test_cost_is_judged_by_what_the_agent_file_allows_where_it_says_so() -> None:
    assert attention(Signals(cost_usd=1.9, cost_limit_usd=2)).score > 0
    assert attention(Signals(cost_usd=1.9, cost_limit_usd=10)).score == 0
    assert attention(Signals(cost_usd=0.09, cost_limit_usd=0.1)).score > 0


def test_limits_can_be_others() -> None:
    from antiphon.operations.attention.score import Ramp

    patient = Limits(silence_s=Ramp(normal=60, alarming=120, weight=0.9))
    assert attention(Signals(silence_ms=50_000), patient).score == 0
