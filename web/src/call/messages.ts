/** What the server tells the page over the data channel, and the only place where it is taken apart. */

export type ServerMessage =
  | { type: "call"; call_id: string; agent: string }
  | { type: "state"; phase: string }
  | { type: "caller"; text: string; final: boolean; turn: number }
  | { type: "agent"; reply: string; text: string }
  | { type: "agent_heard"; reply: string; text: string; complete: boolean }
  | { type: "latency"; turn: number; total_ms: number; stages: Record<string, number> }
  | { type: "tool"; name: string; ok: boolean }
  | { type: "picture"; shown: boolean; reason: string }
  | { type: "end"; cause: string };

const KNOWN = new Set(["call", "state", "caller", "agent", "agent_heard", "latency", "tool", "picture", "end"]);

/** One message, or null for anything this page does not know (a newer server may say more). */
export function parseMessage(data: unknown): ServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== "object" || value === null) return null;
    const type = (value as { type?: unknown }).type;
    return typeof type === "string" && KNOWN.has(type) ? (value as ServerMessage) : null;
  } catch {
    return null;
  }
}
