/** The conversation as the page shows it: messages in, plain state out. */

import type { ServerMessage } from "./messages";

export type Latency = { turn: number; totalMs: number; stages: Record<string, number> };

export type Entry =
  | { kind: "caller"; turn: number; text: string; final: boolean; latency?: Latency }
  | { kind: "agent"; reply: string; text: string; heard: string | null; complete: boolean }
  | { kind: "tool"; name: string; ok: boolean }
  | { kind: "picture"; shown: boolean; reason: string };

export type Conversation = {
  callId: string;
  phase: string;
  entries: Entry[];
  endCause: string | null;
};

export const emptyConversation: Conversation = { callId: "", phase: "", entries: [], endCause: null };

export function applyMessage(state: Conversation, message: ServerMessage): Conversation {
  switch (message.type) {
    case "call":
      return { ...state, callId: message.call_id };
    case "state":
      return { ...state, phase: message.phase };
    case "caller":
      return { ...state, entries: withCaller(state.entries, message) };
    case "agent":
      return { ...state, entries: withAgent(state.entries, message.reply, message.text) };
    case "agent_heard":
      return { ...state, entries: withHeard(state.entries, message) };
    case "latency":
      return { ...state, entries: withLatency(state.entries, message) };
    case "tool":
      return { ...state, entries: [...state.entries, { kind: "tool", name: message.name, ok: message.ok }] };
    case "picture":
      return {
        ...state,
        entries: [...state.entries, { kind: "picture", shown: message.shown, reason: message.reason }],
      };
    case "end":
      return { ...state, endCause: message.cause };
  }
}

function withCaller(entries: Entry[], message: Extract<ServerMessage, { type: "caller" }>): Entry[] {
  const index = entries.findIndex((entry) => entry.kind === "caller" && entry.turn === message.turn);
  const entry: Entry = { kind: "caller", turn: message.turn, text: message.text, final: message.final };
  if (index < 0) return message.text ? [...entries, entry] : entries;
  const known = entries[index];
  // A partial that comes late must not undo the final words.
  if (known?.kind === "caller" && known.final && !message.final) return entries;
  if (!message.text) return entries.filter((_, at) => at !== index);
  return entries.with(index, entry);
}

function withAgent(entries: Entry[], reply: string, text: string): Entry[] {
  const index = entries.findIndex((entry) => entry.kind === "agent" && entry.reply === reply);
  const known = entries[index];
  if (known?.kind === "agent") return entries.with(index, { ...known, text });
  return [...entries, { kind: "agent", reply, text, heard: null, complete: false }];
}

function withHeard(entries: Entry[], message: Extract<ServerMessage, { type: "agent_heard" }>): Entry[] {
  const { reply, text: heard, complete } = message;
  const index = entries.findIndex((entry) => entry.kind === "agent" && entry.reply === reply);
  const known = entries[index];
  if (known?.kind === "agent") return entries.with(index, { ...known, heard, complete });
  return heard ? [...entries, { kind: "agent", reply, text: heard, heard, complete }] : entries;
}

function withLatency(entries: Entry[], message: Extract<ServerMessage, { type: "latency" }>): Entry[] {
  const latency = { turn: message.turn, totalMs: message.total_ms, stages: message.stages };
  return entries.map((entry) =>
    entry.kind === "caller" && entry.turn === message.turn ? { ...entry, latency } : entry,
  );
}

/** What of an agent reply never reached the caller, as far as the words line up; "" when nothing is known. */
export function unheardPart(text: string, heard: string): string {
  return text.startsWith(heard) ? text.slice(heard.length).trim() : "";
}

export type Summary = { turns: number; interruptions: number; tools: number; medianMs: number | null };

export function summarise(entries: Entry[]): Summary {
  const latencies = entries
    .flatMap((entry) => (entry.kind === "caller" && entry.latency ? [entry.latency.totalMs] : []))
    .sort((a, b) => a - b);
  return {
    turns: entries.filter((entry) => entry.kind === "caller" && entry.final).length,
    interruptions: entries.filter((entry) => entry.kind === "agent" && entry.heard !== null && !entry.complete)
      .length,
    tools: entries.filter((entry) => entry.kind === "tool").length,
    medianMs: latencies[Math.floor((latencies.length - 1) / 2)] ?? null,
  };
}
