"""What the last words of an utterance promise, per language: plain lists, so that a speaker of the language
can check and extend them. English is complete; the others hold what is beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Lower case; phrases are words with one space between.

    Attributes:
        dangling: A phrase that stops on one of these goes on.
        complete: Endings that are whole although their last word dangles.
        fillers: Sounds and words of somebody who looks for the next one.
        openers: Endings that announce what is not there yet.
        closers: Last words of a call.
        short_answers: Whole answers by themselves.
        digits: Spoken digits, "oh" included.
        pairs: Numbers of two digits, each with the words that may follow to make another: "trente" (quatre).
        joins: May stand between the two: "vingt et un".
        hours: Before a number of three or four digits they make it a time of day: "at" (ten thirty).
        repeats: "double five": counts twice or three times.
        courtesies: Behind a request to wait they add nothing to it.
        errands: How what is fetched begins, or why we are to wait: "one moment, my ...", "let me see if ...".
        reports: Before a request to wait they make it a report of one: "a hold on", "hace un momento".
        times: Requests to wait that are answers where we asked one of `how_long`.
        denials: With one of these and no digit in it, an answer says that there is no number to give.
        copulas: Whoever says what "my number is" fetches nothing.
        calls: After such words digits are a phone number, asked for or not.
        phone_digits: How many a whole one has at least.
    """

    dangling: frozenset[str] = frozenset()
    complete: tuple[str, ...] = ()
    fillers: frozenset[str] = frozenset()
    openers: tuple[str, ...] = ()
    closers: frozenset[str] = frozenset()
    short_answers: frozenset[str] = frozenset()
    digits: frozenset[str] = frozenset()
    pairs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    joins: str = ""
    hours: frozenset[str] = frozenset()
    repeats: tuple[tuple[str, int], ...] = ()
    courtesies: frozenset[str] = frozenset()
    errands: tuple[str, ...] = ()
    reports: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    how_long: tuple[str, ...] = ()
    denials: tuple[str, ...] = ()
    copulas: frozenset[str] = frozenset()
    calls: tuple[str, ...] = ()
    phone_digits: int = 10


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _pairs(*groups: tuple[str, str]) -> Mapping[str, frozenset[str]]:
    """Of groups of numbers that may be followed by the same words."""
    return {number: _set(takes) for numbers, takes in groups for number in numbers.split()}


