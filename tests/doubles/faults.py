"""The misbehaviours every vendor double can be switched to: one set, so that one matrix covers all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """What a double does instead of answering well."""

    NONE = "none"
    REFUSE = "refuse"  # Nobody listens at the address.
    HANG = "hang"  # Accepts and never answers.
    SLOW_FIRST_BYTE = "slow_first_byte"  # Answers well, `delay_ms` late.
    DROP_MID_STREAM = "drop_mid_stream"  # Closes the connection after `after` messages of an answer.
    MALFORMED = "malformed"  # Sends something that is not the documented format.
    RATE_LIMIT = "rate_limit"  # 429 with Retry-After, or the vendor's message for it.
    AUTH = "auth"  # The key is refused the way the vendor refuses keys.
    CLOSE_CODE = "close_code"  # Accepts, then closes at once with the vendor's error code.
    NO_RESULT = "no_result"  # Success without content: no audio, no text, an empty final.


@dataclass(slots=True, kw_only=True)
class Faulty:
    """Which fault a double plays now; a test changes it between requests.

    Attributes:
        times: For how many requests; after that the double is well again. None means for ever.
    """

    fault: Fault = Fault.NONE
    after: int = 1
    delay_ms: int = 300
    retry_after_s: int = 2
    times: int | None = None

    def next(self) -> Fault:
        """The fault for the request that begins now."""
        if self.times is None:
            return self.fault
        if self.times <= 0:
            return Fault.NONE
        self.times -= 1
        return self.fault
