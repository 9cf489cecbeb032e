import { type Conversation, summarise } from "../call/transcript";

const causes: Record<string, string> = {
  agent: "The agent ended the call.",
  caller_hangup: "You hung up.",
  silence: "The agent hung up after a long silence.",
  time_limit: "The call reached its time limit.",
  operator: "The server is shutting down.",
  escalated: "The agent handed you to a person.",
  error: "Something went wrong on our side.",
  refused: "No line was free.",
};

export function CallSummary(props: { conversation: Conversation; startedAt: number; endedAt: number }) {
  const { conversation, startedAt, endedAt } = props;
  const facts = summarise(conversation.entries);
  const cause = conversation.endCause === null ? "You hung up." : (causes[conversation.endCause] ?? "The call ended.");
  return (
    <section className="summary" aria-label="Call summary">
      <p>{cause}</p>
      <dl>
        <Fact name="Duration" value={startedAt ? clock(endedAt - startedAt) : "–"} />
        <Fact name="Your turns" value={String(facts.turns)} />
        <Fact name="Interruptions" value={String(facts.interruptions)} />
        <Fact name="Actions" value={String(facts.tools)} />
        <Fact name="Median answer" value={facts.medianMs === null ? "–" : `${facts.medianMs} ms`} />
      </dl>
      {conversation.callId && (
        <p className="hint">
          More with <code>antiphon calls show {conversation.callId}</code>
        </p>
      )}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function clock(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
