"""What machines say, and people, when they pick up: patterns over a transcript, by language.

Small recognisers hear badly on a telephone: a pattern is a few words that belong together, never a sentence.
"""

# ruff: noqa: E501  (a pattern cut in two can no longer be read)

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cache

_NUMBER = r"(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|star|pound|hash)"


class Wording(Enum):
    """What the words so far sound like, the weightiest first."""

    CARRIER = "announcement"  # A number out of service, a full mailbox: no message can be left.
    TAPE = "tone_words"  # Tells of the tone to wait for: not even a receptionist says that.
    MACHINE = "machine_words"  # Hardly anybody but a machine picks up like that.
    IVR = "menu_words"
    PERSON = "person_words"  # A question to whoever calls.
    PERHAPS_MACHINE = "greeting_words"  # Machines, and now and then a front desk.
    HELLO = "hello"
    OTHER = "other"


_PATTERNS: dict[str, dict[Wording, tuple[str, ...]]] = {
    "en": {
        Wording.CARRIER: (
            r"\b(?:is |are )?(?:not in service|out of service|no longer in service)\b", r"\b(?:has been|is|was) (?:temporarily )?disconnected\b",
            r"\b(?:cannot|can not|could not|cant) be completed\b", r"\bcircuits are busy\b", r"\bnot a (?:working|valid) number\b",
            r"\bnot accept (?:unidentified|anonymous|blocked|private)\b", r"\b(?:mail ?box|voice ?mail|memory) (?:\w+ ){0,3}(?:is full|full|has not been set up|not been set up)\b",
            r"\b(?:mail ?box|voice ?mail) (?:cant|cannot|can not) accept\b", r"\b(?:cant|cannot|can not) (?:accept|take) (?:any )?(?:more |new )?messages\b",
        ),
        Wording.TAPE: (
            r"\b(?:after|at|following|hear|out to|to) (?:the|this|a) (?:sound of the )?(?:tone|beep|beat|signal|tune)\b", r"\bat the sound of\b",
            r"\bplease leave (?:me |us )?(?:a|your|an|the) (?:\w+ ){0,3}(?:messages?|name)\b", r"\b(?:cant|cannot|can not|unable to) (?:come to|take|answer|get to) (?:the|your|my) (?:phone|call|telephone)\b",
            r"\bavailable to take your call\b", r"\brecord (?:a|your) (?:\w+ )?message\b", r"\bwhen (?:you are |youre )?(?:done|finished)(?: recording)? hang (?:up|out)\b", r"\bmissed your call\b",
        ),
        Wording.MACHINE: (
            r"\bleave (?:me |us |him |her |them )?(?:a|your|an|the|you) (?:\w+ ){0,3}(?:messages?|voice ?mail|name|number)\b", r"\bleave (?:me |us )?(?:a )?message\b",
            r"\bvoice ?mail\b", r"\banswering (?:machine|service)\b", r"\bmail ?box\b",
            r"\b(?:get|getting) back to you\b", r"\breturn your call\b", r"\b(?:were|we are|office is|offices are) (?:currently |now )?closed\b",
        ),
        Wording.IVR: (
            rf"\b(?:press|dial|say|push|hit|press the) {_NUMBER}\b", r"\bfor (?:\w+ ){1,5}(?:press|dial|say)\b", r"\bmain menu\b",
            r"\b(?:menu|our) options\b", r"\blisten carefully\b", r"\byour call (?:is (?:very )?important|may be|will be|is being)\b",
            r"\b(?:stay|remain) on the line\b", r"\bnext available\b", r"\bplease (?:hold|enter|dial|say|select|choose)\b", r"\benter (?:your|the) (?:\w+ ){0,4}(?:number|pin|password|extension|code|id)\b",
            r"\b(?:state|say|record|tell me|with) your name\b", r"\breason for (?:calling|your call)\b", r"\bscreening\b", r"\b(?:you are|youre|your call is) (?:now )?(?:first|next|number) (?:in|\w+ in) (?:line|queue)\b",
            r"\bif you know (?:your|the) (?:partys?|extension)\b", r"\byou may dial\b", r"\b(?:representatives|agents|operators) are\b", r"\btry to connect you\b", r"\ba few words\b", r"\bvalid extension\b", r"\bpara espanol\b",
        ),
        Wording.PERSON: (
            r"\b(?:how|what) (?:can|may|could) (?:i|we) (?:help|do|direct|be)\b", r"\b(?:can|may) i help\b", r"\bwho(?:s| is)(?: this)? (?:calling|speaking|this|there|that)\b", r"\bwho are you\b",
            r"\bhow are you\b", r"\bspeaking$", r"\bwhat do you want\b", r"\b(?:hello|hi) (?:hello|hi)\b", r"\bi (?:cant|can not|cannot|can barely|can hardly) hear you\b", r"\bwhat(?:s| is) (?:up|this about)\b",
            r"\bhang on\b", r"\bhold on\b", r"\bjust a (?:second|moment|minute)\b", r"\bcan you hear me\b", r"\banybody there\b", r"\banyone there\b",
        ),
        Wording.PERHAPS_MACHINE: (
            r"\byou(?:ve|  have| have)? reached\b", r"\byour? reached\b", r"\b(?:not|un) ?available\b", r"\b(?:not|away from) (?:here|home|my desk|in the office|at (?:home|my desk|their desk))\b",
            r"\b(?:office|business|opening) hours\b", r"\byour (?:name|number) and\b", r"\bon the phone\b", r"\b(?:person|party|number|customer|subscriber) (?:you|at)\b", r"\bcall (?:us |me )?(?:back|again)\b", r"\bsoon as (?:i|we|possible)\b",
        ),
        Wording.HELLO: (
            r"^(?:um |uh |oh )?(?:hello|hallo|hullo|hi|hey|yes|yeah|yep|yup|ya|what|who|good (?:morning|afternoon|evening)|morning|go ahead|speaking|this is|its)\b", r"\b(?:hello|speaking)$",
        ),
    },
    "es": {
        Wording.CARRIER: (r"\bno (?:existe|esta en servicio)\b", r"\bbuzon (?:esta )?lleno\b", r"\bapagado o fuera\b"),
        Wording.TAPE: (r"\bdespues (?:del|de la|de escuchar el) (?:tono|senal|bip|pitido)\b",),
        Wording.MACHINE: (r"\b(?:deje|dejar|deja) (?:su|tu|un|el) (?:\w+ )?mensaje\b", r"\bbuzon de voz\b", r"\bcontestador\b", r"\bresponder a su llamada\b", r"\batender(?:le|te)? (?:su|tu) llamada\b"),
        Wording.IVR: (r"\b(?:oprima|marque|pulse|presione|diga) (?:el |la )?(?:\d|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|tecla|numero)\b", r"\bsu llamada es (?:muy )?importante\b", r"\bpermanezca en (?:la )?linea\b"),
        Wording.PERSON: (r"\b(?:en que|como) (?:le |te )?puedo (?:ayudar|servir)\b", r"\bquien (?:es|habla|llama)\b"),
        Wording.PERHAPS_MACHINE: (r"\bha llamado a\b", r"\bno (?:esta|estoy|estamos) disponible", r"\bgracias por llamar\b"),
        Wording.HELLO: (r"^(?:hola|bueno|diga|digame|alo|si|buenos dias|buenas)\b",),
    },
    "fr": {
        Wording.CARRIER: (r"\bnumero (?:que vous avez compose|n est pas attribue)\b", r"\bmessagerie (?:est )?pleine\b"),
        Wording.TAPE: (r"\bapres le (?:bip|signal|ton)\b",),
        Wording.MACHINE: (r"\blaisse[rz] (?:moi |nous )?(?:un|votre) (?:\w+ )?message\b", r"\brepondeur\b", r"\bmessagerie\b", r"\bprendre votre appel\b"),
        Wording.IVR: (r"\b(?:tapez|appuyez|composez|faites|dites) (?:sur )?(?:le |la |l )?(?:\d|zero|un|deux|trois|quatre|cinq|six|sept|huit|neuf|touche)\b", r"\bne quittez pas\b", r"\bconseiller\b"),
        Wording.PERSON: (r"\b(?:que|comment) puis je\b", r"\bqui (?:est|c est) (?:a l appareil|la)?\b", r"\bje vous ecoute\b"),
        Wording.PERHAPS_MACHINE: (r"\bvous etes bien (?:chez|sur)\b", r"\bpas disponible\b", r"\bindisponible\b"),
        Wording.HELLO: (r"^(?:allo|oui|bonjour|bonsoir)\b",),
    },
    "de": {
        Wording.CARRIER: (r"\b(?:kein anschluss|nicht vergeben)\b", r"\bmailbox ist voll\b"),
        Wording.TAPE: (r"\bnach dem (?:\w+)?(?:ton|piep|signal\w*)\b",),
        Wording.MACHINE: (r"\bnachricht(?:en)? (?:hinterlassen|aufsprechen)\b", r"\bhinterlass\w* (?:sie |mir |uns )*(?:bitte )?(?:eine|ihre|deine)? ?nachricht\b", r"\banrufbeantworter\b", r"\bmailbox\b", r"\brufe?n? (?:sie |dich |wir )*zuruck\b"),
        Wording.IVR: (r"\b(?:drucken|wahlen|sagen) sie (?:bitte )?(?:die )?(?:\d|null|eins|zwei|drei|vier|funf|sechs|sieben|acht|neun|taste)\b", r"\bbleiben sie (?:bitte )?(?:in|am)\b", r"\bnachste(?:r|n) freie"),
        Wording.PERSON: (r"\bwas kann ich\b", r"\bwie kann ich\b", r"\bwer (?:ist|spricht) (?:da|dort)\b", r"\bam apparat\b"),
        Wording.PERHAPS_MACHINE: (r"\b(?:nicht|momentan) erreichbar\b", r"\bsie sind verbunden\b", r"\bzur zeit nicht\b"),
        Wording.HELLO: (r"^(?:hallo|ja|guten (?:tag|morgen|abend)|moin|gruss gott)\b",),
    },
    "it": {
        Wording.TAPE: (r"\bdopo il (?:segnale|bip|tono)\b",),
        Wording.MACHINE: (r"\blascia(?:re|te|mi)? (?:un|il tuo|il suo|il vostro) messaggio\b", r"\bsegreteria\b", r"\brispondere alla (?:sua|tua|vostra) chiamata\b"),
        Wording.IVR: (r"\b(?:prema|premere|digiti|digitare) (?:il )?(?:\d|zero|uno|due|tre|quattro|cinque|sei|sette|otto|nove|tasto)\b", r"\bresti in linea\b"),
        Wording.PERSON: (r"\bcome posso\b", r"\bchi (?:e|parla)\b"),
        Wording.PERHAPS_MACHINE: (r"\bnon (?:e|sono|siamo) (?:disponibil|raggiungibil)",),
        Wording.HELLO: (r"^(?:pronto|si|buongiorno|buonasera)\b",),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The weightiest wording of a text, and the words that showed it."""

    wording: Wording
    phrase: str = ""
    words: int = 0


NOTHING = Heard(wording=Wording.OTHER)


def read(text: str, language: str) -> Heard:
    """What a transcript so far sounds like. `language` is a BCP 47 tag; English ones are tried too, since
    carriers' announcements often are."""
    plain = _plain(text)
    count = len(plain.split())
    for wording, patterns in _compiled(language.partition("-")[0].lower()).items():
        for pattern in patterns:
            found = pattern.search(plain)
            if found is not None:
                return Heard(wording=wording, phrase=found.group(), words=count)
    return Heard(wording=Wording.OTHER, words=count)


@cache
def _compiled(language: str) -> dict[Wording, tuple[re.Pattern[str], ...]]:
    spoken = [_PATTERNS[tag] for tag in dict.fromkeys((language, "en")) if tag in _PATTERNS]
    return {
        wording: tuple(re.compile(pattern) for patterns in spoken for pattern in patterns.get(wording, ()))
        for wording in Wording
        if wording is not Wording.OTHER
    }


def _plain(text: str) -> str:
    """Lower case without accents, apostrophes and punctuation."""
    bare = unicodedata.normalize("NFKD", text.lower().replace("'", "").replace("’", ""))
    letters = "".join(mark for mark in bare if not unicodedata.combining(mark))
    return " ".join(re.sub(r"[^\w]", " ", letters).split())
