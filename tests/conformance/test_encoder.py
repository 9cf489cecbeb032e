"""What every `SentenceEncoder` owes the flows that compare by meaning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from antiphon.agents.ports import SentenceEncoder
from antiphon.providers.local.e5 import E5Encoder
from antiphon.providers.local.models import is_installed

PHRASES = {
    "book": ["I would like to make an appointment", "can I see a doctor this week"],
    "cancel": ["please cancel my appointment", "I can't come, take me off the schedule"],
    "insurance": ["do you accept my insurance", "is my plan covered by your clinic"],
    "hours": ["when are you open", "what time do you close"],
    "directions": ["how do I get to your office", "where are you located"],
}
CALLERS = {
    "book": [
        "I need to see someone about my knee",
        "hi I'd like to schedule a visit",
        "got any slots on Friday",
    ],
    "cancel": ["I have to cancel Tuesday", "I won't be able to make it, please drop my booking"],
    "insurance": ["do you take Aetna", "will Blue Cross pay for this"],
    "hours": ["are you open on Saturday", "how late are you there tonight"],
    "directions": ["what's your address", "is there parking near you and how do I find it"],
}


def _e5() -> SentenceEncoder:
    if not is_installed("e5-small"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return E5Encoder()


@pytest.fixture(scope="module", params=[pytest.param(_e5, marks=pytest.mark.models, id="e5")])
def encoder(request: pytest.FixtureRequest) -> SentenceEncoder:
    build: Callable[[], SentenceEncoder] = request.param
    return build()


async def test_vectors_have_unit_length_and_one_row_a_sentence(encoder: SentenceEncoder) -> None:
    vectors = await encoder.encode(["book me in", "", "¿Puedo cancelar?", "हाँ", "x" * 20_000], query=True)
    assert vectors.shape[0] == 5
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


async def test_no_sentences_give_no_rows(encoder: SentenceEncoder) -> None:
    some = await encoder.encode(["one"], query=False)
    assert (await encoder.encode([], query=False)).shape == (0, some.shape[1])


async def test_a_sentence_gets_the_same_vector_in_any_company(encoder: SentenceEncoder) -> None:
    sentences = [f"company {number} {'and so on ' * number}" for number in range(6)]
    together = await encoder.encode(sentences, query=True)
    for number, sentence in enumerate(sentences):
        fresh = await encoder.encode([f"{sentence} ", sentence], query=True)
        np.testing.assert_allclose(fresh[1], together[number], atol=1e-4)
    again = await encoder.encode([*sentences, sentences[0]], query=True)
    np.testing.assert_array_equal(again[0], again[6])


async def test_what_is_sought_and_what_is_stored_are_encoded_differently(encoder: SentenceEncoder) -> None:
    asked = await encoder.encode(["book me in"], query=True)
    stored = await encoder.encode(["book me in"], query=False)
    assert 0.8 < float(asked[0] @ stored[0]) < 0.9999


async def test_callers_words_land_nearest_to_what_they_mean(encoder: SentenceEncoder) -> None:
    names = [name for name, phrases in PHRASES.items() for _ in phrases]
    stored = await encoder.encode([phrase for group in PHRASES.values() for phrase in group], query=False)
    asked = [(name, sentence) for name, group in CALLERS.items() for sentence in group]
    vectors = await encoder.encode([sentence for _, sentence in asked], query=True)
    nearest = [names[int(row.argmax())] for row in vectors @ stored.T]
    right = sum(found == wanted for found, (wanted, _) in zip(nearest, asked, strict=True))
    # A hint for an intent matcher with patterns beside it, not an oracle.
    assert right >= 0.75 * len(asked), list(zip(asked, nearest, strict=True))
