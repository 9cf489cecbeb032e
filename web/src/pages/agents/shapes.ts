/** What the server says of agents. */

export type Agent = {
  name: string;
  title: string;
  role: string;
  language: string;
  served: boolean;
  published: number | null;
};

export type VersionHead = {
  version: number;
  note: string;
  created_by: string;
  created_at_ms: number;
  published_at_ms: number | null;
};

export type AgentDetail = Agent & { text: string; versions: VersionHead[] };

export type Fault = { line: number; field: string; message: string; fix: string; weight: "error" | "here" | "advice" };

export type Tool = {
  name: string;
  description: string;
  parameters: { properties?: Record<string, { type?: string | string[]; format?: string }>; required?: string[] };
  changes_the_world: boolean;
  used: boolean;
};

export type FlowNode = { id: string; kind: string; label: string; detail: string; group: string; effect: boolean };
export type FlowEdge = { start: string; end: string; kind: string; label: string };
export type Flow = { name: string; nodes: FlowNode[]; edges: FlowEdge[] };

export type Inspection = {
  ok: boolean;
  agent: string;
  faults: Fault[];
  persona: { name: string; role: string; style: string };
  greeting: string;
  language: string;
  models: string[];
  voices: string[];
  recognisers: string[];
  tools: Tool[];
  graph: Flow | null;
};
