import type { Timeline, TimedTurn } from "../../api/calls";
import { counted, delayed } from "../../app/words";
import { Wide } from "../../components/Wide";

const order = ["vad", "final_transcript", "endpointing", "reasoner", "tts", "playout"];
const names: Record<string, string> = {
  vad: "Silence seen",
  final_transcript: "Last words",
  endpointing: "Turn over",
  reasoner: "First words",
  tts: "First sound",
  playout: "On the line",
};
const lane = 4;

/** Zero is the caller's last sound. Stages overlap; the pale part ran while we still waited for the caller. */
export function Waterfall({ timeline }: { timeline: Timeline }) {
  const { turns, budget_ms: budget, bounds_ms: bounds } = timeline;
  if (!turns.length) return null;
  const scale = Math.max(bounds.p95 ?? 0, ...turns.flatMap((turn) => turn.stages.map((stage) => stage.to_ms)));
  return (
    <section className="card" aria-labelledby="latency">
      <h2 id="latency">How long each answer took</h2>
      <Wide label="Latency by turn and stage">
        <table className="waterfalls">
          <caption>Milliseconds of each stage, its budget above; zero is the caller's last sound.</caption>
          <thead>
            <tr>
              <th scope="col">Turn</th>
              <th scope="col">Waterfall</th>
              {order.map((name) => (
                <th key={name} scope="col" className="number">
                  <i className="swatch" data-stage={name} /> {names[name]}
                  {budget[name] && <small>{budget[name].join("–")}</small>}
                </th>
              ))}
              <th scope="col" className="number">
                Total<small>p50 {bounds.p50}, p95 {bounds.p95}</small>
              </th>
            </tr>
          </thead>
          <tbody>
            {turns.map((turn) => (
              <Row key={turn.turn} turn={turn} budget={budget} bounds={bounds} scale={scale} />
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

type RowGiven = { turn: TimedTurn; budget: Timeline["budget_ms"]; bounds: Timeline["bounds_ms"]; scale: number };

function Row({ turn, budget, bounds, scale }: RowGiven) {
  return (
    <tr>
      <th scope="row">{turn.turn}</th>
      <td>
        <svg viewBox={`0 0 ${scale} ${order.length * lane}`} preserveAspectRatio="none" aria-hidden="true">
          {turn.stages.map((stage) => {
            const y = Math.max(0, order.indexOf(stage.name)) * lane;
            const length = Math.max(scale / 200, stage.to_ms - stage.from_ms);
            return (
              <g key={stage.name} data-stage={stage.name}>
                <rect x={stage.from_ms} y={y} width={length} height={lane - 1} />
                {stage.hidden_ms > 0 && (
                  <rect className="hidden-part" x={stage.from_ms} y={y} width={stage.hidden_ms} height={lane - 1} />
                )}
              </g>
            );
          })}
          {turn.total_ms !== null && (
            <line className="total" x1={turn.total_ms} x2={turn.total_ms} y1="0" y2={order.length * lane} />
          )}
        </svg>
      </td>
      {order.map((name) => {
        const stage = turn.stages.find((one) => one.name === name);
        const ms = stage ? stage.to_ms - stage.from_ms : null;
        const over = ms !== null && budget[name] !== undefined && ms > budget[name][1];
        return (
          <td key={name} className="number" data-over={over}>
            {ms === null ? "–" : counted(ms)}
            {over && <span className="hidden-words"> over budget</span>}
          </td>
        );
      })}
      <td className="number" data-over={(turn.total_ms ?? 0) > (bounds.p95 ?? Number.POSITIVE_INFINITY)}>
        {delayed(turn.total_ms)}
        {turn.speculative && <small> begun early</small>}
      </td>
    </tr>
  );
}
