"""Which words belong to which segment, and which end of speech they answer: the rules, without a socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.listening.heard import Heard, key_terms
from antiphon.providers.listening.journal import Journal, Piece
from antiphon.providers.listening.words import CallWords, Owed
from antiphon.speech.ports import Transcript


def ask(words: CallWords, *, from_ms: int = 0, at_ms: int = 1_000) -> Owed:
    owed = words.stopped(now_s=0.0)
    owed.from_ms, owed.at_ms = from_ms, at_ms
    return owed


def finals(transcripts: list[Transcript]) -> list[tuple[int, str, bool]]:
    return [(item.segment, item.text, item.lost) for item in transcripts if item.final]


def test_frozen_pieces_are_joined_and_the_rest_may_still_change() -> None:
    words = CallWords(vendor_ends=False)
    words.hear(Heard(text="hello there", frozen=True, confidence=0.5), 0.0)
    (partial,), _ = words.hear(Heard(text="plea", confidence=0.8), 0.0)
    assert (partial.text, partial.final, partial.confidence) == ("hello there plea", False, 0.6)
    (again,), _ = words.hear(Heard(text="please", confidence=0.8), 0.0)
    assert again.text == "hello there please"


def test_an_empty_answer_after_frozen_words_is_their_final() -> None:
    words = CallWords(vendor_ends=False)
    words.hear(Heard(text="hello", frozen=True), 0.0)
    ask(words)
    given, answered = words.hear(Heard(frozen=True, answers=True), 0.25)
    assert finals(given) == [(0, "hello", False)]
    assert (given[0].took_ms, len(answered)) == (250, 1)


def test_the_same_words_twice_are_told_once() -> None:
    words = CallWords(vendor_ends=False)
    words.hear(Heard(text="hello"), 0.0)
    assert words.hear(Heard(text="hello"), 0.0) == ([], [])
    assert words.hear(Heard(text="", heard_to_ms=500), 0.0) == ([], [])


def test_words_of_a_committed_turn_never_reach_the_next_one() -> None:
    words = CallWords(vendor_ends=False)
    words.hear(Heard(text="hello"), 0.0)
    ask(words)
    words.commit()
    assert words.hear(Heard(text="hello please"), 0.0) == ([], []), "nobody wants partials of it now"
    given, _ = words.hear(Heard(text="hello please", frozen=True, answers=True), 0.0)
    assert finals(given) == [(0, "hello please", False)]
    (partial,), _ = words.hear(Heard(text="monday"), 0.0)
    assert (partial.segment, partial.text) == (1, "monday")


def test_an_answer_without_a_question_is_no_final() -> None:
    words = CallWords(vendor_ends=False)
    given, _ = words.hear(Heard(text="hello", frozen=True, answers=True), 0.0)
    assert finals(given) == []
    assert [item.text for item in given] == ["hello"]


def test_a_late_answer_to_an_earlier_question_does_not_answer_the_next() -> None:
    words = CallWords(vendor_ends=False)
    first = ask(words, from_ms=0, at_ms=2_000)
    first.settling = True
    given, _ = words.hear(Heard(heard_to_ms=2_000), 0.0)
    assert finals(given) == [(0, "", False)], "it has settled"
    ask(words, from_ms=2_000, at_ms=4_000)
    given, _ = words.hear(Heard(frozen=True, answers=True, heard_to_ms=2_000), 0.0)
    assert finals(given) == []
    given, _ = words.hear(Heard(text="yes", frozen=True, answers=True, heard_to_ms=4_000), 0.0)
    assert finals(given) == [(0, "yes", False)]


def test_only_a_vendor_that_has_listened_to_the_end_can_have_found_nothing() -> None:
    words = CallWords(vendor_ends=False)
    owed = ask(words, from_ms=5_000, at_ms=5_300)
    owed.settling = True
    assert words.hear(Heard(heard_to_ms=5_000), 0.0) == ([], []), "that was before he spoke"
    given, _ = words.hear(Heard(heard_to_ms=5_200), 0.0)
    assert finals(given) == [(0, "", False)]


def test_words_that_may_still_change_are_waited_for() -> None:
    words = CallWords(vendor_ends=False)
    owed = ask(words)
    owed.settling = True
    given, _ = words.hear(Heard(text="hel", heard_to_ms=1_000), 0.0)
    assert finals(given) == []


def test_a_vendor_that_is_late_and_still_tells_words_has_not_told_the_last() -> None:
    words = CallWords(vendor_ends=False)
    owed = ask(words, from_ms=0, at_ms=500)
    owed.settling = True
    given, _ = words.hear(Heard(text="on monday", frozen=True, heard_to_ms=400), 0.0)
    assert finals(given) == [], "near enough for a vendor that found nothing more, but it just found this"
    assert words.settle(0.0) == ([], [])
    assert words.unsettled == [owed], "its time begins anew"
    given, _ = words.hear(Heard(text="at", frozen=True, answers=True, heard_to_ms=500), 0.0)
    assert finals(given) == [(0, "on monday at", False)]
    assert words.unsettled == []


def test_a_vendor_that_ends_turns_itself_is_asked_for_what_it_has() -> None:
    words = CallWords(vendor_ends=True)
    owed = ask(words)
    words.hear(Heard(text="hello", heard_to_ms=1_000), 0.0)
    owed.settling = True
    given, _ = words.settle(0.0)
    assert finals(given) == [(0, "hello", False)]


def test_what_is_lost_is_lost_in_order_and_without_half_of_the_words() -> None:
    words = CallWords(vendor_ends=False)
    words.hear(Heard(text="my card number is four"), 0.0)
    ask(words)
    second = ask(words)
    third = ask(words)
    assert finals(words.lose(second, 1.0)) == [(0, "", True), (0, "", True)]
    assert words.owes(third)
    assert not words.owes(second)


def test_words_are_dated_from_their_segment_on_every_connection() -> None:
    words = CallWords(vendor_ends=False)
    words.began(0, start_ms=3_000)
    given, _ = words.hear(Heard(text="hello", frozen=True, word_ends_ms=(3_100,)), 0.0)
    words.reconnected()
    # The first 140 ms are frozen and not said again: the new connection begins in the middle of the segment.
    words.began(0, start_ms=-140)
    given, _ = words.hear(Heard(text="please", word_ends_ms=(100,)), 0.0)
    assert given[0].word_ends_ms == (100, 240)


@given(
    st.lists(
        st.sampled_from(["stop", "commit", "partial", "frozen", "answer", "lose", "reconnect", "settle"]),
        max_size=60,
    )
)
def test_whatever_happens_every_end_of_speech_has_exactly_one_final(story: list[str]) -> None:
    words = CallWords(vendor_ends=False)
    asked: list[Owed] = []
    given: list[Transcript] = []
    now_ms = 0
    for moment in story:
        now_ms += 1_000
        match moment:
            case "stop":
                asked.append(ask(words, from_ms=now_ms - 1_000, at_ms=now_ms))
            case "commit":
                words.commit()
            case "partial":
                given += words.hear(Heard(text="a", heard_to_ms=now_ms), 0.0)[0]
            case "frozen":
                given += words.hear(Heard(text="a", frozen=True, heard_to_ms=now_ms), 0.0)[0]
            case "answer":
                given += words.hear(Heard(text="a", frozen=True, answers=True), 0.0)[0]
            case "lose":
                given += words.lose(asked[-1], 0.0) if asked else []
            case "reconnect":
                words.reconnected()
                for owed in asked:
                    owed.from_ms, owed.at_ms = now_ms - 500, now_ms
            case "settle":
                for owed in asked:
                    owed.settling = True
                given += words.settle(0.0)[0]
    given += words.lose_all(0.0)
    ended = [item for item in given if item.final]
    assert len(ended) == len(asked)
    assert [item.segment for item in ended] == [owed.segment for owed in asked]
    segments = [item.segment for item in given]
    assert segments == sorted(segments)


def test_the_journal_keeps_what_was_sent_until_it_is_frozen() -> None:
    journal = Journal(length_max_ms=1_000)
    for number in range(3):
        journal.append(Piece(segment=0, pcm=bytes([number, 0]), duration_ms=100))
    for number in range(2):
        piece = journal.take()
        assert piece is not None
        piece.end_ms = 100 * (number + 1)
    journal.forget_until(150)
    assert len(journal) == 2
    journal.rewind()
    again = journal.take()
    assert again is not None
    assert (again.pcm[0], again.repeated) == (1, True)
    following = journal.take()
    assert following is not None
    assert (following.pcm[0], following.repeated) == (2, False)
    assert journal.take() is None


def test_the_journal_gives_up_the_oldest_audio_and_never_an_end_of_speech() -> None:
    journal = Journal(length_max_ms=200)
    owed = Owed(segment=0, asked_s=0.0)
    journal.append(Piece(segment=0, owed=owed))
    for number in range(4):
        journal.append(Piece(segment=0, pcm=bytes([number, 0]), duration_ms=100))
    assert journal.dropped_ms == 200
    first, second = journal.take(), journal.take()
    assert first is not None and first.owed is owed
    assert second is not None and second.pcm[0] == 2


def test_what_nobody_waits_for_any_more_is_not_said_again() -> None:
    journal = Journal(length_max_ms=1_000)
    owed = Owed(segment=0, asked_s=0.0)
    journal.append(Piece(segment=0, pcm=b"\0\0", duration_ms=100))
    journal.append(Piece(segment=0, owed=owed))
    journal.append(Piece(segment=1, pcm=b"\1\0", duration_ms=100))
    journal.forget_through(owed)
    journal.forget_through(owed)
    assert len(journal) == 1
    journal.forget_before(2)
    assert len(journal) == 0


def test_key_terms_are_few_short_and_each_once_the_expected_first() -> None:
    found = key_terms(["nine", "ten "], ["Garcia", "nine", "x" * 99, ""], count_max=3, letters_max=20)
    assert found == ("nine", "ten", "Garcia")