_SPANISH_ONES = "uno un dos tres cuatro cinco seis siete ocho nueve"
_FRENCH_ONES = "un une deux trois quatre cinq six sept huit neuf"
_FRENCH_TEENS = "dix onze douze treize quatorze quinze seize"
_GERMAN_TEENS = "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
_GERMAN_TENS = "zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"
_GERMAN_COMPOUNDS = " ".join(
    f"{one}und{ten}"
    for one in ("ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
    for ten in _GERMAN_TENS.split()
)

_ENGLISH = Cues(
    dangling=_set(
        "a about after although an and are around as at because before between but by can could every for "
        "from her his i i'd i'll i'm if in into is it's my nor of on or our plus she's "
        "should since so than that's the their then there's they're till to unless until very was we we're "
        "we'd we'll were when where whether which while who whose with without would you're your dot "
        "underscore"
    ),
    complete=(
        "and so on", "as i am", "as it is", "asking for", "begin with", "calling about", "calling for",
        "check in", "come in", "come on", "go on", "going on", "hang on", "hold on", "later on",
        "looking for", "on the dot", "waiting for",
        "i am", "i have to", "i hope so", "i need to", "i think so", "i want to", "i was", "i would",
        "it is", "it was", "log in", "move on", "or so", "send it in", "so so",
        "the day after", "the day before", "the month after", "the one after", "the one before",
        "the week after", "the week before", "they are", "they were", "told you so", "turn it on", "we are",
        "we were", "what for", "you can", "you could", "i can", "i could", "if you would",
        "if you could",
        "he was", "she was", "there is", "there are", "where from",
    ),
    fillers=_set("ah eh em er erm hm hmm uh uhh uhm um umm"),
    openers=(
        "can i get", "can i have", "could i get", "could i have", "i was wondering", "i would like",
        "i'd like", "is there any", "it starts with", "let me check", "let me look", "let me see",
        "let me think", "my account number is", "my address is", "my birthday is", "my date of birth is",
        "my email is", "my email's", "my first name is", "my last name is", "my name is", "my name's",
        "my number is", "my number's",
        "my phone number is", "my email address is", "my cell number is", "my mobile number is", "such as",
        "that would be", "the address is",
        "the number is", "the thing is", "what about", "you know what",
    ),
    closers=_set("bye goodbye"),
    short_answers=_set(
        "absolutely correct definitely exactly fine great maybe nah never no nope ok okay perfect please "
        "right sure thanks yeah yep yes yup"
    ),
    digits=_set("eight five four nine o oh one seven six three two zero"),
    pairs=_pairs(
        ("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", ""),
        (
            "twenty thirty forty fifty sixty seventy eighty ninety",
            "one two three four five six seven eight nine",
        ),
    ),
    hours=_set("about after around at before by past until"),
    repeats=(("double", 2), ("triple", 3)),
    courtesies=_set(
        "a bit for just me minute moment now ok okay please quickly real sec second sorry thanks there"
    ),
    errands=(
        "at my", "at the calendar", "find", "get", "grab", "i have to", "i need to", "i think it's in",
        "i'll check", "i'll find", "i'll get", "i'll go", "i'll grab", "i'll look", "i'll open", "i'll park",
        "i'll pull", "i'm checking", "i'm driving", "i'm finding", "i'm getting", "i'm in my car",
        "i'm in the car", "i'm just", "i'm looking", "i'm on a bus", "i'm on another", "i'm on the bus",
        "i'm on the other line", "i'm on the train", "i'm outside", "i'm parking", "i'm pulling over",
        "i'm trying", "i'm walking", "i've got to", "if i", "if i've", "if my", "in my", "in the calendar",
        "it up", "let me", "my", "on my", "our", "pen", "pencil", "piece of paper", "some paper",
        "somebody's", "someone's", "the calendar", "the card", "the door", "the letter", "through my",
        "to check", "to find", "to get", "to grab", "to look", "up my", "up the", "what i have", "what my",
        "when i'm", "where i", "whether i", "while i",
    ),
    reports=_set("a about any don't every in the this within your"),
    times=frozenset(("one minute", "one second", "one sec", "just a minute", "just a second", "just a sec")),
    how_long=("how long", "how many", "how much time"),
    denials=(
        "can't", "cannot", "couldn't", "didn't", "don't", "dunno", "forgot", "forgotten", "haven't", "i lost",
        "i've lost", "lost it", "never", "no", "none", "nope", "not", "won't", "rather not",
    ),
    copulas=_set("is was"),
    calls=("phone", "mobile", "cell", "call me", "reach me", "ring me"),
)  # fmt: skip
_SPANISH = Cues(
    dangling=_set(
        "a al aunque con cuando de del desde e el en entre hasta la las los mi mis ni o para pero por porque "
        "que sin sobre su sus tu un una unos unas y punto arroba"
    ),
    complete=("para que", "por que", "y punto", "en punto", "un punto", "este punto", "ese punto"),
    fillers=_set("eh em mmm pues"),
    openers=(
        "a ver", "me llamo", "mi apellido es", "mi correo electrónico es", "mi correo es",
        "mi dirección es", "mi nombre es", "mi número de teléfono es", "mi número es", "mi teléfono es",
        "quiero", "quisiera",
    ),
    closers=_set("adiós"),
    short_answers=_set("bueno claro correcto exacto gracias no sí vale"),
    digits=_set("cero cinco cuatro dos nueve ocho seis siete tres uno"),
    pairs=_pairs(
        ("diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve", ""),
        ("veinte veintiuno veintiún veintidós veintitrés veinticuatro veinticinco veintiséis", ""),
        ("veintisiete veintiocho veintinueve", ""),
        ("treinta cuarenta cincuenta sesenta setenta ochenta noventa", _SPANISH_ONES),
    ),
    joins="y",
    hours=_set("la las"),
    repeats=(("doble", 2), ("triple", 3)),
    courtesies=_set("favor gracias me perdone por solo sólo un poco usted"),
    errands=(
        "a buscar", "a buscarla", "a buscarlo", "ahora la busco", "ahora lo busco", "busco", "coger", "cojo",
        "el carné", "el número", "en la agenda", "en mi", "estoy aparcando", "estoy buscando",
        "estoy conduciendo", "estoy en el autobús", "estoy en el coche", "estoy en el tren",
        "estoy manejando", "la agenda", "la busco", "la cojo", "la tarjeta", "lo busco", "lo cojo", "mi",
        "mis", "que busco", "que busque", "que cojo", "que lo busco", "que miro", "que tengo que", "saco",
        "si tengo", "tengo que", "voy a buscar", "voy a buscarla", "voy a buscarlas", "voy a buscarlo",
        "voy a buscarlos", "voy a coger", "voy a cogerla", "voy a cogerlo", "voy a mirar", "voy a mirarlo",
        "voy a por", "voy a sacar", "voy a sacarla", "voy a sacarlo", "voy a verlo", "voy por",
    ),
    reports=_set("cada de desde en hace"),
    times=frozenset(("un minuto", "un minutito", "un segundo", "un segundito")),
    how_long=("cuánto", "cuántos", "cuántas"),
    denials=("no", "ni idea", "ninguno", "nunca", "olvidado", "olvidé", "olvidó", "perdido", "perdí"),
    copulas=_set("era es"),
    calls=("teléfono", "móvil", "celular", "llámeme", "llámame", "llamarme"),
    phone_digits=9,
)  # fmt: skip
_FRENCH = Cues(
    dangling=_set(
        "à au aux avec car chez dans de des donc du et je le les leur leurs ma mais mes mon ni notre nos ou "
        "parce pour puis quand que sa sans ses son sur ta tes ton vers vos votre arobase"
    ),
    complete=("je suis pour",),
    fillers=_set("ben bah euh heu hum mmm"),
    openers=(
        "attendez", "je m'appelle", "je voudrais", "mon adresse est", "mon e-mail est", "mon nom est",
        "mon numéro de téléphone est", "mon numéro est", "mon prénom est", "mon téléphone est", "voyons",
    ),
    closers=_set("adieu"),
    short_answers=_set("absolument exact exactement merci non oui parfait si voilà"),
    digits=_set("cinq deux huit neuf quatre sept six trois un zéro"),
    pairs=_pairs(
        ("onze douze treize quatorze quinze seize", ""),
        ("dix", "sept huit neuf"),
        ("vingt trente quarante cinquante septante huitante octante nonante", _FRENCH_ONES),
        ("soixante quatre-vingt", f"{_FRENCH_ONES} {_FRENCH_TEENS}"),
    ),
    joins="et",
    hours=_set("à vers"),
    repeats=(("double", 2), ("triple", 3)),
    courtesies=_set("instant juste merci moment peu plaît s'il seconde un une vous"),
    errands=(
        "ce que j'ai", "dans ma", "dans mes", "dans mon", "je cherche", "je conduis", "je dois",
        "je la cherche", "je le cherche", "je me gare", "je prends", "je regarde", "je sors",
        "je suis au volant", "je suis dans le bus", "je suis dans le train", "je suis en train de",
        "je suis en voiture", "je vais chercher", "je vais la chercher", "je vais le chercher",
        "je vais les chercher", "je vais regarder", "je vais voir", "je vais vérifier", "je vérifie",
        "l'agenda", "la carte", "le numéro", "le temps de", "ma", "mes", "mon", "que je", "si j'ai", "si je",
        "sur ma", "sur mon",
    ),
    reports=_set("a attendu dans depuis en les pendant sous toutes"),
    times=frozenset(("une minute", "une petite minute", "deux minutes", "une seconde", "deux secondes")),
    how_long=("combien", "quelle durée"),
    # Not "plus" alone: "plus trente-trois".
    denials=(
        "ai plus", "aucun", "aucune", "jamais", "l'ai plus", "non", "oublié", "oubliée", "pas", "perdu",
        "perdue", "retrouve plus", "sais plus", "souviens plus", "trouve plus",
    ),
    copulas=_set("est était"),
    calls=("téléphone", "portable", "mobile", "appelez-moi", "m'appeler", "me rappeler", "me joindre"),
)  # fmt: skip
_GERMAN = Cues(
    # No verb particles ("ich rufe an", "ich komme mit"): they end sentences.
    dangling=_set(
        "als beim bis dass dem den der des ein einem einen einer eines für gegen im ins meinem meinen meiner "
        "ob oder sehr seit sondern und unsere vom von während wegen weil wenn zum zur zwischen punkt "
        "unterstrich bindestrich"
    ),
    complete=("auf den punkt", "der punkt", "ein punkt", "guter punkt"),
    fillers=_set("äh ähm ehm hm hmm öh tja"),
    openers=(
        "ich heiße", "ich hätte gern", "ich hätte gerne", "ich möchte", "mein name ist", "mein nachname ist",
        "mein vorname ist", "meine adresse ist", "meine e-mail ist", "meine e-mail-adresse ist",
        "meine handynummer ist", "meine nummer ist",
        "meine telefonnummer ist", "moment",
    ),
    closers=_set("tschüss tschüs wiederhören wiedersehen"),
    short_answers=_set("bitte danke doch gern gerne genau ja nein nö okay richtig stimmt"),
    digits=_set("acht drei eins fünf neun null sechs sieben vier zwei zwo"),
    pairs=_pairs((f"{_GERMAN_TEENS} {_GERMAN_TENS} {_GERMAN_COMPOUNDS}", "")),
    hours=_set("ab bis gegen nach um vor"),
    repeats=(("doppel", 2),),
    courtesies=_set("bitte danke dran eben kurz mal noch sie"),
    errands=(
        "den ausweis", "den kalender", "die karte", "die nummer", "es", "etwas", "holen", "ich bin am steuer",
        "ich bin im auto", "ich bin im bus", "ich bin im zug", "ich fahre", "ich gehe", "ich hole",
        "ich muss", "ich parke", "ich schau", "ich schaue", "ich sehe", "ich suche", "ihn", "im kalender",
        "in den kalender", "in meinem", "in meinen", "in meiner", "mein", "meine", "meinen", "nach",
        "nachschauen", "nachsehen", "ob", "schauen", "suchen", "was holen", "was suchen", "wo",
    ),
    times=frozenset(("eine minute", "eine sekunde")),
    how_long=("wie lange", "wie viele", "wieviele"),
    denials=(
        "kein", "keine", "keinen", "keins", "nein", "nee", "nicht", "nie", "nö", "vergessen", "verloren",
    ),
    copulas=_set("ist war"),
    calls=("telefon", "telefonnummer", "handy", "handynummer", "mobilnummer", "rückrufnummer", "rufnummer"),
)  # fmt: skip

_BY_LANGUAGE = {"en": _ENGLISH, "es": _SPANISH, "fr": _FRENCH, "de": _GERMAN}
_UNKNOWN = Cues()


def cues_of(language: str) -> Cues:
    """Of a BCP 47 tag ("en-GB"); a language we have no list for gives no cues, only sound decides then."""
    return _BY_LANGUAGE.get(language.partition("-")[0].lower(), _UNKNOWN)
