"""Embedded speech recognition: Whisper on CTranslate2, at short context, streaming and whole recordings."""

from __future__ import annotations

from antiphon.providers.local.whisper.batch import WhisperBatch
from antiphon.providers.local.whisper.engine import Recognition, WhisperEngine
from antiphon.providers.local.whisper.stt import WhisperStt

__all__ = ["Recognition", "WhisperBatch", "WhisperEngine", "WhisperStt"]
