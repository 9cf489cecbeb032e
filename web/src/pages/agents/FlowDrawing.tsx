import { useMemo } from "react";
import { box, layOut } from "./layout";
import type { Flow, FlowNode } from "./shapes";

const kinds: Record<string, string> = {
  goal: "what the caller wants",
  ask: "asks",
  run: "looks up",
  offer: "offers",
  confirm: "asks to confirm",
  do: "does",
  say: "says",
  fact: "answers at any time",
  open: "opens",
  person: "hands over",
  end: "ends",
};

/** A flow to look at, and the same in words for who cannot. */
export function FlowDrawing({ flow }: { flow: Flow }) {
  const drawing = useMemo(() => layOut(flow), [flow]);
  return (
    <>
      <p className="hint">
        The engine takes the first step of a goal that is not satisfied yet. Dashed: ways back and steps passed over.
        A double border: it changes the world.
      </p>
      <div className="flow-scroll" tabIndex={0} role="region" aria-label="Drawing of the flow">
        <svg
          role="img"
          aria-labelledby="flow-title flow-desc"
          width={drawing.width}
          height={drawing.height}
          viewBox={`0 0 ${drawing.width} ${drawing.height}`}
        >
          <title id="flow-title">{`The flow ${flow.name}`}</title>
          <desc id="flow-desc">The same is in words below the drawing.</desc>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M 0 0 L 8 4 L 0 8 z" className="flow-arrow" />
            </marker>
          </defs>
          {drawing.edges.map((edge) => (
            <g key={`${edge.start} ${edge.end} ${edge.kind} ${edge.label}`} className="flow-edge" data-kind={edge.kind}>
              <path d={edge.path} markerEnd="url(#arrow)" />
              {edge.label && (
                <text x={edge.labelX} y={edge.labelY}>
                  {short(edge.label, 16)}
                </text>
              )}
            </g>
          ))}
          {drawing.nodes.map((node) => (
            <g key={node.id} className="flow-node" data-kind={node.kind}>
              <title>{node.detail || node.label}</title>
              <rect x={node.x} y={node.y} width={box.width} height={box.height} rx={node.kind === "goal" ? 26 : 8} />
              {node.effect && (
                <rect x={node.x + 4} y={node.y + 4} width={box.width - 8} height={box.height - 8} rx={5} />
              )}
              <text x={node.x + box.width / 2} y={node.y + 21} className="flow-kind">
                {kinds[node.kind] ?? node.kind}
              </text>
              <text x={node.x + box.width / 2} y={node.y + 39}>
                {short(node.label, 25)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <FlowInWords flow={flow} />
    </>
  );
}

function FlowInWords({ flow }: { flow: Flow }) {
  const names = new Map(flow.nodes.map((node) => [node.id, node.label]));
  const goals = flow.nodes.filter((node) => node.kind === "goal");
  const facts = flow.nodes.filter((node) => node.kind === "fact");
  const asides = (node: FlowNode) =>
    flow.edges
      .filter((edge) => edge.start === node.id && edge.kind !== "next" && edge.kind !== "skip")
      .map((edge) => `${edge.label}: ${edge.kind === "again" ? "back to" : "to"} ${names.get(edge.end) ?? edge.end}`);
  return (
    <details className="flow-words">
      <summary>The flow in words</summary>
      {goals.map((goal) => (
        <section key={goal.id}>
          <h2>{goal.label}</h2>
          {goal.detail && <p className="hint">“{goal.detail}”</p>}
          <ol>
            {flow.nodes.filter((node) => node.group === goal.group && node !== goal).map((node) => (
              <li key={node.id}>
                {kinds[node.kind] ?? node.kind} <strong>{node.label}</strong>
                {node.detail && `: ${node.detail}`}
                {node.effect && " (changes the world)"}
                {asides(node).map((words) => (
                  <span key={words}> — {words}</span>
                ))}
              </li>
            ))}
          </ol>
        </section>
      ))}
      {facts.length > 0 && <p>Answered at any time: {facts.map((fact) => fact.label).join(", ")}.</p>}
    </details>
  );
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
