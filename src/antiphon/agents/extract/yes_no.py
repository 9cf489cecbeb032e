"""Yes or no. The first decisive words of the answer win, unless the next turn them round ("yeah, no")."""

from __future__ import annotations

from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import (
    Words,
    found,
    gap_at,
    norm_at,
    phrase_at,
    phrases,
    split_words,
    word_set,
)

_YES = phrases(
    "yes|yeah|yep|yup|yes please|yeah sure|ya|yea|aye|sure|sure thing|of course|certainly|definitely",
    "absolutely|correct|that's correct|that is correct|right|that's right|that is right|you're right",
    "exactly|precisely|perfect|that's perfect|great|that's great|that works|that'll work|that will work",
    "works for me|that's fine|that is fine|fine|fine by me|sounds good|sounds great|sounds perfect",
    "sounds fine|good|that's good|that's it|okay|ok|okay then|alright|all right|uh huh|mm hmm|mhm|mmhmm",
    "mm hm|uhhuh|go ahead|please do|do it|do that|let's do it|let's do that|book it|i do|i am|it is",
    "it does|i have|i think so|i guess so|i guess|i believe so|i suppose so|i suppose|why not|no problem",
    "by all means|you bet|indeed|affirmative|true|that's true|you got it|got it|that'd be great",
    "that would be great|that would be good|that would be fine|wonderful|excellent|awesome|i would",
    "i'd love to|please|that one's fine|that's me|this is she|this is he|speaking|it is correct",
    "that one is good|that's okay|that is okay|that's the one|si|i'll take it|i will take it",
    "i'd like that",
)
_NO = phrases(
    "no|nope|nah|naw|no thanks|no thank you|not really|not at all|not quite|negative|never|never mind",
    "nevermind|that's wrong|that is wrong|wrong|incorrect|that's incorrect|that's not right",
    "that is not right|that isn't right|that's not correct|that is not correct|that isn't correct",
    "that's not it|that's not what i said|not right|not correct|of course not|absolutely not",
    "definitely not|certainly not|i don't think so|i do not think so|i don't|i do not|i'm not|i am not",
    "it isn't|it's not|it is not|it doesn't|i haven't|uh uh|nuh uh|not yet|not now|not today",
    "that doesn't work|that won't work|that does not work|doesn't work|that's no good|i can't|i cannot",
    "i don't want that|i don't want to|please don't|don't do that|don't|do not|cancel that|i'd rather not",
    "rather not|hell no|not that one|not that|that is incorrect|i said no|wait no|hold on no|i wouldn't",
)
_UNSURE = phrases(
    "not sure|i'm not sure|i am not sure|i don't know|i do not know|no idea|not certain|maybe",
    "i'm not certain|right now|right away|right there|good morning|good afternoon|good evening|good day",
    "great question|never been|i have a|i have an|i have to|i have been|i am a|i am looking|i am calling",
    "i would like|i do have|i do not have|i don't have|i haven't been|i can't make|i can't do",
    "no insurance|i am trying|i do need|please hold|i have no|i'm not feeling|i'm not able|i don't need",
    "i would prefer|i would rather|i'm not a|i'm not an",
)
_LEAD_INS = word_set("actually um uh er erm well oh ah so hmm hi hello and but hey okay ok mm")
_CORRECTING = phrases("it's|its|it is|i said|i meant|i mean|that's not")
_TURNING = word_set("yes yeah yep no nope nah")
# After a "no" these take it back: "no, that's right".
_CONFIRMING = phrases(
    "that's right|that's correct|that's perfect|that's fine|that's great|that's good|you're right",
    "you got it|that sounds good|that works",
)


def find_yes_no(text: str) -> Found[bool] | None:
    """The caller's answer, or None when it is neither; the rest stays usable for other finders."""
    words = split_words(text)
    for i in range(len(words)):
        if not _opens_clause(words, i):
            continue
        answer = _answer_at(text, words, i)
        if answer is not None:
            return answer
    return _misheard_no(text, words)


def _opens_clause(words: Words, i: int) -> bool:
    if all(words[k].norm in _LEAD_INS for k in range(i)):
        return True
    return any(mark in gap_at(words, i) for mark in ".,;!?") or (
        norm_at(words, i - 1) in _LEAD_INS and words[i].norm in _TURNING
    )


def _answer_at(text: str, words: Words, i: int) -> Found[bool] | None:
    yes, no, unsure = (phrase_at(words, i, each) for each in (_YES, _NO, _UNSURE))
    if unsure >= max(yes, no):
        return None
    length = max(yes, no)
    if not length or _is_lead_in(words, i, length):
        return None
    value, after = yes >= no, i + length
    turned = norm_at(words, after)
    if words[after - 1].norm in _TURNING and turned in _TURNING:
        yes, no = phrase_at(words, after, _YES), phrase_at(words, after, _NO)
        return found(text, words, i, after + max(yes, no), yes >= no and yes > 0, 0.8)
    if not value and phrase_at(words, after, _CONFIRMING):
        return found(text, words, i, after + phrase_at(words, after, _CONFIRMING), True, 0.6)
    return found(text, words, i, after, value, _confidence(words, i, after))


def _is_lead_in(words: Words, i: int, length: int) -> bool:
    """ "Okay, so I need..." and "please book..." answer nothing; "okay" alone does."""
    word = words[i].norm
    if length > 1 or i + 1 >= len(words):
        return False
    if word in {"okay", "ok"}:
        return norm_at(words, i + 1) in {
            "so",
            "i",
            "no",
            "nope",
            "can",
            "could",
            "what",
            "but",
            "yes",
            "yeah",
        }
    if word in {"please", "good", "great", "right", "fine", "i", "true", "wrong", "never", "don't", "si"}:
        return not any(mark in gap_at(words, i + 1) for mark in ".,;!?")
    # "No" before a noun is a determiner when the clause goes on without a pause.
    return word == "no" and norm_at(words, i + 1) in {"one", "longer", "matter", "more", "earlier", "later"}


def _confidence(words: Words, first: int, after: int) -> float:
    weak = {"right", "good", "great", "fine", "okay", "ok", "please", "alright", "wrong", "never"}
    alone = after - first == len(words)
    return 0.85 if after - first == 1 and words[first].norm in weak and not alone else 1.0


def _misheard_no(text: str, words: Words) -> Found[bool] | None:
    """ "Know, I said Thursday": a lone "know" before a pause is a "no"; so is "now" before a correction."""
    heard = norm_at(words, 0)
    alone = heard in {"know", "noo"} and (len(words) == 1 or bool(gap_at(words, 1).strip()))
    if alone or (heard in {"know", "now"} and phrase_at(words, 1, _CORRECTING)):
        return found(text, words, 0, 1, False, 0.6)
    return None
