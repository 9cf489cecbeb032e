"""Marked text: what parses, what does not and how that is told, and what a voice is given of it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.conversation.markup import without_markup
from antiphon.speech.ssml import MarkupError, PlainText, Pronunciation, Shaper, Utterance, ipa_fault, parse

PLAIN = Shaper("en-US")
ENTRIES = (
    Pronunciation(word="Siobhan", ipa="ʃɪˈvɔːn", respelling="shi vawn"),
    Pronunciation(word="sql", respelling="sequel"),
    Pronunciation(word="Reading", ipa="ˈrɛdɪŋ"),
    Pronunciation(word="San José", ipa="ˌsæn hoʊˈzeɪ", respelling="san ho zay"),
    Pronunciation(word="San", respelling="sahn"),
    Pronunciation(word="chat", respelling="sha", language="fr"),
)
AGENT = Shaper("en-US", ENTRIES)


@pytest.mark.parametrize(
    ("text", "where", "what", "fix"),
    [
        ("<brake/>", "line 1, column 1", "<brake> is not supported", "use <break>"),
        ('Hi,\nwait <break time="99s"/>', "line 2, column 6", "<break>: time='99s'", "at most 10s"),
        ('<break strength="huge"/>', "line 1, column 1", "strength='huge'", "x-strong"),
        ("<break>", "line 1, column 1", "<break> has nothing inside", "write <break/>"),
        ("Hi <break", "line 1, column 4", "'<break' is not a whole tag", "write it like"),
        ("<emphasis>now", "line 1, column 1", "<emphasis> is never closed", "add </emphasis>"),
        ("now</emphasis>", "line 1, column 4", "closes nothing", "close"),
        ("<sub>WWW</sub>", "line 1, column 1", "alias is missing", "write <sub alias="),
        ('<emphasis><sub alias="b">a</emphasis></sub>', "line 1, column 27", "comes before </sub>", "close"),
        ("<emphasis level='big'>a</emphasis>", "line 1, column 1", "level='big'", "strong"),
        ("<say-as>1</say-as>", "line 1, column 1", "interpret-as is missing", "telephone"),
        ('<say-as interpret-as="song">1</say-as>', "line 1, column 1", "interpret-as='song'", "telephone"),
        ('<prosody rate="quick">a</prosody>', "line 1, column 1", "rate='quick'", "slow"),
        ("<prosody>a</prosody>", "line 1, column 1", "says nothing", "give it rate"),
        ('<prosody speed="1">a</prosody>', "line 1, column 1", "unknown attribute 'speed'", "rate"),
        ("<phoneme>a</phoneme>", "line 1, column 1", "ph is missing", "write <phoneme"),
        ('<phoneme ph="sha-VON">a</phoneme>', "line 1, column 1", "'-' at position 4", "respelling"),
        ('<phoneme alphabet="x-sampa" ph="S">a</phoneme>', "line 1, column 1", "alphabet='x-sampa'", "ipa"),
        ('<audio src="x"/>', "line 1, column 1", "<audio> is not supported", "or remove it"),
    ],
)
def test_what_does_not_parse_is_told_with_its_place(text: str, where: str, what: str, fix: str) -> None:
    with pytest.raises(MarkupError) as told:
        parse(text)
    assert str(told.value).startswith(f"{where}: ")
    assert what in told.value.message
    assert fix in told.value.fix


@pytest.mark.parametrize("text", ["a < b", "I <3 you", "fish & chips", "", "5 > 4"])
def test_signs_of_ordinary_text_are_no_markup(text: str) -> None:
    assert without_markup(text) == text
    parse(text)


@pytest.mark.parametrize(
    ("text", "spoken", "ssml"),
    [
        (
            'Hello <break time="300ms"/> there.',
            "Hello, there.",
            'Hello <break time="300ms"/> there.',
        ),
        ("One. <break/> Two", "One. Two", 'One. <break time="350ms"/> Two'),
        ('Wait<break time="1.5s"/>now', "Wait. now", 'Wait <break time="1500ms"/> now'),
        ("Call <emphasis>now</emphasis>!", "Call now!", "Call <emphasis>now</emphasis>!"),
        (
            '<prosody rate="slow">It is $5 & more</prosody>',
            "It is five dollars and more",
            '<prosody rate="slow">It is five dollars and more</prosody>',
        ),
        ('Dr. <phoneme ph="ʒɑ̃">Jean</phoneme>', "Doctor Jean", None),
        ('Our <sub alias="W3 Consortium">W3C</sub>', "Our W three Consortium", ""),
        ('Code <say-as interpret-as="characters">ab12</say-as>', "Code A B one two", ""),
        ('<say-as interpret-as="digits">2026</say-as>', "two zero two six", ""),
        ('<say-as interpret-as="cardinal">2026</say-as>', "two thousand twenty six", ""),
        ('the <say-as interpret-as="ordinal">21</say-as>', "the twenty first", ""),
        ('<say-as interpret-as="date">11/24</say-as>', "November twenty fourth", ""),
        (
            '<say-as interpret-as="telephone">4155552671</say-as>',
            "four one five, five five five, two six seven one",
            "",
        ),
        ("<speak>Hello</speak>", "Hello", ""),
        ("no <blink>marks</blink>", "no marks", ""),
    ],
)
def test_a_marked_text_becomes_words_for_all_and_ssml_for_some(
    text: str, spoken: str, ssml: str | None
) -> None:
    utterance = PLAIN.utterance(text)
    assert utterance.text == spoken
    if ssml is not None:
        assert utterance.ssml == ssml


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Siobhan called", "shi-vawn called"),
        ("Dr. Siobhan's list", "Doctor shi-vawn's list"),
        ("siobhan called", "siobhan called"),  # With a capital it counts only as written.
        ("SQL and sql", "sequel and sequel"),  # In small letters it counts in any case.
        ("MySQL", "MySQL"),  # Only whole words.
        ("San  José, San Juan", "san ho-zay, sahn Juan"),  # The longer entry counts.
        ("a chat", "a chat"),  # An entry of another language.
    ],
)
def test_a_dictionary_entry_is_said_as_it_is_spelled_again(text: str, spoken: str) -> None:
    assert AGENT.utterance(text).text == spoken


def test_a_voice_that_takes_phonemes_gets_them() -> None:
    assert AGENT.utterance("Siobhan has 5 <3 & SQL").ssml == (
        '<phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme> has five three and sequel'
    )
    assert AGENT.utterance("SQL").ssml == ""  # A respelling is words like any other.
    assert Shaper("fr-CA", ENTRIES).utterance("un chat").text == "un sha"


def test_a_word_that_looks_like_our_own_stand_in_is_only_a_word() -> None:
    assert AGENT.utterance("Xqzzzk met Siobhan").text == "Xqzzzk met shi-vawn"


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from([
            "Siobhan", "SQL", " ", ", ", ". ", "$5", "24/11", "&", "<", "Dr. ", "San José", "x", "<break/>",
            '<break time="2s"/>', "<emphasis>", "</emphasis>", '<sub alias="a b">', "</sub>", '"', "</",
            "<b>",
            '<prosody rate="slow">', "</prosody>", '<phoneme ph="ə">', "</phoneme>", "é", "1", "😀", "*",
        ]),
        max_size=14,
    ),
    language=st.sampled_from(["en-US", "en-GB", "es-ES", "fr-FR", "de-DE", "xx"]),
)  # fmt: skip
def test_whatever_is_written_the_voice_gets_words_and_sound_xml(parts: list[str], language: str) -> None:
    utterance = Shaper(language, ENTRIES).utterance("".join(parts))
    assert not set("<>*😀") & set(utterance.text)
    root = ElementTree.fromstring(f"<speak>{utterance.ssml}</speak>")
    assert {element.tag for element in root.iter()} <= {"speak", "break", "emphasis", "prosody", "phoneme"}
    if utterance.ssml:
        words = len("".join(root.itertext()).split())
        assert abs(words - len(utterance.text.split())) <= parts.count("<") + parts.count("</")


@given(text=st.text(max_size=60))
def test_plain_text_is_shaped_as_ever_and_needs_no_ssml(text: str) -> None:
    assert PLAIN.utterance(text.replace("<", "")).ssml == ""


@pytest.mark.parametrize("ipa", ["ʃɪˈvɔːn", "t͡ʃaɪ", "bɔ̃.ʒuʁ", "ã", "ˌsæn hoʊˈzeɪ", "pʰɪn", "çɪ", "ˈɡoːtə"])
def test_this_is_ipa(ipa: str) -> None:
    assert ipa_fault(ipa) is None


@pytest.mark.parametrize(
    ("written", "place", "fix"),
    [
        ("shi-VAWN", "'-' at position 4", "a respelling instead"),
        ("'tɛst", '"\'" at position 1', "write ˈ (U+02C8)"),
        ("kaːt:", "':' at position 5", "write ː (U+02D0)"),
        ("tEst", "'E' at position 2", "no capital letters"),
        ("/tɛst/", "'/' at position 1", "leave the slashes out"),
        ("ã1", "'1' at position 2", "use IPA such as"),
        (" ", "holds no sound", "use IPA such as"),
    ],
)
def test_this_is_not_ipa_and_here_is_how_to_fix_it(written: str, place: str, fix: str) -> None:
    fault = ipa_fault(written)
    assert fault is not None
    assert place in fault[0]
    assert fix in fault[1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_model_cannot_mark_up_what_it_says(size: int) -> None:
    text = 'Hi <break time="9s"/>you <sub alias="no">yes</sub>, 5 < 6 and I <3 it <b'
    said: list[str] = []
    plain = PlainText(said.append)
    for at in range(0, len(text), size):
        plain.feed(text[at : at + size])
    plain.finish()
    assert "".join(said).split() == ["Hi", "you", "yes", ",", "5", "<", "6", "and", "I", "<3", "it", "b"]


def test_a_sign_that_never_becomes_a_tag_does_not_hold_the_words_back() -> None:
    said: list[str] = []
    plain = PlainText(said.append)
    plain.feed("a <b" + " word" * 100)
    assert len("".join(said)) > 300


def test_what_was_said_is_the_words() -> None:
    assert without_markup('Hi<break time="1s"/>you, <emphasis>dear</emphasis> <sub alias="x">WWW</sub>') == (
        "Hi you, dear WWW"
    )
    assert without_markup("a <b> c") == "a <b> c"
    assert Utterance(text="a").ssml == ""
