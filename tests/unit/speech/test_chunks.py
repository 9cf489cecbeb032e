"""Chunks: the first clause goes out at once, sentences follow, and no word is lost however tokens fall."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.chunks import Chunker

REPLY = (
    "Sure, I can help with that, and it won't take long. Dr. Patel has an opening on Tuesday, Nov. 24th, at "
    "9:30 a.m. for $1,250.50. You can also write to front.desk@example.com! Would that work for you?"
)


def chunks_of(*deltas: str) -> list[str]:
    chunker = Chunker()
    return [chunk for delta in deltas for chunk in chunker.feed(delta)] + chunker.finish()


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_a_reply_becomes_its_first_clause_and_then_sentences() -> None:
    assert chunks_of(*re.findall(r"\s?\S+", REPLY)) == [
        "Sure,",
        "I can help with that,",
        "and it won't take long.",
        "Dr. Patel has an opening on Tuesday, Nov. 24th, at 9:30 a.m. for $1,250.50.",
        "You can also write to front.desk@example.com!",
        "Would that work for you?",
    ]


@pytest.mark.parametrize(
    ("text", "chunk"),
    [
        ("Sure,", "Sure,"),
        ("Of course,", "Of course,"),
        ("I can do that,", "I can do that,"),
        ("Great!", "Great!"),
        ("Is that right?", "Is that right?"),
        ("We open at nine;", "We open at nine;"),
        ("Let me see — ", "Let me see —"),
        ("Yes. I", "Yes."),
        ("Here you go:\n", "Here you go:"),
        ('She said "hello there!" ', 'She said "hello there!"'),
    ],
)
def test_the_first_clause_goes_out_as_soon_as_it_is_complete(text: str, chunk: str) -> None:
    assert Chunker().feed(text) == [chunk]


@pytest.mark.parametrize(
    "text",
    [
        "Well, so, ", "So,", "And if,", "Sure", "It costs 3.", "It costs 3.5 ", "At half past 9:",
        "Please see Dr.",
        "Please see Dr. ",
        "Write to us at example.", "That is 1,", "I met J. ", "Open at 9 a.m.", "It is in apt. ",
        "He has one",
    ],
)  # fmt: skip
def test_what_may_still_go_on_is_held_back(text: str) -> None:
    assert Chunker().feed(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The rate is 3.5 percent",
        "See Dr. Patel at 10:30",
        "Write to jane.doe@example.com today",
        "Go to www.example.com/a,b today",
        "About 1,000,000 people",
        "Mr. and Mrs. J. Smith live here",
        "1. Bring your card",
    ],
)
def test_numbers_times_titles_and_addresses_are_not_cut(text: str) -> None:
    assert chunks_of(text) == [text]


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("We close at 5 p.m. See you then.", ["We close at 5 p.m.", "See you then."]),
        ("We close at 5 p.m. on Fridays.", ["We close at 5 p.m. on Fridays."]),
        ("Is it No. 5 or No. 6?", ["Is it No. 5 or No. 6?"]),
        ("No. We are closed.", ["No.", "We are closed."]),
        ("Hello!! How are you?", ["Hello!!", "How are you?"]),
        ("One moment... I have it.", ["One moment...", "I have it."]),
        ("First line\nSecond line", ["First line", "Second line"]),
        ("(Yes.) Of course.", ["(Yes.)", "Of course."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, chunks: list[str]) -> None:
    assert chunks_of(text) == chunks


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    clause = "this is a clause of the sentence that goes on, "
    chunks = chunks_of("Hello there. " + clause * 12)
    assert all(len(chunk) <= 160 for chunk in chunks)
    assert all(chunk.endswith(",") for chunk in chunks[1:])


def test_text_without_any_punctuation_is_cut_between_words() -> None:
    chunks = chunks_of("word " * 200)
    assert all(len(chunk) <= 160 for chunk in chunks)
    assert " ".join(chunks).split() == ["word"] * 200


def test_one_endless_word_does_not_stop_the_rest() -> None:
    assert words_of(" ".join(chunks_of("a" * 500 + " and more."))) == ["a" * 500, "and", "more"]


def test_a_lead_in_goes_with_the_clause_it_leads_to() -> None:
    assert Chunker().feed("Well, I can do that, and") == ["Well, I can do that,"]


def test_once_some_words_are_out_chunks_are_sentences() -> None:
    assert chunks_of("Yes, of course I can, today, if you like. Bye, then.") == [
        "Yes,",
        "of course I can,",
        "today, if you like.",
        "Bye, then.",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "—", "?!", "😀", '"', "- - -"])
def test_nothing_to_say_gives_no_chunk(text: str) -> None:
    assert chunks_of(text) == []


def test_after_the_end_of_a_reply_the_next_begins_with_its_first_clause() -> None:
    chunker = Chunker()
    chunker.feed("Hello there. And")
    assert chunker.finish() == ["And"]
    assert chunker.feed("I can do that, and") == ["I can do that,"]


PROSE = st.lists(
    st.sampled_from([
        "Sure,", "yes", "Dr.", "Patel", "3.5", "9:30", "a.m.", "No.", "5", "okay?", "great!", "well;",
        "so:", "—",
        "jane@example.com", "$1,250.50", "and", "then...", "I.", "“quoted.”", "(aside)", "St.", "4 1 5,",
        "\n", "we",
        "appointment", "it's", "A-B-C", "www.example.com/x?y=1", "end.",
    ]),
    max_size=60,
).map(" ".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(text=PROSE, cuts=st.lists(st.integers(0, 400), max_size=40))
def test_every_word_comes_out_once_and_in_order_however_the_tokens_fall(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    chunks = chunks_of(*(text[start:end] for start, end in pairwise(edges)))
    assert words_of(" ".join(chunks)) == words_of(text)
    assert all(words_of(chunk) for chunk in chunks)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=400), size=st.integers(1, 20))
def test_any_text_at_all_keeps_its_letters(text: str, size: int) -> None:
    chunks = chunks_of(*(text[start : start + size] for start in range(0, len(text), size)))
    assert "".join(words_of(" ".join(chunks))) == "".join(words_of(text))
    assert all(chunk.strip() for chunk in chunks)


def test_a_chunk_may_be_cut_anywhere_and_the_reply_goes_on() -> None:
    chunker = Chunker()
    assert chunker.feed("and then we") == []
    assert chunker.cut() == ["and then we"]
    assert chunker.cut() == []
    assert chunker.feed("If it rains, which it may, we stay.") + chunker.finish() == [
        "If it rains, which it may, we stay."
    ]


MARKED = (
    'Hello, <break time="0.5s"/> this is <emphasis level="strong">Ana, of Dr. Smith. Yes.</emphasis> How '
    'are you? Say <sub alias="the World, wide">WWW</sub> now. Bye.'
)


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_what_an_author_marked_is_never_cut(size: int) -> None:
    chunker = Chunker()
    chunks = [
        chunk for at in range(0, len(MARKED), size) for chunk in chunker.feed(MARKED[at : at + size])
    ] + chunker.finish()
    assert " ".join(chunks) == MARKED
    assert chunks[0] == "Hello,"
    assert any(chunk.endswith("How are you?") for chunk in chunks)
    for chunk in chunks:
        assert chunk.count("<") == chunk.count(">")
        assert ("<emphasis" in chunk) == ("</emphasis>" in chunk)
        assert ("<sub" in chunk) == ("</sub>" in chunk)
