import { grade, measured, totalFairMs } from "../call/budget";
import type { Latency } from "../call/transcript";

/** How long this turn waited for its answer; opens to the stages against their budget. */
export function LatencyBadge({ latency }: { latency: Latency }) {
  const rows = measured(latency.stages);
  const scaleMs = Math.max(latency.totalMs, totalFairMs, ...rows.map((row) => row.valueMs));
  return (
    <details className="latency" data-grade={grade(latency.totalMs)}>
      <summary>
        <span className="hidden-words">Answered after </span>
        {latency.totalMs} ms
        <span className="hidden-words">; show stages</span>
      </summary>
      <table className="waterfall">
        <caption>From your last sound to the agent's first. Stages overlap.</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} data-over={row.known && row.valueMs > row.budgetMs}>
              <th scope="row">{row.label}</th>
              <td className="bar">
                <Bar shareOfScale={row.valueMs / scaleMs} budgetShare={row.known ? row.budgetMs / scaleMs : null} />
              </td>
              <td className="number">
                {row.valueMs} ms{row.known ? <small> / {row.budgetMs}</small> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Bar({ shareOfScale, budgetShare }: { shareOfScale: number; budgetShare: number | null }) {
  return (
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {budgetShare !== null && <rect className="budget" x="0" y="0" width={budgetShare * 100} height="8" />}
      <rect className="value" x="0" y="2" width={Math.max(0.8, shareOfScale * 100)} height="4" />
    </svg>
  );
}
