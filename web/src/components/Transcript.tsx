import { useEffect, useRef } from "react";
import { type Entry, unheardPart } from "../call/transcript";
import { LatencyBadge } from "./LatencyBadge";

type Names = { agentName: string; callerName?: string };

export function Transcript({ entries, agentName, callerName = "You" }: { entries: Entry[] } & Names) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [entries]);
  return (
    <div className="transcript" role="log" aria-label="Conversation" aria-live="polite" tabIndex={0}>
      <ol>
        {entries.map((entry) => (
          <Line key={keyOf(entry, entries)} entry={entry} agentName={agentName} callerName={callerName} />
        ))}
        <li ref={end} aria-hidden="true" className="transcript-end" />
      </ol>
    </div>
  );
}

function keyOf(entry: Entry, entries: Entry[]): string {
  if (entry.kind === "caller") return `caller-${entry.turn}`;
  if (entry.kind === "agent") return `agent-${entry.reply}`;
  return `${entry.kind}-${entries.indexOf(entry)}`;
}

/** "clinic.opening_hours" as people say it. */
function toolWords(name: string): string {
  return (name.split(".").at(-1) ?? name).replaceAll("_", " ");
}

function Line({ entry, agentName, callerName }: { entry: Entry } & Names) {
  if (entry.kind === "tool") {
    return (
      <li className="line tool" data-ok={entry.ok}>
        <span aria-hidden="true">{entry.ok ? "✓" : "✗"}</span> {toolWords(entry.name)}
        {entry.ok ? "" : " did not work"}
      </li>
    );
  }
  if (entry.kind === "picture") {
    return (
      <li className="line tool" data-ok={entry.shown}>
        <span aria-hidden="true">{entry.shown ? "✓" : "✗"}</span>{" "}
        {entry.shown ? "you showed a picture" : `not shown: ${entry.reason}`}
      </li>
    );
  }
  if (entry.kind === "caller") {
    return (
      // Partial words change several times a second; a screen reader hears only the final ones.
      <li className="line caller" data-final={entry.final} aria-live={entry.final ? "polite" : "off"}>
        <span className="who">{callerName}</span>
        <p>{entry.text}</p>
        {entry.latency && <LatencyBadge latency={entry.latency} />}
      </li>
    );
  }
  return (
    <li className="line agent" data-heard={entry.heard !== null} data-complete={entry.complete}>
      <span className="who">{agentName}</span>
      <AgentWords entry={entry} />
    </li>
  );
}

/** Only what was really heard counts as said; the rest of a cut reply is struck out. */
function AgentWords({ entry }: { entry: Extract<Entry, { kind: "agent" }> }) {
  if (entry.heard === null) return <p className="pending">{entry.text}</p>;
  if (entry.complete) return <p>{entry.heard}</p>;
  const lost = unheardPart(entry.text, entry.heard);
  return (
    <p>
      {entry.heard}
      <span className="cut" title="You spoke here"> — interrupted</span>
      {lost && (
        <>
          {" "}
          <s aria-label="not heard">{lost}</s>
        </>
      )}
    </p>
  );
}
