"""Streaming recognisers of the vendors: what all of them share, so that an adapter is its wire and a socket.

One connection a call, opened before the first turn and kept warm; it reconnects by itself and says again what
was not acknowledged; every end of speech gets exactly one final.
"""

from antiphon.providers.listening.heard import (
    Asked,
    Heard,
    Link,
    ListeningCounters,
    ListeningLimits,
    Recogniser,
    key_terms,
    last_words,
)
from antiphon.providers.listening.stream import ListeningStream

__all__ = [
    "Asked",
    "Heard",
    "Link",
    "ListeningCounters",
    "ListeningLimits",
    "ListeningStream",
    "Recogniser",
    "key_terms",
    "last_words",
]
