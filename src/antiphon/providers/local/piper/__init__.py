"""The agent's default embedded voice: Piper (VITS) by plain onnxruntime."""

from __future__ import annotations

from antiphon.providers.local.piper.tts import PiperTts

__all__ = ["PiperTts"]
