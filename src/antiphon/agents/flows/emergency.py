"""Emergencies, ahead of everything: explicit patterns on the caller's words, in any state, whoever reasons.

No matcher by likeness is trusted with this (all that were measured missed "my husband just collapsed").
A false alarm costs a sentence; a missed one may cost a life. So a pattern fires unless it is clearly denied
("no chest pain") or clearly past ("I had a stroke in 2019"), and words of the present overrule the past.
"""

# ruff: noqa: E501  (a pattern cut in two can no longer be read)

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from antiphon.agents.definition.values import Emergency, EmergencyRule
from antiphon.agents.flows.acts import normal
from antiphon.agents.flows.speaking import number
from antiphon.agents.ports import Exchange, Reasoner, Replying, ReplyKind, ReplyRequest, WarmsReplies

NUMBERS = {"en-US": "911", "en-CA": "911", "en-GB": "999", "en-AU": "000", "en-NZ": "111", "en-IE": "112"}
CRISIS_NUMBERS = {"en-US": "988", "en-CA": "988", "en-GB": "116123", "en-AU": "131114", "en-IE": "116123"}
WORDS = "Please hang up and call {number} right now. This sounds like an emergency."
CRISIS_WORDS = (
    "I'm really glad you told me. Please call or text {number} right now; someone is there for you."
)

# Spellings behind a bar are what small recognisers write for the word before it.
EMERGENCIES: dict[str, tuple[str, ...]] = {
    "collapse": (
        r"\bcollaps(?:e|ed|es|ing)\b", r"\bcolla?pst\b", r"\bunconscious\b", r"\bun conscious\b", r"\bpassed out\b", r"\bpast out\b",
        r"\b(?:won't|will not|isn't|is not|not|can't|doesn't) (?:wake|waking|respond|responding|responsive)\b", r"\bunresponsive\b",
        r"\bfaint(?:ed|ing)\b", r"\bhad? a seizure\b", r"\bhaving (?:a )?seizures?\b", r"\bseizing\b", r"\bseizure\b", r"\bconvuls(?:ion|ing|ions)\b",
    ),
    "breathing": (
        r"\b(?:not|isn't|stopped|isn t|barely|hardly|can't stop|trouble|difficulty|struggling(?: to)?|problems?) (?:breathing|breathe|breeding|breath)\b",
        r"\b(?:can't|cannot|can not|can hardly|can barely|couldn't|unable to|hard to|hard time|cant) (?:breathe|breath|breed|breathing|catch my breath|get (?:any )?air)\b",
        r"\bshort(?:ness)? of breath\b", r"\bchok(?:ing|ed|es)\b", r"\bturn(?:ing|ed) blue\b", r"\bthroat is (?:closing|swelling)\b",
        r"\banaphyla\w+\b", r"\bsuffocat\w+\b",
    ),
    "heart": (
        r"\bche(?:st|ss|sts|s) (?:pain|pains|pane|panes|pressure|tightness|hurts|is (?:tight|hurting|killing))\b",
        r"\b(?:pain|pressure|tightness|crushing feeling|pane) (?:in|on) (?:my|his|her|the|their) (?:chest|chess|heart)\b",
        r"\b(?:my|his|her) (?:chest|chess) (?:really )?hurts\b", r"\bheart ?attack\b", r"\bcardiac arrest\b",
        r"\bheart (?:has )?stopped\b", r"\bno pulse\b",
    ),
    "stroke": (
        r"\b(?:a |having a |stroke symptoms|mini )?strokes?\b(?! (?:of|clinic|unit))", r"\bface is (?:drooping|droopy|numb)\b", r"\bslurr(?:ed|ing)\b",
        r"\bcan't (?:move|feel) (?:my|his|her) (?:arm|leg|side|face|left|right)\b", r"\bsudden(?:ly)? (?:numb|can't see|weak)\b",
    ),
    "bleeding": (
        r"\bbleeding (?:badly|heavily|a lot|out|to death|really bad|everywhere|so much|and (?:it )?won't stop)\b",
        r"\b(?:won't|can't|doesn't|will not|cannot) stop (?:the )?(?:bleeding|breeding)\b", r"\bbleed(?:ing)? (?:that )?won't stop\b",
        r"\bblood everywhere\b", r"\b(?:losing|lost) (?:a lot of|so much|too much) blood\b", r"\b(?:vomiting|throwing up|coughing(?: up)?) blood\b",
        r"\b(?:been |got |was )(?:shot|stabbed)\b", r"\bsevere(?:ly)? (?:bleeding|burn\w*|injur\w+)\b",
    ),
    "overdose": (
        r"\bover ?dos(?:e|ed|ing)\b", r"\b(?:took|taken|swallowed|drank) (?:too many|a whole bottle|the whole bottle|all (?:of )?(?:my|his|her|the)) ?(?:of )?(?:pills|tablets|medication|meds|medicine)?\b",
        r"\bpoison(?:ed|ing)\b", r"\b(?:swallowed|drank) (?:bleach|poison|antifreeze|a battery)\b",
    ),
    "accident": (
        r"\bcar (?:accident|crash)\b.*\b(?:now|just|hurt|trapped|injured)\b", r"\b(?:house|building|kitchen) is on fire\b", r"\bdrown(?:ed|ing)\b",
        r"\bwater (?:just )?broke\b", r"\bbaby is coming\b", r"\bis (?:he|she|it) (?:dying|going to die)\b", r"\b(?:i'm|he's|she's|is|am) dying\b",
        r"\bcall (?:an )?ambulance\b", r"\bneed an ambulance\b", r"\bcall (?:911|nine one one)\b", r"\bthis is an emergency\b", r"\bit's an emergency\b",
    ),
}  # fmt: skip
CRISES = (
    r"\b(?:kill(?:ing)?|hurt(?:ing)?|harm(?:ing)?|end(?:ing)?) (?:my ?self|my own life)\b", r"\bend(?:ing)? (?:my life|it all)\b", r"\bsuicid(?:e|al)\b",
    r"\bsue? ?aside\b", r"\b(?:don't|do not) want to (?:live|be alive|be here anymore|go on living)\b", r"\b(?:want|wanna|going) (?:to )?die\b",
    r"\btake my (?:own )?life\b", r"\bbetter off (?:dead|without me)\b", r"\bno reason to live\b", r"\b(?:kill|hurt) (?:himself|herself|themselves)\b",
)  # fmt: skip

