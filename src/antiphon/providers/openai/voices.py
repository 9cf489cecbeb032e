"""OpenAI's voices: those of its own by name, a customer's by an object with their id."""

from __future__ import annotations

from difflib import get_close_matches

from antiphon.providers.roles import Objection, Role

# `types/audio/speech_create_params` of openai 3.54.0.
VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
    "verse",
)  # fmt: skip
CUSTOM = "voice_"


def voice_of(name: str) -> str | dict[str, str]:
    """As the API takes it: an id as a plain name is refused."""
    return {"id": name} if name.startswith(CUSTOM) else name


def voice_objection(role: Role, name: str) -> Objection | None:
    """`name` is "VOICE" or "MODEL/VOICE"."""
    voice = name.rpartition("/")[2]
    if role is not Role.TTS or voice in VOICES or voice.startswith(CUSTOM):
        return None
    near = get_close_matches(voice, VOICES, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return Objection(
        message=f'OpenAI has no voice "{voice}"',
        fix=f"{hint}known: {', '.join(VOICES)}; custom ones begin with {CUSTOM}",
    )
