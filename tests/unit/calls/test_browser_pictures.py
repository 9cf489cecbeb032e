"""Pictures out of a page's messages: whole, of a known kind, bounded in size and number, or refused."""

from __future__ import annotations

import pytest

from antiphon.calls.browser.pictures import EVERY_MS, PICTURE_MAX_BYTES, Picture, PictureIntake
from antiphon.errors import CallFailed

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(500) + b"\0\0\0\0IEND\xae\x42\x60\x82"


def shown(intake: PictureIntake, image: bytes, now_ms: float = 0, step: int = 4_000) -> list[Picture]:
    intake.announce(str(len(image)), now_ms)
    found = [intake.take(image[at : at + step]) for at in range(0, len(image), step)]
    assert found[:-1] == [None] * (len(found) - 1)
    return [picture for picture in found if picture is not None]


@pytest.mark.parametrize(("image", "media_type"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
@pytest.mark.parametrize("step", [1, 777, 100_000])
def test_a_picture_in_pieces_of_any_length_is_put_together(image: bytes, media_type: str, step: int) -> None:
    assert shown(PictureIntake(), image, step=step) == [Picture(image=image, media_type=media_type)]


def test_a_jpeg_that_a_camera_filled_up_is_whole() -> None:
    assert shown(PictureIntake(), JPEG + bytes(100))


@pytest.mark.parametrize("length", ["", "0", "-5", "x", "1e3", str(PICTURE_MAX_BYTES + 1), "9" * 60])
def test_a_length_that_cannot_be_is_refused_and_its_bytes_are_dropped(length: str) -> None:
    intake = PictureIntake()
    with pytest.raises(CallFailed, match=str(PICTURE_MAX_BYTES)):
        intake.announce(length, 0)
    assert intake.take(JPEG) is None
    assert shown(intake, JPEG)


def test_pictures_come_no_faster_than_they_are_looked_at() -> None:
    intake = PictureIntake()
    assert shown(intake, JPEG)
    with pytest.raises(CallFailed, match="one picture a second"):
        shown(intake, JPEG, now_ms=EVERY_MS - 1)
    assert shown(intake, JPEG, now_ms=EVERY_MS)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"GIF89a" + bytes(100), "neither JPEG nor PNG"),
        (b"<svg onload='x'/>", "neither JPEG nor PNG"),
        (JPEG[:-2], "cut off"),
        (PNG[:-4], "cut off"),
        (b"\xff\xd8\xff", "cut off"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_why(image: bytes, reason: str) -> None:
    intake = PictureIntake()
    with pytest.raises(CallFailed, match=reason):
        shown(intake, image)
    assert shown(intake, JPEG, now_ms=EVERY_MS), "the next one is well"


def test_more_than_was_announced_is_refused() -> None:
    intake = PictureIntake()
    intake.announce("10", 0)
    with pytest.raises(CallFailed, match="longer than it was said to be"):
        intake.take(JPEG)
    assert intake.take(JPEG) is None


def test_a_new_picture_takes_the_place_of_one_that_is_not_complete() -> None:
    intake = PictureIntake()
    intake.announce(str(len(PNG)), 0)
    assert intake.take(PNG[:100]) is None
    assert shown(intake, JPEG, now_ms=EVERY_MS) == [Picture(image=JPEG, media_type="image/jpeg")]
