import { onDay } from "../../app/words";
import { Wide } from "../../components/Wide";
import { axis, runs } from "./scale";

type Series = { name: string; values: (number | null)[] };

type Given = {
  title: string;
  kind: "bars" | "lines";
  series: Series[];
  times: number[];
  eachMs: number;
  fromMs: number;
  toMs: number;
  hourly: boolean;
  words(value: number): string;
};

const [width, height, left, bottom] = [600, 180, 62, 20];
const time = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** A plot for the eye, and the same numbers as a table for everybody else (and for copying). */
export function Plot(given: Given) {
  const { title, series, times, hourly, words } = given;
  const when = (ms: number) => (hourly ? time.format(new Date(ms)) : onDay(ms));
  return (
    <figure className="plot card">
      <figcaption>
        <h2>{title}</h2>
        {series.length > 1 && (
          <ul className="legend" aria-hidden="true">
            {series.map((one) => (
              <li key={one.name}><i className="swatch" data-series={one.name} /> {one.name}</li>
            ))}
          </ul>
        )}
      </figcaption>
      <Drawing {...given} when={when} />
      <details>
        <summary>{title} as a table</summary>
        <Wide label={`${title}, table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map((one) => (
                  <th key={one.name} scope="col" className="number">{one.name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((ms, index) => (
                <tr key={ms}>
                  <th scope="row">{when(ms)}</th>
                  {series.map((one) => {
                    const value = one.values[index];
                    return <td key={one.name} className="number">{value === null || value === undefined ? "–" : words(value)}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      </details>
    </figure>
  );
}

function Drawing({ kind, series, times, eachMs, fromMs, toMs, words, when }: Given & { when(ms: number): string }) {
  const sums = times.map((_, index) => series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0));
  const highest = kind === "bars" ? Math.max(0, ...sums) : Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0)));
  const { end, steps } = axis(highest);
  const start = Math.min(fromMs, times[0] ?? fromMs);
  const perMs = (width - left) / Math.max(toMs - start, 1);
  const x = (ms: number) => left + (ms - start) * perMs;
  const y = (value: number) => 6 + (height - bottom - 6) * (1 - value / end);
  const bar = Math.max(1.5, eachMs * perMs * 0.8);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {steps.map((step) => (
        <g key={step} className="grid">
          <line x1={left} x2={width} y1={y(step)} y2={y(step)} />
          <text x={left - 6} y={y(step) + 3} textAnchor="end">{words(step)}</text>
        </g>
      ))}
      {kind === "bars"
        ? times.map((ms, index) => <Bar key={ms} x={x(ms)} width={bar} index={index} series={series} y={y} />)
        : series.map((one) => (
            <Curve key={one.name} name={one.name} points={one.values.map((value, index) => ({ x: x((times[index] ?? 0) + eachMs / 2), y: value === null ? null : y(value) }))} />
          ))}
      <text x={left} y={height - 4}>{when(start)}</text>
      <text x={width} y={height - 4} textAnchor="end">{when(toMs)}</text>
    </svg>
  );
}

function Bar(props: { x: number; width: number; index: number; series: Series[]; y(value: number): number }) {
  let below = 0;
  return (
    <>
      {props.series.map((one) => {
        const value = one.values[props.index] ?? 0;
        const [from, to] = [below, below + value];
        below = to;
        if (!value) return null;
        const top = props.y(to);
        return <rect key={one.name} data-series={one.name} x={props.x} y={top} width={props.width} height={props.y(from) - top} />;
      })}
    </>
  );
}

function Curve({ name, points }: { name: string; points: { x: number; y: number | null }[] }) {
  return (
    <g data-series={name}>
      {runs(points).map((run) => (
        <polyline key={run[0]?.x} points={run.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(" ")} />
      ))}
      {points.map((point) => point.y !== null && <circle key={point.x} cx={point.x} cy={point.y} r="2.5" />)}
    </g>
  );
}
