"""From text to pieces and phonemes: no word lost, spelled runs apart, word ends in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.local.phonetics import Piece, phonemes_of, pieces_of


def texts(pieces: list[Piece]) -> list[str]:
    return [" ".join(word.spoken + word.mark for word in piece.words) for piece in pieces]


def test_sentences_become_pieces() -> None:
    assert texts(pieces_of("Thank you. Is nine thirty right? Good!")) == [
        "Thank you.", "Is nine thirty right?", "Good!",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Your number is 4 1 5, 5 5 5.", ["4 1 5, 5 5 5."]),
        ("Your number is four one five, five five five, right?", ["four one five, five five five,"]),
        ("That is S M I T H, correct?", ["S M I T H,"]),
        ("At nine thirty A M", []),
        ("One of the two", []),
        ("I have one for you", []),
    ],
)
def test_letters_and_digits_to_write_down_are_spoken_by_themselves(text: str, spelled: list[str]) -> None:
    pieces = pieces_of(text)
    assert texts([piece for piece in pieces if piece.spelled]) == spelled


def test_the_letter_a_is_not_the_article() -> None:
    assert texts(pieces_of("nine A M")) == ["nine ay M"]
    assert texts(pieces_of("A man with a plan")) == ["A man with a plan"]


def test_very_long_sentences_are_cut_at_a_clause() -> None:
    pieces = pieces_of("this goes on and on and on, " * 30)
    assert len(pieces) > 3
    assert all(piece.mark == "," for piece in pieces)
    assert all(len(text) < 260 for text in texts(pieces))


@given(text=st.text(max_size=300))
def test_every_word_belongs_to_exactly_one_piece(text: str) -> None:
    assert sum(len(piece.words) for piece in pieces_of(text)) == len(text.split())


def test_phonemes_keep_punctuation_and_know_where_words_end() -> None:
    (piece,) = pieces_of("Well, hello there.")
    phonemes = phonemes_of(piece, str.upper)
    assert phonemes.symbols == "WELL, HELLO THERE."
    assert [phonemes.symbols[:end] for end in phonemes.word_ends] == [
        "WELL",
        "WELL, HELLO",
        "WELL, HELLO THERE",
    ]


def test_words_spoken_as_one_share_its_sounds() -> None:
    (piece,) = pieces_of("end of the day")
    joined = {"end of the day": "ɛnd ʌvðə dˈeɪ"}
    phonemes = phonemes_of(piece, lambda text: joined.get(text, text))
    assert len(phonemes.word_ends) == 4
    assert list(phonemes.word_ends) == sorted(phonemes.word_ends)
    assert phonemes.word_ends[-1] == len(phonemes.symbols)


@given(text=st.text(max_size=120))
def test_word_ends_never_go_back_or_beyond_the_sounds(text: str) -> None:
    for piece in pieces_of(text):
        phonemes = phonemes_of(piece, lambda words: words.replace(" of the ", " ofthe "))
        assert list(phonemes.word_ends) == sorted(phonemes.word_ends)
        assert all(0 <= end <= len(phonemes.symbols) for end in phonemes.word_ends)
        assert len(phonemes.word_ends) == len(piece.words)


MARKED = 'Well <break time="900ms"/> <phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme>\'s here, now.'


def test_told_sounds_and_pauses_count_for_these_voices() -> None:
    pieces = pieces_of("Well, shi-vawn's here, now.", MARKED)
    assert texts(pieces) == ["Well", "Siobhans here, now."]
    assert [piece.pause_ms for piece in pieces] == [900, 0]
    phonemes = phonemes_of(pieces[1], str.upper, lambda ipa: ipa.replace("ʃ", "S"))
    assert phonemes.symbols == "Sɪˈvɔːns HERE, NOW."
    assert len(phonemes.word_ends) == len(pieces[1].words)


def test_the_sounds_of_two_words_are_said_once() -> None:
    (piece,) = pieces_of("", 'In <phoneme alphabet="ipa" ph="sæn hoʊˈzeɪ">San José</phoneme> today.')
    phonemes = phonemes_of(piece, str.upper)
    assert phonemes.symbols == "IN sænhoʊˈzeɪ TODAY."
    assert len(phonemes.word_ends) == 4


def test_emphasis_and_prosody_keep_their_words() -> None:
    pieces = pieces_of("", '<prosody rate="slow">Call <emphasis>me</emphasis>, please</prosody>.')
    assert texts(pieces) == ["Call me, please."]
