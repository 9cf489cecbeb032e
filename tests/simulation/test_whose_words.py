"""A simulated caller's own words are nothing like ours, so that the judge can tell whose each of them is."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from antiphon.conversation import Policy, echo, handover, policy
from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy, LinePolicy
from antiphon.conversation.state import Turn
from tests.simulation.judge import violations
from tests.simulation.plan import WEATHERS
from tests.simulation.run import simulate
from tests.simulation.wording import agents_word, callers_word, is_callers, told

ECHOED = [agents_word("r1", 0, number) for number in range(3)]
OURS = " ".join([*(agents_word("r1", 0, number) for number in range(6)), agents_word("r1", 1, 0)])
# An utterance at the beginning of a call, a late one, and one that no call comes to.
UTTERANCES = (0, 5, 6, 48, 49, 400)


def test_what_a_caller_says_behind_an_echo_of_ours_is_not_lost() -> None:
    """ "r1c0w0 r1c0w1 r1c0w2" came back, and "w1 w2 w3" behind it is so like it that it was taken off too."""
    world = simulate(951497, "unruly")
    texts = [event.text for event, _ in world.steps if isinstance(event, ev.TranscriptFinal)]
    behind = [text for text in texts if text.startswith(" ".join(ECHOED)) and is_callers(text.split()[-1])]
    assert behind, "the call that it was"
    assert not violations(world)


@pytest.mark.parametrize("count", range(1, 16))
@pytest.mark.parametrize("utterance", UTTERANCES)
def test_no_comparison_takes_a_callers_words_for_ours(utterance: int, count: int) -> None:
    own = " ".join(callers_word(utterance, number) for number in range(count))
    for in_parts in (True, False):
        assert echo.without(own, OURS, in_parts=in_parts) == own
    for echoed in range(1, len(ECHOED) + 1):
        kept = echo.without(" ".join([*ECHOED[:echoed], own]), OURS, in_parts=True)
        assert kept.endswith(own)
    assert kept == own, "and the whole echo is known"
    if count > 4:  # Of fewer behind it without a pause we wait for more: decision 0010.
        assert echo.without(" ".join([*ECHOED, own]), OURS) == own


def test_nothing_we_say_has_a_sign_of_a_callers_word() -> None:
    settings = msgspec.json.encode(Policy(line_quality=LinePolicy(), handover=HandoverPolicy())).decode()
    fixed = [policy.PUT_THROUGH, handover.THANKS, handover.AGENT_AGAIN, settings]
    callers = {sign for utterance in UTTERANCES for sign in callers_word(utterance, 400)}
    assert callers.isdisjoint("".join([*fixed, OURS, *map(str, range(10))]).lower())


def test_each_word_is_said_once_and_tells_where() -> None:
    words = [callers_word(utterance, number) for utterance, number in product(range(500), range(50))]
    assert len(set(words)) == len(words) and min(map(len, words)) > 2, "one letter would be spelled"
    assert all(map(is_callers, words)) and not any(map(is_callers, [*ECHOED, "one", "dtmf:1", "mm-hmm"]))
    assert told(callers_word(0, 0)).endswith("(utterance 1, word 1)")
    assert told(callers_word(52, 11)).endswith("(utterance 53, word 12)")


def test_a_short_answer_that_passes_for_part_of_an_echo_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long echo allows more errors than "no" has letters: without the pause between them, all is ours."""
    assert not violations(simulate(725, "unruly"))
    monkeypatch.setattr(Turn, "goes_on", lambda turn: None)
    found = violations(simulate(725, "unruly"))
    assert {v.invariant for v in found} == {"every_final_once"}
    assert all("passed for an echo" in v.text for v in found)


def test_callers_still_say_what_is_like_ours() -> None:
    """Echoes and the words of our own fillers stay what they are."""
    said: set[str] = set()
    for seed, weather in product(range(30), WEATHERS):
        for event, _ in simulate(seed, weather).steps:
            if isinstance(event, ev.TranscriptPartial | ev.TranscriptFinal):
                said |= {word.partition("c")[0] for word in event.text.split() if not is_callers(word)}
    assert {"r1", "r2", "one", "okay"} <= said
