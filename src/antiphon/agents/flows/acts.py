"""Acts that steer any conversation, by patterns: repeat, back, start over, a person, goodbye. No model is
asked for these; they must work on the worst line."""

# ruff: noqa: E501  (a pattern cut in two can no longer be read)

from __future__ import annotations

import re

from antiphon.agents.flows.understanding import Act

_PERSON = (
    r"(?:person|human|agent|operator|representative|receptionist|somebody|someone|nurse|staff|manager|people|"
    r"real one|real person|real human|colleague|customer service)"
)
PATTERNS: dict[Act, tuple[str, ...]] = {
    Act.REPEAT: (
        r"\b(?:repeat|say) (?:that|it|this|the question)\b", r"\bsay again\b", r"\bcome again\b",
        r"^(?:please )?repeat\b", r"^(?:sorry|pardon|what|huh|excuse me|pardon me|i beg your pardon|what's that|what was that)$",
        r"\bone more time\b", r"\bwhat did you (?:say|ask)\b", r"\b(?:didn't|did not|couldn't|can't) (?:hear|catch|get|understand) (?:you|that|it|what)\b",
        r"\bwhat was the question\b", r"^(?:sorry|excuse me)? ?(?:what|pardon)(?: was that)?$", r"\bwhat were (?:they|those|the (?:times|options))\b",
    ),
    Act.BACK: (r"\bgo back\b", r"\bback up\b", r"\bprevious (?:question|step|one)\b", r"\bone step back\b"),
    Act.RESTART: (r"\bstart (?:over|again|from (?:the )?(?:beginning|scratch))\b", r"\bfrom the (?:top|beginning)\b"),
    Act.NEVER_MIND: (
        r"\bnever ?mind\b", r"\bforget (?:it|about it|that)\b", r"\bi (?:changed|have changed|'ve changed) my mind\b",
        r"\bdon't bother\b", r"\bleave it\b", r"^(?:stop|cancel)$", r"\bnot (?:any ?more|anymore)\b",
    ),
    Act.PERSON: (
        rf"\b(?:talk|speak|chat|connect|connected|transfer|transferred|put|get|give) (?:me )?(?:to|with|through to|on to|for)? ?(?:me )?(?:a|an|the|some|your|one of your)? ?(?:live|real|actual|human)? ?{_PERSON}\b",
        r"\b(?:real|live|actual) (?:person|human|human being|agent)\b(?! or)",
        r"^(?:please )?(?:operator|representative|agent|human|a person|a human|receptionist)(?: please)?$",
        r"\b(?:want|need|like|prefer) (?:to (?:talk|speak) (?:to|with) )?(?:a|an|the) (?:human|person|operator|representative|receptionist)\b",
        r"\bput me through\b", r"\btalk to (?:somebody|someone)\b", r"\bspeak (?:to|with) (?:somebody|someone)\b",
    ),
    Act.GOODBYE: (
        r"\b(?:good ?bye|bye bye|bye)\b", r"\bhave a (?:good|nice|great|lovely) (?:day|one|evening|weekend)\b",
        r"\btalk to you later\b", r"\bi(?:'ve| have) (?:got )?to (?:go|run)\b",
    ),
    Act.DONE: (
        r"\bthat(?:'s| is| will be|'ll be| would be) (?:all|it|everything)(?: for (?:now|today))?\b", r"\bi(?:'m| am) (?:all set|done|good)\b",
        r"\bnothing else\b", r"\bwe're (?:done|good)\b", r"^(?:nothing|not today|i think that's it)\b",
    ),
    Act.ROBOT: (
        r"\bare you (?:a |an )?(?:real|robot|machine|computer|human|person|ai|a i|bot|recording|live)\b",
        r"\bam i (?:talking|speaking) (?:to|with) (?:a |an )?(?:real|robot|machine|computer|human|person|ai|a i|bot|recording)\b",
        r"\bis this (?:a |an )?(?:real|robot|machine|computer|human|ai|a i|bot|recording|automated)\b",
    ),
    Act.THANKS: (r"\bthank(?:s| you)\b", r"\bappreciate it\b"),
    Act.GREETING: (r"^(?:uh |um |oh |well )?(?:hello|hi|hey|good (?:morning|afternoon|evening)|how are you)\b",),
    Act.WAIT: (
        r"\b(?:one|just a|give me a|wait a) (?:second|sec|moment|minute)\b", r"\b(?:hold|hang) on\b", r"^wait(?: wait)?$",
        r"\bbear with me\b", r"\blet me (?:check|see|look|think|find|get)\b",
    ),
    Act.ANY: (
        r"\b(?:any|either|whichever|whatever)(?: one| of (?:them|those|these)| day| time)?(?: is| works| will| would|'s)? ?(?:fine|good|okay|do|works)?\b",
        r"\b(?:i )?(?:don't|do not) (?:mind|care)\b", r"\bdoesn't matter\b", r"\bno preference\b", r"\bup to you\b",
        r"\bas soon as (?:possible|you can)\b", r"\bfirst (?:available|opening|one you have)\b", r"\banytime\b", r"\bsoonest\b",
    ),
    Act.DONT_KNOW: (r"\b(?:i )?(?:don't|do not) know\b", r"\bnot sure\b", r"\bno idea\b", r"\bcan't remember\b", r"\bi forgot\b"),
    Act.EARLIER: (
        r"\b(?:anything|something|one|any|slot|time|appointment) (?:earlier|sooner|before that)\b", r"\b(?:earlier|sooner) (?:than|please|time|slot|appointment|day)\b",
        r"^(?:maybe |perhaps )?(?:earlier|sooner)$", r"\btoo late\b", r"\bany sooner\b", r"\bbit earlier\b",
    ),
    Act.LATER: (
        r"\b(?:anything|something|any|slot|time|appointment) later\b", r"\blater (?:than|please|time|slot|appointment|in the day|that day)\b",
        r"^(?:maybe |perhaps )?later$", r"\btoo (?:early|soon)\b", r"\bbit later\b",
    ),
    Act.EARLIEST: (r"\b(?:the )?earl(?:ier|iest)(?: one| of (?:the two|those))\b", r"^the earl(?:ier|iest)\b"),
    Act.LATEST: (r"\b(?:the )?later one\b", r"^the (?:later|latter)\b", r"\bthe latter\b", r"\blater of (?:the two|those)\b"),
    Act.NONE: (
        r"\b(?:none|neither|any) of (?:those|them|these) ?(?:work)?", r"^(?:none|neither)\b", r"\b(?:anything|something) else\b",
        r"\b(?:other|another|different) (?:time|day|option|slot|one|date)s?\b", r"\b(?:doesn't|don't|won't|do not) work\b",
        r"\bcan't (?:make|do) (?:it|that|those|either|any)\b", r"\bwhat else\b",
    ),
    Act.CORRECTION: (
        r"^(?:no|know|now|sorry|wait|oh)\b.*\bi (?:said|meant|mean)\b", r"\bi (?:said|meant)\b", r"\bactually\b", r"^(?:no|now|know|sorry) (?:it's|its|make|not)\b",
        r"\bchange (?:it|that|the)\b", r"\bmake (?:it|that)\b", r"\brather\b", r"\binstead\b", r"\bthat's (?:wrong|not right|incorrect)\b",
        r"\bscratch that\b", r"^no\b.*\bnot\b", r"\bcan we (?:do|make)\b",
    ),
}  # fmt: skip
_COMPILED = {act: [re.compile(pattern) for pattern in patterns] for act, patterns in PATTERNS.items()}
# "None of those" and "any of those" share words; so do "the later one" and "later".
_STRONGER = {
    Act.NONE: {Act.ANY},
    Act.LATEST: {Act.LATER},
    Act.EARLIEST: {Act.EARLIER},
    Act.ROBOT: {Act.PERSON},
}
_NO_ANY = re.compile(
    r"\b(?:none|neither|don't|not|can't|do you have any|is there any|are there any|have any)\b"
)


def normal(text: str) -> str:
    """Lower case, straight apostrophes, no punctuation, single spaces."""
    text = text.lower().replace("’", "'")
    return " ".join(re.sub(r"[^\w'@:/ -]", " ", text).replace("-", " ").split())


def find_acts(text: str) -> frozenset[Act]:
    """Every act in `text` (as given by `normal`)."""
    found = {act for act, patterns in _COMPILED.items() if any(pattern.search(text) for pattern in patterns)}
    if (
        Act.ANY in found
        and _NO_ANY.search(text)
        and "mind" not in text
        and "care" not in text
        and "matter" not in text
    ):
        found.discard(Act.ANY)
    for stronger, weaker in _STRONGER.items():
        if stronger in found:
            found -= weaker
    return frozenset(found)
