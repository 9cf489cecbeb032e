/** Calls as `/v1` gives them; the shapes are those of `server/api/shapes.py` and `views.py`. */

export type CallRow = {
  call_id: string;
  agent: string;
  line: string;
  direction: string;
  caller: string;
  called: string;
  state: string;
  started_at_ms: number;
  duration_ms: number;
  end_cause: string;
  outcome: string;
  turns: number;
  tools: number;
  errors: number;
  interruptions: number;
  response_p50_ms: number | null;
  response_p99_ms: number | null;
  cost_usd: string;
  cost_complete: boolean;
};
export type CallList = { calls: CallRow[]; after: string };

export type Percentiles = { p50: number | null; p95: number | null; p99: number | null };

export type ToolRun = {
  tool_call_id: string;
  name: string;
  arguments: string;
  effect: string;
  requested_at_ms: number;
  run_at_ms: number | null;
  ok: boolean | null;
  result: string;
  took_ms: number;
  reused_from: string;
};
export type Interruption = { at_ms: number; reply: string; kind: "barge_in" | "false_interruption"; silent_after_ms: number | null };
export type StageCost = {
  role: string;
  provider: string;
  requests: number;
  wasted_requests: number;
  amounts: Record<string, number>;
  cost_usd: string;
  wasted_usd: string;
  estimated: boolean;
  unpriced_requests: number;
};
export type CallDetail = {
  call_id: string;
  agent: string;
  line: string;
  started_at_ms: number;
  duration_ms: number | null;
  outcome: string;
  escalation: { reason: string; summary: string } | null;
  latency_ms: Percentiles;
  tools: ToolRun[];
  interruptions: Interruption[];
  utterances: { at_ms: number; kind: string; text: string }[];
  cost: { total_usd: string; wasted_usd: string; complete: boolean; cached_phrases: number; stages: StageCost[] };
  models_chosen: ({ at_ms: number } & Record<string, unknown>)[];
  errors: { at_ms: number; what: string; detail: string }[];
  complete: boolean;
  turns: { turn: number; ended_ms: number; agent_heard: string; agent_said: string; agent_was_heard: string }[];
  replies: Reply[];
};
export type Reply = {
  reply: string;
  kind: string;
  at_ms: number | null;
  said: string;
  heard: string;
  heard_ms: number;
  complete: boolean;
};

export type Stage = { name: string; from_ms: number; to_ms: number; hidden_ms: number };
export type TimedTurn = {
  turn: number;
  reply: string | null;
  onset_ms: number | null;
  ended_ms: number;
  committed_at_ms: number;
  text: string;
  total_ms: number | null;
  speculative: boolean;
  stages: Stage[];
};
export type ModelCall = {
  at_ms: number;
  role: string;
  provider: string;
  reply: string;
  cost_usd: string | null;
  estimated: boolean;
  wasted: boolean;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  /** Places in the timeline's messages; null where the trace does not say. */
  prompt: number[] | null;
};
export type PromptMessage = {
  role: string;
  content: string;
  tool_calls?: { id: string; name: string; arguments: string }[];
};
export type LineState = {
  at_ms: number;
  poor: boolean;
  causes: string;
  level_dbfs: number;
  snr_db: number;
  lost_pct: number;
  clipped_pct: number;
  bandwidth_hz: number;
};
export type Timeline = {
  budget_ms: Record<string, [number, number]>;
  bounds_ms: Record<string, number>;
  turns: TimedTurn[];
  messages: PromptMessage[];
  model_calls: ModelCall[];
  line: LineState[];
  line_totals: { seconds?: number; voiced_seconds?: number; poor_seconds?: number } | null;
  notes: { at_ms: number; type: string; fields: Record<string, unknown> }[];
  header: { version: string; definition_hash: string; direction: string };
  instructions: string;
};
export type Peaks = {
  since_ms: number;
  duration_ms: number;
  caller: number[];
  agent: number[];
  retain_until: string;
  consent: Record<string, unknown>;
  complete: boolean;
};
export type Opinion = {
  id: string;
  source: string;
  rating: number | null;
  labels: string[];
  comment: string;
  given_by: string;
  at_ms: number;
};
export type ReplayReport = {
  events?: number;
  commands?: number;
  difference?: { line: number; event: string; recorded: string; replayed: string } | null;
  version?: string;
  cut_short?: boolean;
  set?: string[];
  turns?: {
    turn: number;
    recorded_ms: number | null;
    what_if_ms: number | null;
    text: string;
    what_if_text: string;
    recorded_cut_off: boolean;
    what_if_cut_off: boolean;
  }[];
  response_ms?: { before: Percentiles; after: Percentiles };
  cut_offs?: Record<"before" | "after", { turns: number; cut_off: number }>;
};
export type SharedCall = {
  agent: string;
  line: string;
  day: string;
  duration_ms: number;
  outcome: string;
  turns: { speaker: "caller" | "agent"; at_ms: number; text: string; interrupted: boolean; response_ms: number | null }[];
  tools: { name: string; at_ms: number; took_ms: number; ok: boolean | null }[];
  good_until_ms: number;
};

export type Sum = {
  calls: number;
  minutes: number;
  contained: number;
  escalated: number;
  abandoned: number;
  failed: number;
  unfinished: number;
  errors: number;
  interruptions: number;
  cost_usd: string;
  costed: boolean;
};
export type Overview = {
  from_ms: number;
  to_ms: number;
  each_ms: number;
  total: Sum;
  response_p50_ms: number | null;
  response_p99_ms: number | null;
  cost_per_minute_usd: string | null;
  cost_per_resolved_usd: string | null;
  stretches: (Sum & { from_ms: number; response_p50_ms: number | null; response_p99_ms: number | null })[];
  agents: (Sum & { agent: string })[];
  endings: { end_cause: string; calls: number }[];
};
