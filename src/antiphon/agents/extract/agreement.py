"""Yes or no to a question that may only be taken for yes when it was one: in English by the yes-or-no finder,
in Spanish, French and German by a few words at the beginning, elsewhere by keys alone."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import PhraseIndex, found, phrase_at, phrases, split_words, word_set
from antiphon.agents.extract.yes_no import find_yes_no
from antiphon.agents.keys import keys_alone

YES_KEY, NO_KEY = "1", "2"
_SURE = 0.9  # Of a weak word among others ("right, I need ...") nobody makes a permission.

_YES: Mapping[str, PhraseIndex] = {
    "es": phrases(
        "sí|si|sí claro|claro|claro que sí|por supuesto|desde luego|de acuerdo|estoy de acuerdo|vale",
        "está bien|esta bien|adelante|cómo no|como no|acepto|lo acepto|lo permito|no hay problema",
        "sin problema|okay|ok|no tengo inconveniente|no me importa|pueden grabar|puede grabar",
        "puedes grabar|dale|bueno sí|sí acepto",
    ),
    "fr": phrases(
        "oui|ouais|oui bien sûr|bien sûr|bien sur|d'accord|je suis d'accord|volontiers|entendu",
        "allez-y|allez y|j'accepte|je l'accepte|je suis pour|pas de problème|pas de probleme",
        "aucun problème|sans problème|okay|ok|ça me va|ça ne me dérange pas|ça me dérange pas",
        "vous pouvez|vous pouvez enregistrer|pourquoi pas",
    ),
    "de": phrases(
        "ja|jawohl|ja gerne|ja klar|ja natürlich|gerne|gern|natürlich|selbstverständlich|klar",
        "einverstanden|ich bin einverstanden|in ordnung|das ist in ordnung|okay|ok|das geht",
        "geht in ordnung|von mir aus|meinetwegen|kein problem|kein thema|nichts dagegen",
        "ich habe nichts dagegen|habe nichts dagegen|dürfen sie|machen sie das|na klar|sicher",
        "ja sicher",
    ),
}
_NO: Mapping[str, PhraseIndex] = {
    "es": phrases(
        "no|no gracias|para nada|de ninguna manera|en absoluto|prefiero que no|mejor no|no quiero",
        "no acepto|nunca|no estoy de acuerdo|preferiría que no|preferiria que no|ni hablar",
        "claro que no|por supuesto que no",
    ),
    "fr": phrases(
        "non|non merci|pas du tout|surtout pas|jamais|certainement pas|je préfère pas",
        "je préfère que non|je refuse|je ne préfère pas|je ne veux pas|je ne suis pas d'accord",
        "j'aimerais mieux pas|plutôt pas|bien sûr que non|je ne souhaite pas|pas d'accord",
        "hors de question",
    ),
    "de": phrases(
        "nein|nee|nö|ne|nein danke|lieber nicht|bitte nicht|auf keinen fall|keinesfalls|niemals",
        "nicht einverstanden|ich möchte das nicht|das möchte ich nicht|ich will das nicht",
        "das will ich nicht|ich bin nicht einverstanden|eher nicht|natürlich nicht",
        "kommt nicht in frage|ich bin dagegen|das ist nicht in ordnung",
    ),
}
_LEAD_INS = {
    "es": word_set("eh em pues bueno ah mmm hola buenas este"),
    "fr": word_set("euh ben bah ah alors bon bonjour eh hein mais"),
    "de": word_set("äh ähm also naja na ach ah hm tja hallo guten tag"),
}
LANGUAGES = frozenset({"en", *_YES})  # Whose words are understood.


def find_agreement(text: str, language: str) -> Found[bool] | None:
    """What was answered, or None when it was neither, both, or in words of another language.

    Args:
        text: A turn, or keys as "dtmf:1".
        language: BCP 47 tag.
    """
    if keys := keys_alone(text):
        answer = {YES_KEY: True, NO_KEY: False}.get(keys.removesuffix("#"))
        return (
            None if answer is None else Found(value=answer, start=0, end=len(text), text=text, confidence=1.0)
        )
    family = language.split("-", maxsplit=1)[0].lower()
    if family == "en":
        answered = find_yes_no(text)
        return (
            answered
            if answered is not None and (answered.confidence >= _SURE or not answered.value)
            else None
        )
    return _find(text, family) if family in _YES else None


def _find(text: str, family: str) -> Found[bool] | None:
    words = split_words(text)
    first = 0
    while first < len(words) and words[first].norm in _LEAD_INS[family]:
        first += 1
    yes, no = phrase_at(words, first, _YES[family]), phrase_at(words, first, _NO[family])
    if not (yes or no):
        return None
    agreed, after = yes > no, first + max(yes, no)
    rest = range(after, len(words))
    if agreed and any(phrase_at(words, i, _NO[family]) > phrase_at(words, i, _YES[family]) for i in rest):
        return None  # "Yes, well, no": whoever is asked again knows what he wants.
    return found(text, words, first, after, agreed)
