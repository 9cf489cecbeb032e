"""Callers of other languages: what takes no floor, what asks for a moment, what is a goodbye."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, words
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.phrases import Phrases, phrases_of
from antiphon.conversation.policy import TurnPolicy

LISTENING = [
    ("en", "Mm-hmm, I see."),
    ("en", "Perfect."),
    ("en", "Okay, I understand."),
    ("es", "Sí, vale."),
    ("es", "Ajá, de acuerdo."),
    ("fr", "Oui, d’accord."),
    ("fr", "Mm, très bien."),
    ("de", "Ja, genau."),
    ("de", "Mhm, alles klar."),
]
WANTS_THE_FLOOR = [
    ("en", "Correct."),
    ("en", "Exactly."),
    ("en", "Of course."),
    ("en", "I understand that, what about Friday?"),
    ("en", "Not exactly"),
    ("es", "Sí, pero el jueves"),
    ("fr", "Oui mais jeudi"),
    ("de", "Ja, aber Donnerstag"),
    ("de", "Nein"),
    ("fr", "Non"),
    ("es", "El jueves"),
]
ASKS_TO_WAIT = [
    ("en", "No, hold on, let me find my card."),
    ("en", "One second, let me find my card."),
    ("en", "One sec."),
    ("en", "Just a sec, please."),
    ("en", "Wait a second."),
    ("en", "Wait a minute, please."),
    ("en", "Please wait."),
    ("en", "A moment please."),
    ("en", "Let me grab my wallet."),
    ("en", "Okay, um, let me get my glasses."),
    ("en", "Let me look for my insurance card."),
    ("en", "Let me see if I have it here."),
    ("en", "Hold on, somebody's at the door."),
    ("en", "I need to get my card, give me a minute."),
    ("en", "Hang on, let me get a pen."),
    ("en", "Just give me a moment to grab a pen."),
    ("en", "One second, I think it's in the drawer."),
    ("en", "Please hold."),
    ("es", "Déjeme coger mi cartera."),
    ("fr", "Laissez-moi prendre mon agenda."),
    ("de", "Ich muss kurz meine Karte suchen."),
    ("de", "Ich schaue kurz im Kalender nach."),
    ("es", "Un momento, por favor."),
    ("es", "Espere, busco la tarjeta."),
    ("fr", "Attendez, je cherche ma carte."),
    ("fr", "Une petite seconde."),
    ("de", "Einen Moment, bitte."),
    ("de", "Warten Sie, ich hole die Karte."),
    ("en", "One moment please, I'm driving."),
    ("en", "Hang on, I'm in the car."),
    ("en", "Wait a second, I'll pull over."),
    ("es", "Un segundo, voy a buscarlo."),
    ("es", "Un momento, ahora la busco."),
    ("es", "Espere, estoy conduciendo."),
    ("fr", "Deux minutes, s'il vous plaît."),
    ("fr", "Un instant, je vais la chercher."),
    ("fr", "Attendez, je suis au volant."),
    ("de", "Einen Moment, ich hole sie."),
    ("de", "Einen Moment, ich hole ihn."),
    ("de", "Moment mal, ich bin im Auto."),
]
ASKS_NOTHING = [
    ("en", "Can you put a hold on my account?"),
    ("en", "There is a hold on my card."),
    ("en", "Please don't hang on."),
    ("es", "Llamé hace un momento."),
    ("fr", "J'ai attendu un moment."),
    ("fr", "J'ai appelé il y a deux minutes."),
    ("en", "Let me see, Thursday at ten."),
    ("en", "Let me see, my number is five five five."),
    ("en", "Hold on, I said Thursday."),
    ("en", "Let me get a large pizza."),
    ("en", "One moment, I think it's wrong."),
    ("en", "Wait a minute, that's not right."),
    ("en", "One second, what did you say?"),
    ("en", "Let me check with you about Monday please."),
    ("en", "I'd like to check one moment that works."),
    ("es", "Déjeme ver, el jueves a las diez."),
    ("fr", "Laissez-moi voir, jeudi à dix heures."),
    ("de", "Ich schaue mal, Donnerstag um zehn."),
    ("de", "Moment mal, das stimmt nicht."),
    ("de", "Im Moment habe ich keine Schmerzen."),
    ("de", "Momentan nicht."),
    ("es", "Quiero ver al médico."),
    ("es", "¿Hay lista de espera?"),
    ("fr", "Je voudrais un rendez-vous jeudi."),
    ("fr", "Dans deux minutes."),
    ("fr", "Je vous rappelle dans une minute."),
    ("fr", "Toutes les deux minutes."),
    ("en", "I'll be there in one minute."),
    ("en", "One moment, I'm calling about my appointment."),
    ("es", "En un minuto."),
    ("es", "Le llamo dentro de un momento."),
    ("en", "On exchange one moment's thought is needed."),
]


def policy(language: str) -> Policy:
    """As the loader of agent files makes it."""
    ours = phrases_of(language)
    return Policy(language=language, **{name: getattr(ours, name) for name in Phrases.__dataclass_fields__})


def takes(language: str, text: str, *, reply_kind: str = "turn", last_words: bool = False) -> bool:
    return words.takes_floor(
        text, policy(language), reply_kind=reply_kind, expects="open", last_words=last_words
    )


@pytest.mark.parametrize(("language", "text"), LISTENING)
def test_a_listening_noise_of_the_callers_language_takes_no_floor(language: str, text: str) -> None:
    assert not takes(language, text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Yes."),
        ("en", "Perfect."),
        ("es", "Exacto."),
        ("fr", "Exactement."),
        ("de", "Genau."),
    ],
)
def test_a_listening_noise_is_an_answer_where_yes_or_no_was_asked(language: str, text: str) -> None:
    assert words.takes_floor(text, policy(language), reply_kind="turn", expects="yes_no")


@pytest.mark.parametrize(("language", "text"), WANTS_THE_FLOOR)
def test_more_than_a_listening_noise_takes_the_floor(language: str, text: str) -> None:
    assert takes(language, text)


@pytest.mark.parametrize(("language", "text"), ASKS_TO_WAIT)
def test_who_asks_for_a_moment_in_his_language_is_given_it(language: str, text: str) -> None:
    assert words.asks_to_wait(text, policy(language))


@pytest.mark.parametrize(("language", "text"), ASKS_NOTHING)
def test_words_that_only_look_like_it_ask_for_no_moment(language: str, text: str) -> None:
    assert not words.asks_to_wait(text, policy(language))


@pytest.mark.parametrize(
    ("language", "how_long", "answer", "asks"),
    [
        ("en", "How long does the pain last?", "Just a minute.", "Just a minute, please."),
        ("en", "And how many minutes was that?", "Um, one minute.", "One minute, I'll check."),
        ("es", "¿Cuánto dura el dolor?", "Un minuto.", "Un momento."),
        ("fr", "Combien de temps dure la douleur ?", "Deux minutes.", "Deux minutes, s'il vous plaît."),
        ("fr", "Quelle durée vous convient ?", "Environ deux minutes.", "Attendez, deux minutes."),
        ("de", "Wie lange dauert der Schmerz?", "Ungefähr eine Minute.", "Eine Minute, ich hole die Karte."),
    ],
)
def test_two_minutes_is_an_answer_where_we_asked_how_long(
    language: str, how_long: str, answer: str, asks: str
) -> None:
    assert not words.asks_to_wait(answer, policy(language), how_long)
    assert words.asks_to_wait(answer, policy(language), "What is your number?")
    assert words.asks_to_wait(asks, policy(language), how_long), "said otherwise it is still a request"


def test_an_agent_that_waits_for_nobody_knows_no_such_words() -> None:
    nobody = Policy(hold_phrases=())
    assert not words.asks_to_wait("", nobody) and not words.asks_to_wait("one moment", nobody)


@pytest.mark.parametrize(
    ("language", "hello", "farewell"),
    [
        ("en-GB", "Hello?", "Thank you, bye."),
        ("es-MX", "¿Hola?", "Muchas gracias, hasta luego."),
        ("fr-CA", "Oui, bonjour.", "Merci, au revoir."),
        ("de-AT", "Grüß Gott.", "Vielen Dank, auf Wiederhören."),
    ],
)
def test_who_greets_or_says_goodbye_with_us_interrupts_nothing(
    language: str, hello: str, farewell: str
) -> None:
    assert not takes(language, hello, reply_kind="greeting")
    assert not takes(language, farewell, last_words=True) and takes(language, farewell)


@pytest.mark.parametrize("language", ["en", "es", "fr", "de"])
def test_the_lists_are_written_as_words_are_compared(language: str) -> None:
    ours = phrases_of(language)
    for name in ("backchannels", "interrupting_words", "greeting_words", "farewells", "hold_phrases"):
        found = getattr(ours, name)
        assert [text for text in found if " ".join(words.words(text)) != text] == []
        assert len(set(found)) == len(found), name
    assert all(len(words.words(word)) == 1 for word in ours.interrupting_words)
    assert not {*ours.interrupting_words} & {*ours.backchannels}, "one word cannot be both"
    assert len(ours.fillers) > 1, "never the same twice running"


def test_a_language_without_a_list_has_the_english_one() -> None:
    assert phrases_of("it-IT") is phrases_of("en")


def test_a_german_backchannel_does_not_stop_a_german_agent() -> None:
    said = Script(policy("de-DE"))
    said.reply_text("r1", "Guten Tag, hier ist die Praxis am Markt, was kann ich für Sie tun?")
    said.step(ev.PlayoutStarted(at_ms=said.now_ms, reply_id="r1"))
    said.wait(800)
    said.step(ev.SpeechStarted(at_ms=said.now_ms, onset_ms=said.now_ms))
    said.wait(300)
    said.step(ev.SpeechStopped(at_ms=said.now_ms, ended_ms=said.now_ms))
    said.step(ev.TranscriptFinal(at_ms=said.now_ms, segment=0, text="Ja, genau."))
    assert said.last(cmd.NoteUtterance).kind == "backchannel"
    assert said.count(cmd.FlushPlayout) == 0 and said.count(cmd.ResumePlayout) == 1


def test_a_draft_on_a_partial_waits_for_the_rest_of_a_sentence_in_any_language() -> None:
    """ "Ich möchte einen Termin für" promises more; in English it would not."""

    def drafts(text: str) -> int:
        said = Script(policy("de-DE"))
        said.reply_text("r1", "Guten Tag.")
        said.step(ev.PlayoutStarted(at_ms=said.now_ms, reply_id="r1"))
        said.step(ev.PlayoutFinished(at_ms=said.now_ms, reply_id="r1", heard_ms=600))
        said.wait(500)
        said.step(ev.SpeechStarted(at_ms=said.now_ms, onset_ms=said.now_ms))
        said.wait(900)
        said.step(ev.TranscriptPartial(at_ms=said.now_ms, segment=0, text=text))
        said.step(ev.SpeechStopped(at_ms=said.now_ms, ended_ms=said.now_ms))
        said.wait(TurnPolicy().stable_partial_ms + 10)
        return sum(isinstance(each, cmd.StartReply) and each.speculative for each in said.commands)

    assert drafts("Ich möchte einen Termin am Montag") == 1
    assert drafts("Ich möchte einen Termin für") == 0
