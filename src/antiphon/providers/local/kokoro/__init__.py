"""The nicer, slower embedded voices: Kokoro-82M by plain onnxruntime. Simulated callers speak with them."""

from __future__ import annotations

from antiphon.providers.local.kokoro.tts import KokoroTts

__all__ = ["KokoroTts"]
