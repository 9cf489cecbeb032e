/** Whether the microphone sends anything at all. */

import { type LevelMeter, voiceFloor } from "./levels";

const silentAfterMs = 8000;
const watchEveryMs = 250;

/**
 * Say so when the microphone has not sent a sound since the call began, although it was the caller's turn long
 * enough (`listening`); take it back at the first sound. Noise suppression makes a quiet caller look like a dead
 * microphone, so once a voice was heard the question is settled.
 */
export function watchSilence(
  caller: LevelMeter,
  listening: () => boolean,
  say: (silent: boolean) => void,
): () => void {
  let quietMs = 0;
  const timer = window.setInterval(() => {
    if (caller.rms() >= voiceFloor) {
      window.clearInterval(timer);
      say(false);
    } else if (listening()) {
      quietMs += watchEveryMs;
      if (quietMs >= silentAfterMs) say(true);
    }
  }, watchEveryMs);
  return () => {
    window.clearInterval(timer);
    say(false);
  };
}
