"""What callers say that decides nothing, and our own few words, per language: plain lists, so that a speaker
of the language can check and extend them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Fields of `policy.Policy`, which says what they are for. The caller's are lower case, words with one
    space between; hums ("mm-hmm") are known in any language."""

    backchannels: tuple[str, ...]
    interrupting_words: tuple[str, ...]
    greeting_words: tuple[str, ...]
    farewells: tuple[str, ...]
    hold_phrases: tuple[str, ...]
    fillers: tuple[str, ...]
    trouble: str


ENGLISH = Phrases(
    # Not "exactly", "correct", "of course": only flows say when they await a yes or no, and over the last
    # words of any other question these are the answer.
    backchannels=(
        "mm", "mhm", "mm-hmm", "mm hmm", "uh-huh", "uh huh", "hm", "hmm", "okay", "ok", "right", "yeah",
        "yep", "yup", "yes", "sure", "i see", "got it", "alright", "all right", "great", "oh", "ah", "uh",
        "um", "perfect", "i understand", "understood",
    ),
    interrupting_words=(
        "stop", "wait", "no", "nope", "hold", "hang", "sorry", "excuse", "pardon", "hello", "actually", "but",
        "what", "operator",
    ),
    greeting_words=("hello", "hi", "hey", "good morning", "good afternoon", "good evening"),
    farewells=(
        "thank you", "thanks", "bye", "bye-bye", "goodbye", "good bye", "you too", "have a nice day",
        "have a good day", "have a good one", "take care", "see you", "so much", "very much", "a lot", "no",
        "that's all", "that's it",
    ),
    hold_phrases=(
        "one second", "one moment", "just a second", "just a moment", "just a minute", "one minute",
        "one sec", "just a sec", "a moment please", "a minute please", "a second please", "a sec please",
        "hold on", "hang on", "wait a second", "wait a sec", "wait a moment", "wait a minute", "please wait",
        "wait please", "please hold", "hold the line", "give me a second", "give me a sec",
        "give me a moment", "give me a minute", "let me find", "let me get", "let me grab", "let me go",
        "let me pull up", "let me check", "let me look", "let me see", "bear with me",
    ),
    fillers=("One moment.", "Let me check that."),
    trouble="I'm sorry, I'm having trouble on my side. Could you say that again?",
)  # fmt: skip
_SPANISH = Phrases(
    backchannels=(
        "sí", "si", "ajá", "aja", "ahá", "ya", "ya veo", "claro", "claro que sí", "por supuesto", "vale",
        "bueno", "bien", "muy bien", "está bien", "de acuerdo", "okay", "ok", "okey", "entiendo", "entendido",
        "perfecto", "genial", "exacto", "eso es", "ah", "oh", "eh",
    ),
    interrupting_words=(
        "para", "pare", "basta", "alto", "espera", "espere", "no", "perdón", "perdone", "disculpe",
        "disculpa", "oiga", "oye", "hola", "pero", "qué", "cómo", "operador", "operadora",
    ),
    greeting_words=(
        "hola", "hola buenas", "buenas", "muy buenas", "buenos días", "buenas tardes", "buenas noches",
        "hola buenos días", "hola buenas tardes", "diga", "dígame", "aló",
    ),
    farewells=(
        "gracias", "muchas gracias", "muy amable", "adiós", "hasta luego", "hasta pronto", "hasta mañana",
        "chao", "chau", "igualmente", "a usted", "nos vemos", "que tenga un buen día", "que tenga buen día",
        "buen día", "buenas tardes", "buenas noches", "cuídese", "no", "nada más", "eso es todo",
    ),
    # Not "a ver" ("voy a ver al médico"), nor "espera" ("la lista de espera").
    hold_phrases=(
        "un momento", "un momentito", "un segundo", "un segundito", "un minuto", "un minutito", "un instante",
        "espere", "espérame", "espéreme", "aguarde", "no cuelgue", "permítame", "déjeme ver", "déjame ver",
        "déjeme buscar", "déjame buscar", "déjeme mirar", "déjame mirar", "déjeme comprobar",
        "déjame comprobar", "déjeme coger", "déjame coger", "déjeme sacar", "déjame sacar", "no cuelgues",
    ),
    fillers=("Un momento.", "Déjeme comprobarlo."),
    trouble="Disculpe, tengo un problema por mi parte. ¿Podría repetirlo?",
)  # fmt: skip
_FRENCH = Phrases(
    backchannels=(
        "oui", "ouais", "d'accord", "ok", "okay", "bien", "très bien", "bien sûr", "parfait", "entendu",
        "compris", "je vois", "je comprends", "c'est ça", "exact", "exactement", "tout à fait", "voilà",
        "super", "bon", "ah bon", "ah", "oh", "eh", "euh", "hein",
    ),
    interrupting_words=(
        "stop", "arrêtez", "attendez", "attends", "non", "pardon", "excusez", "excusez-moi", "désolé",
        "désolée", "allô", "allo", "bonjour", "mais", "quoi", "comment", "opérateur", "opératrice",
    ),
    greeting_words=("bonjour", "bonsoir", "salut", "allô", "allo", "oui bonjour", "oui bonsoir", "oui allô"),
    farewells=(
        "merci", "merci bien", "merci beaucoup", "au revoir", "bonne journée", "bonne soirée",
        "bonne fin de journée", "à bientôt", "à vous aussi", "vous aussi", "à vous", "également",
        "pareillement", "salut", "ciao", "non", "c'est tout", "ce sera tout",
    ),
    hold_phrases=(
        "un instant", "un petit instant", "un moment", "une seconde", "une petite seconde", "deux secondes",
        "une minute", "une petite minute", "deux minutes", "attendez", "patientez", "ne quittez pas",
        "ne raccrochez pas", "laissez-moi voir", "laissez-moi regarder", "laissez-moi vérifier",
        "laissez-moi chercher", "laissez-moi prendre", "je regarde",
    ),
    fillers=("Un instant.", "Je vérifie cela."),
    trouble="Excusez-moi, j'ai un problème de mon côté. Pouvez-vous répéter ?",
)  # fmt: skip
_GERMAN = Phrases(
    backchannels=(
        "ja", "jaja", "jo", "jep", "genau", "okay", "ok", "gut", "sehr gut", "na gut", "alles klar", "klar",
        "natürlich", "stimmt", "richtig", "verstehe", "ich verstehe", "verstanden", "in ordnung", "ach so",
        "achso", "aha", "prima", "super", "schön", "ah", "oh", "ach", "äh", "ähm",
    ),
    interrupting_words=(
        "stopp", "stop", "halt", "warte", "warten", "moment", "nein", "nee", "nö", "entschuldigung",
        "entschuldigen", "verzeihung", "sorry", "hallo", "aber", "was", "wie", "eigentlich",
    ),
    greeting_words=(
        "hallo", "guten tag", "guten morgen", "guten abend", "grüß gott", "grüezi", "servus", "moin",
        "ja hallo", "ja guten tag",
    ),
    farewells=(
        "danke", "danke schön", "dankeschön", "danke sehr", "vielen dank", "besten dank", "tschüss", "tschüs",
        "auf wiederhören", "auf wiedersehen", "wiederhören", "wiedersehen", "ciao", "bis dann", "bis bald",
        "schönen tag", "schönen tag noch", "einen schönen tag", "einen schönen tag noch", "schönen abend",
        "schönen abend noch", "ihnen auch", "gleichfalls", "ebenfalls", "ebenso", "nein", "das war's",
        "das war alles",
    ),
    # Not "moment" alone: "im Moment" is no request.
    hold_phrases=(
        "einen moment", "ein moment", "einen kleinen moment", "kleinen moment", "moment bitte", "moment mal",
        "eine sekunde", "sekunde bitte", "eine minute", "einen augenblick", "augenblick bitte", "warten sie",
        "warte mal", "bleiben sie dran", "bleiben sie am apparat", "ich muss kurz", "lassen sie mich kurz",
        "lassen sie mich nachsehen", "ich schau kurz", "ich schaue kurz", "ich schau mal", "ich schaue mal",
        "ich sehe kurz nach", "ich hole", "ich suche kurz", "sekunde mal", "kleine sekunde", "warte kurz",
        "warte bitte", "lass mich kurz", "lass mich nachsehen",
    ),
    fillers=("Einen Moment, bitte.", "Ich sehe kurz nach."),
    trouble="Entschuldigung, bei mir gibt es gerade ein Problem. Könnten Sie das noch einmal sagen?",
)  # fmt: skip

_BY_LANGUAGE = {"en": ENGLISH, "es": _SPANISH, "fr": _FRENCH, "de": _GERMAN}


def phrases_of(language: str) -> Phrases:
    """Of a BCP 47 tag ("de-AT"); English for a language we have no list for."""
    return _BY_LANGUAGE.get(language.partition("-")[0].lower(), ENGLISH)
