"""Does Azure's own SDK survive callers who hang up? Recognisers that are let go in the middle of their audio
on an event loop, in processes of their own, against the double on a local socket (decision 0019).

    python benchmarks/azure_sdk.py [--runs N]

Tells for each run whether it went through, stood still (then where) or crashed.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.doubles.azure_listen import azure_recognition
from tests.doubles.azure_sdk import WORDS
from tests.doubles.coded_speech import spoken
from tests.doubles.socket_vendor import KEY

HANG_UP = "hang-up"
STREAMS, AT_ONCE, STANDSTILL_S = 120, 8, 25


def hang_up(url: str) -> None:
    """Recognisers on an event loop whose callers hang up. Where the loop stands still it says where."""
    import azure.cognitiveservices.speech as sdk

    config: Any = sdk.SpeechConfig(endpoint=f"{url}/", subscription=KEY)
    config.speech_recognition_language = "en-US"
    config.output_format = sdk.OutputFormat.Detailed
    config.request_word_level_timestamps()
    dice, pcm = random.Random(1), spoken(WORDS, 8_000)
    texts: list[str] = []

    async def call() -> None:
        loop = asyncio.get_running_loop()
        audio = sdk.audio.PushAudioInputStream(sdk.audio.AudioStreamFormat(8_000, 16, 1))
        recogniser = sdk.SpeechRecognizer(config, sdk.audio.AudioConfig(stream=audio))
        for signal in (recogniser.recognizing, recogniser.recognized):
            signal.connect(lambda event: loop.call_soon_threadsafe(texts.append, event.result.text))
        recogniser.start_continuous_recognition_async()
        for at in range(0, 1_600 * dice.randrange(1, 10), 1_600):
            audio.write(pcm[at : at + 1_600])
            await asyncio.sleep(dice.choice((0, 0.005, 0.02)))
        recogniser.stop_continuous_recognition_async()
        audio.close()

    async def calls() -> None:
        for _ in range(STREAMS // AT_ONCE):
            faulthandler.dump_traceback_later(STANDSTILL_S, exit=True)
            await asyncio.gather(*(call() for _ in range(AT_ONCE)))

    faulthandler.enable()
    asyncio.run(calls())
    faulthandler.cancel_dump_traceback_later()


async def run() -> str:
    async with azure_recognition() as double:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, HANG_UP, double.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await child.communicate()
    if child.returncode == 0:
        return f"{STREAMS} streams went through"
    if child.returncode is not None and child.returncode < 0:
        return f"crashed with signal {-child.returncode}"
    where = [line.partition("site-packages/")[2] for line in told.decode().splitlines() if "/azure/" in line]
    return f"stood still for {STANDSTILL_S} s{f', in {where[0]}' if where else ''}"


def main() -> None:
    if sys.argv[1:2] == [HANG_UP]:
        return hang_up(sys.argv[2])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    for number in range(parser.parse_args().runs):
        print(f"run {number + 1}: {asyncio.run(run())}", flush=True)
    return None


if __name__ == "__main__":
    main()