# Words that deny what follows, up to three words later in the same clause: "no more chest pain".
_DENIED = re.compile(
    r"\b(?:no|not|never|without|don't|doesn't|didn't|isn't|wasn't|haven't|hasn't|aren't|nor|neither|denies|free of|instead of|rather than)"
    r"(?: (?:having|have|had|has|any|been|a|an|really|got|going|more|feeling|there|is|in|ever|the|of|about|trying|to|like|or))*$"
)
_DENIAL = re.compile(r"\b(?:no|not|never|without|don't|doesn't|didn't|isn't|haven't|hasn't)\b")
_PAST = re.compile(
    r"\b(?:ago|last (?:year|month|week|spring|summer|fall|autumn|winter|january|february|march|april|june|july|august|september|october|"
    r"november|december)|(?:in|back in|since|from|of) (?:19|20)\d\d|(?:in|back in|since) (?:nineteen|twenty|two thousand)\b|history of|family history|"
    r"used to|when i was|as a (?:kid|child)|years? (?:before|back|earlier)|previous(?:ly)?|survivor|recover(?:y|ing|ed)|rehab\w*|"
    r"screening|prevent\w*|follow ?up|check ?up|risk of|in the past|already (?:seen|treated))\b"
)
_PRESENT = re.compile(
    r"\b(?:now|right now|just|currently|is having|am having|i'm having|he's having|she's having|today|this minute|help|again|think)\b"
)
_CLAUSE = re.compile(r"[.;!?]|\bbut\b|,")


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    r"""What finds something wherever one of them does. All begin with `\b`, which is then looked for once."""
    assert all(pattern.startswith(r"\b") for pattern in patterns)
    return re.compile(r"\b(?:" + "|".join(f"(?:{pattern[2:]})" for pattern in patterns) + ")")


_LIKELY = _any_of([*CRISES, *(pattern for patterns in EMERGENCIES.values() for pattern in patterns)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An emergency was heard. `words` say the number first of all."""

    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    patterns: tuple[re.Pattern[str], ...]
    words: str
    builtin: bool = False


class EmergencyRules:
    """The rules of one agent, compiled."""

    def __init__(self, emergency: Emergency) -> None:
        self._rules = [_custom(rule) for rule in emergency.rules]
        if emergency.builtin:
            words = _said(emergency.words, emergency.number)
            crisis = _said(emergency.crisis_words, emergency.crisis_number)
            self._rules.append(_Rule("crisis", _compiled(CRISES), crisis, builtin=True))
            self._rules += [
                _Rule(name, _compiled(patterns), words, builtin=True)
                for name, patterns in EMERGENCIES.items()
            ]

    def alarm(self, text: str) -> Alarm | None:
        """The first rule the text sets off, or None."""
        clauses = [plain for part in _CLAUSE.split(text.lower()) if (plain := normal(part))]
        whole = normal(text)
        present = bool(_PRESENT.search(whole))
        # One look clears most of what people say.
        likely = any(_LIKELY.search(clause) for clause in clauses)
        for rule in self._rules:
            if rule.builtin and not likely:
                continue
            if any(_fires(pattern, clause, present) for pattern in rule.patterns for clause in clauses):
                return Alarm(rule=rule.name, words=rule.words)
        return None


def _fires(pattern: re.Pattern[str], clause: str, present: bool) -> bool:
    for found in pattern.finditer(clause):
        before = clause[: found.start()].rstrip()
        if _DENIED.search(before) or (before.endswith((" or", " nor")) and _DENIAL.search(before)):
            continue
        if _PAST.search(clause) and not present:
            continue
        return True
    return False


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _custom(rule: EmergencyRule) -> _Rule:
    return _Rule(rule.name, _compiled(rule.patterns), _said(rule.words, rule.number))


def _said(words: str, digits: str) -> str:
    """911 is said "nine one one", whatever a voice makes of numerals."""
    return words.replace("{number}", " ".join(number(int(digit)) for digit in digits if digit.isdigit()))


@dataclass(slots=True)
class EmergencyGuard:
    """Wraps any reasoner: an alarm is answered here and the reasoner never sees that turn."""

    reasoner: Reasoner
    rules: EmergencyRules
    _alarms: set[str] = field(default_factory=set)

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        alarm = self.rules.alarm(request.text) if request.kind is ReplyKind.TURN else None
        if alarm is None:
            await self.reasoner.reply(request, act)
            return
        self._alarms.add(request.reply_id)
        act.understood(urgent=True)
        act.say(alarm.words)
        act.escalate("emergency", f"emergency: {alarm.rule}")

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`."""
        if isinstance(self.reasoner, WarmsReplies):
            await self.reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        if reply_id not in self._alarms:
            self.reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        if reply_id in self._alarms:
            self._alarms.discard(reply_id)
        else:
            self.reasoner.discard(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        if reply_id not in self._alarms:
            self.reasoner.heard(reply_id, text, complete)
