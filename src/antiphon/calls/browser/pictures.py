"""Pictures a page shows the agent, out of the messages of its data channel. Pure.

A page announces one ("image:48211", its length in bytes) and sends it in binary messages of any length below
what the channel takes. What is not in order is refused in words the page can show.
"""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.errors import CallFailed

# A camera's frame of 1024 x 768 as JPEG has 60 to 200 kB; vendors shrink what is larger.
PICTURE_MAX_BYTES = 500_000
# Models look at one frame a second (Live API, "Send video", read 2026-11-25). A little less than that, for
# timers of pages are not exact.
EVERY_MS = 900
# First and last bytes (ITU-T T.81, B.1.1.3; PNG third edition, 5.2 and 11.2.5).
_KINDS = (
    ("image/jpeg", b"\xff\xd8\xff", b"\xff\xd9"),
    ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND\xae\x42\x60\x82"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    image: bytes
    media_type: str


class PictureIntake:
    """Of one page. Each method raises `CallFailed` with why a picture is refused; the next may be better."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._missing_bytes = 0
        self._due_ms = 0.0

    def announce(self, length: str, now_ms: float) -> None:
        """One is coming; it takes the place of one that is not complete."""
        self._parts, self._missing_bytes = [], 0
        if not length.isdecimal() or not 0 < int(length) <= PICTURE_MAX_BYTES:
            raise CallFailed(f"a picture has 1 to {PICTURE_MAX_BYTES} bytes")
        if now_ms < self._due_ms:
            raise CallFailed("one picture a second is as many as the agent looks at")
        self._due_ms = now_ms + EVERY_MS
        self._missing_bytes = int(length)

    def take(self, part: bytes) -> Picture | None:
        """The picture, once it is complete. What was not announced, or was refused, is dropped."""
        if not self._missing_bytes:
            return None
        if len(part) > self._missing_bytes:
            self._parts, self._missing_bytes = [], 0
            raise CallFailed("the picture is longer than it was said to be")
        self._parts.append(part)
        self._missing_bytes -= len(part)
        if self._missing_bytes:
            return None
        image, self._parts = b"".join(self._parts), []
        return Picture(image=image, media_type=_media_type(image))


def _media_type(image: bytes) -> str:
    for media_type, begins, ends in _KINDS:
        if image.startswith(begins):
            # Cameras fill up the end of a JPEG with zeros.
            if not image.rstrip(b"\0").endswith(ends):
                raise CallFailed("the picture is cut off")
            return media_type
    raise CallFailed("the picture is neither JPEG nor PNG")
