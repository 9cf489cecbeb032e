import { describe, expect, it } from "vitest";
import type { CallDetail } from "../../api/calls";
import { currentLine, storyOf, unheard } from "./story";

const call = {
  turns: [{ turn: 1, ended_ms: 4610, agent_heard: "Is it open?", agent_said: "", agent_was_heard: "" }],
  replies: [
    { reply: "r2", kind: "turn", at_ms: 5200, said: "Yes, until five. And", heard: "Yes,", heard_ms: 300, complete: false },
    { reply: "r1", kind: "greeting", at_ms: 140, said: "Hello.", heard: "Hello.", heard_ms: 900, complete: true },
    { reply: "r3", kind: "turn", at_ms: null, said: "Never heard.", heard: "", heard_ms: 0, complete: false },
  ],
  utterances: [{ at_ms: 5300, kind: "backchannel", text: "mhm" }],
} as unknown as CallDetail;

describe("the story of a call", () => {
  it("is in order, leaves out what nobody heard at all, and keeps what was lost apart", () => {
    const story = storyOf(call, null);
    expect(story.map((line) => [line.speaker, line.text, line.lost])).toEqual([
      ["agent", "Hello.", ""],
      ["caller", "Is it open?", ""],
      ["agent", "Yes,", " until five. And"],
      ["note", "backchannel: mhm", ""],
    ]);
    expect([currentLine(story, 0), currentLine(story, 4700), currentLine(story, 9e9)]).toEqual([-1, 1, 3]);
  });

  it("shows all that was prepared where the heard words are others", () => {
    expect(unheard("Good morning", "Hello")).toBe("Good morning");
  });
});
