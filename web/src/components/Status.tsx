import type { Stage } from "../call/useCall";

const phases: Record<string, string> = {
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
  holding: "Listening",
  ended: "Saying goodbye",
};

/** The one line that says what is going on. */
export function statusOf(stage: Stage, phase: string, muted: boolean): { tone: string; words: string } {
  if (stage === "microphone") return { tone: "waiting", words: "Allow the microphone…" };
  if (stage === "connecting") return { tone: "waiting", words: "Connecting…" };
  if (stage === "reconnecting") return { tone: "waiting", words: "Reconnecting…" };
  if (stage === "ended") return { tone: "off", words: "Call ended" };
  if (stage === "idle") return { tone: "off", words: "Ready to call" };
  if (muted) return { tone: "muted", words: "You are muted" };
  return { tone: phase || "listening", words: phases[phase] ?? "Connected" };
}

export function Status(props: { stage: Stage; phase: string; muted: boolean }) {
  const { tone, words } = statusOf(props.stage, props.phase, props.muted);
  return (
    <p className="status" data-tone={tone} role="status">
      <span className="dot" aria-hidden="true" />
      {words}
    </p>
  );
}
