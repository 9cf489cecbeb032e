"""Sentence vectors by multilingual-e5-small, so that the meaning of two sentences can be compared."""

from antiphon.providers.local.e5.encoder import E5Encoder

__all__ = ["E5Encoder"]
