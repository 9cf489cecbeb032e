/** Live calls as plain values: what the server says, what changes, which are shown and in what order. */

export type Reason = { kind: string; words: string; weight: number };

export type LiveCall = {
  call_id: string;
  agent: string;
  line: string;
  started_at_ms: number | null;
  caller: string;
  phase: string;
  turns: number;
  cost_usd: number;
  attention: number;
  reasons: Reason[];
};

export type Change = Pick<LiveCall, "call_id"> & Partial<LiveCall>;

export type Filter = { words: string; agent: string; needy: boolean };

/** From here on somebody should look. */
export const needyFrom = 25;

/** The calls with these changes; a call that did not change stays the same object, so its row is not drawn anew. */
export function changed(calls: LiveCall[], changes: Change[]): LiveCall[] {
  const news = new Map(changes.map((change) => [change.call_id, change]));
  return calls.map((call) => {
    const change = news.get(call.call_id);
    return change ? { ...call, ...change } : call;
  });
}

/** What was fetched, with objects of before in place of equal ones. */
export function refreshed(known: LiveCall[], fetched: LiveCall[]): LiveCall[] {
  const before = new Map(known.map((call) => [call.call_id, call]));
  return fetched.map((call) => {
    const same = before.get(call.call_id);
    return same && JSON.stringify(same) === JSON.stringify(call) ? same : call;
  });
}

export function chosen(calls: LiveCall[], { words, agent, needy }: Filter): LiveCall[] {
  const wanted = words.trim().toLowerCase();
  return calls.filter(
    (call) =>
      (!agent || call.agent === agent) &&
      (!needy || call.attention >= needyFrom) &&
      (!wanted || `${call.call_id} ${call.agent} ${call.caller} ${call.phase}`.toLowerCase().includes(wanted)),
  );
}

/** Those who need a person most come first, among equals the longest; `order` (call ids) keeps the list still. */
export function sorted(calls: LiveCall[], order: string[] | null): LiveCall[] {
  if (order) {
    const place = new Map(order.map((id, at) => [id, at]));
    const last = order.length;
    return calls.toSorted((a, b) => (place.get(a.call_id) ?? last) - (place.get(b.call_id) ?? last));
  }
  return calls.toSorted(
    (a, b) =>
      b.attention - a.attention ||
      (a.started_at_ms ?? 0) - (b.started_at_ms ?? 0) ||
      a.call_id.localeCompare(b.call_id),
  );
}

export function grade(attention: number): "calm" | "some" | "much" {
  return attention >= 60 ? "much" : attention >= needyFrom ? "some" : "calm";
}

const phases: Record<string, string> = {
  screening: "who answered?",
  listening: "caller speaks",
  thinking: "agent thinks",
  speaking: "agent speaks",
  holding: "both speak",
  away: "with a person",
  waiting: "waits in line",
  idle: "connecting",
};

export function phaseWords(phase: string): string {
  return phases[phase] ?? (phase || "up");
}

export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  return s >= 3600
    ? `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
