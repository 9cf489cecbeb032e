/** What was said on a call, in order, from what the server tells of it. */

import type { CallDetail, SharedCall, Timeline } from "../../api/calls";

export type Said = {
  key: string;
  speaker: "caller" | "agent" | "note";
  atMs: number;
  /** Of the agent: what the caller's ear really got. */
  text: string;
  /** Of a reply that was cut: the part nobody heard. */
  lost: string;
  interrupted: boolean;
  responseMs: number | null;
};

/** The part of `prepared` behind what was heard; all of it where the two do not begin alike. */
export function unheard(prepared: string, heard: string): string {
  const plain = (text: string) => text.replace(/\s+/g, " ").trim();
  const [whole, part] = [plain(prepared), plain(heard)];
  return whole.startsWith(part) ? whole.slice(part.length) : whole;
}

export function storyOf(call: CallDetail, timeline: Timeline | null): Said[] {
  const timed = new Map(timeline?.turns.map((turn) => [turn.turn, turn]));
  const callers = call.turns.map((turn): Said => ({
    key: `turn-${turn.turn}`,
    speaker: "caller",
    atMs: timed.get(turn.turn)?.onset_ms ?? turn.ended_ms,
    text: turn.agent_heard,
    lost: "",
    interrupted: false,
    responseMs: timed.get(turn.turn)?.total_ms ?? null,
  }));
  const agents = call.replies
    .filter((reply) => reply.at_ms !== null && (reply.said || reply.heard))
    .map((reply): Said => ({
      key: `reply-${reply.reply}`,
      speaker: "agent",
      atMs: reply.at_ms ?? 0,
      text: reply.heard,
      lost: reply.complete ? "" : unheard(reply.said, reply.heard),
      interrupted: !reply.complete,
      responseMs: null,
    }));
  const notes = call.utterances
    .filter((utterance) => utterance.text)
    .map((utterance, index): Said => ({
      key: `note-${index}`,
      speaker: "note",
      atMs: utterance.at_ms,
      text: `${utterance.kind}: ${utterance.text}`,
      lost: "",
      interrupted: false,
      responseMs: null,
    }));
  return [...callers, ...agents, ...notes].sort((one, other) => one.atMs - other.atMs);
}

export function sharedStory(call: SharedCall): Said[] {
  return call.turns.map((turn, index) => ({
    key: String(index),
    speaker: turn.speaker,
    atMs: turn.at_ms,
    text: turn.text,
    lost: "",
    interrupted: turn.interrupted,
    responseMs: turn.response_ms,
  }));
}

/** The line that is being said at this moment of the call, -1 before the first. */
export function currentLine(story: Said[], atMs: number): number {
  return story.findLastIndex((line) => line.atMs <= atMs);
}
