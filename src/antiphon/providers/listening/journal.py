"""The audio of what is being said until its words are frozen: what a new connection hears again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from antiphon.providers.listening.words import Owed


@dataclass(slots=True)
class Piece:
    """A block of audio, or the end of an utterance (`owed`, without audio).

    Attributes:
        offset_ms: Where in its segment the block begins.
        end_ms: Where on the present connection it ended; -1 until it is sent.
    """

    segment: int
    pcm: bytes = b""
    offset_ms: int = 0
    duration_ms: int = 0
    owed: Owed | None = None
    end_ms: int = -1
    repeated: bool = False


class Journal:
    """Pieces in order, the sent ones first. Bounded by the length of the audio; the oldest goes first."""

    def __init__(self, length_max_ms: int) -> None:
        self.dropped_ms = 0
        self._pieces: deque[Piece] = deque()
        self._sent = 0
        self._length_ms = 0
        self._length_max_ms = length_max_ms

    def __len__(self) -> int:
        return len(self._pieces)

    def append(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._length_ms += piece.duration_ms
        while self._length_ms > self._length_max_ms and self._drop_oldest_audio():
            pass

    def take(self) -> Piece | None:
        """The next piece to send. It stays in the journal."""
        if self._sent == len(self._pieces):
            return None
        self._sent += 1
        return self._pieces[self._sent - 1]

    def rewind(self) -> None:
        """A new connection: everything kept is to be sent again."""
        for piece in self._pieces:
            piece.repeated = piece.repeated or piece.end_ms >= 0
            piece.end_ms = -1
        self._sent = 0

    def forget_until(self, end_ms: int) -> None:
        """Audio sent up to here is frozen. A block that reaches beyond it stays whole."""
        while self._pieces and self._pieces[0].owed is None and 0 <= self._pieces[0].end_ms <= end_ms:
            self._drop()

    def forget_through(self, owed: Owed) -> None:
        """The utterance that ends here is answered or given up."""
        if not any(piece.owed is owed for piece in self._pieces):
            return
        while self._drop().owed is not owed:
            pass

    def forget_all(self) -> None:
        while self._pieces:
            self._drop()

    def forget_before(self, segment: int) -> None:
        """Nobody waits for the words of these segments any more."""
        while self._pieces and self._pieces[0].segment < segment:
            self._drop()

    def _drop(self) -> Piece:
        piece = self._pieces.popleft()
        self._sent = max(0, self._sent - 1)
        self._length_ms -= piece.duration_ms
        return piece

    def _drop_oldest_audio(self) -> bool:
        for index, piece in enumerate(self._pieces):
            if piece.duration_ms:
                del self._pieces[index]
                self._sent -= index < self._sent
                self._length_ms -= piece.duration_ms
                self.dropped_ms += piece.duration_ms
                return True
        return False
