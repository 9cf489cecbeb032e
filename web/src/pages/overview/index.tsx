import "../../styles/overview.css";
import type { Overview as Told } from "../../api/calls";
import { useApi } from "../../api/useApi";
import { href, useQuery } from "../../app/router";
import { counted, delayed, paid, said, share } from "../../app/words";
import { Page } from "../../components/Page";
import { Empty, Failure, Loading } from "../../components/States";
import { Wide } from "../../components/Wide";
import { Plot } from "./Plot";
import { dayMs, rangeOf, ranges } from "./ranges";

const outcomes = ["contained", "escalated", "abandoned", "failed", "unfinished"] as const;

/** How it goes: what an operator looks at first, and keeps open. */
export default function Overview() {
  const [query, setQuery] = useQuery();
  const days = rangeOf(query.get("days"));
  const agent = query.get("agent") ?? "";
  // To the minute, so that asking again asks the same.
  const toMs = Math.ceil(Date.now() / 60_000) * 60_000;
  const told = useApi<Told>("/overview", { from_ms: toMs - days * dayMs, to_ms: toMs, agent });
  const agents = useApi<{ agents: { name: string }[] }>("/agents");
  const seen = [...(agents.data?.agents ?? []).map((one) => one.name), ...(told.data?.agents ?? []).map((one) => one.agent)];
  const names = [...new Set([...seen, agent])].filter(Boolean).sort();
  return (
    <Page
      title="Overview"
      actions={
        <>
          <label>
            Time{" "}
            <select value={days} onChange={(event) => setQuery({ days: event.target.value })}>
              {ranges.map((range) => (
                <option key={range.days} value={range.days}>{range.words}</option>
              ))}
            </select>
          </label>
          <label>
            Agent{" "}
            <select value={agent} onChange={(event) => setQuery({ agent: event.target.value })}>
              <option value="">all</option>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </>
      }
    >
      {told.problem && <Failure problem={told.problem} onRetry={told.reload} />}
      {!told.data && !told.problem && <Loading what="Adding up" />}
      {told.data && (told.data.total.calls ? <Seen told={told.data} /> : <Nothing />)}
    </Page>
  );
}

function Nothing() {
  return (
    <Empty title="No calls in this time">
      <p>
        Choose a longer one, or <a href={href(["talk"])}>talk to an agent</a>.
      </p>
    </Empty>
  );
}

function Seen({ told }: { told: Told }) {
  const { total } = told;
  const tiles: [string, string, string][] = [
    ["Calls", counted(total.calls), `${counted(Math.round(total.minutes))} minutes`],
    ["Containment", share(total.contained, total.calls), `${counted(total.escalated)} went to a person`],
    ["Answer p50", delayed(told.response_p50_ms), "of the median call"],
    ["Answer p99", delayed(told.response_p99_ms), "one call in a hundred was slower"],
    ["Per minute", paid(told.cost_per_minute_usd), `${paid(total.cost_usd)} together${total.costed ? "" : ", or more"}`],
    ["Per resolved call", paid(told.cost_per_resolved_usd), `${counted(total.contained)} resolved`],
    ["Errors", counted(total.errors), `${counted(total.failed)} calls failed`],
    ["Interruptions", counted(total.interruptions), "by callers"],
  ];
  const times = told.stretches.map((one) => one.from_ms);
  const hourly = told.each_ms < dayMs;
  const along = { times, eachMs: told.each_ms, fromMs: told.from_ms, toMs: told.to_ms, hourly };
  return (
    <>
      <dl className="tiles">
        {tiles.map(([name, value, more]) => (
          <div key={name} className="card">
            <dt>{name}</dt>
            <dd>
              {value} <small>{more}</small>
            </dd>
          </div>
        ))}
      </dl>
      <div className="plots">
        <Plot
          title="Calls"
          kind="bars"
          {...along}
          series={outcomes.map((name) => ({ name, values: told.stretches.map((one) => one[name]) }))}
          words={counted}
        />
        <Plot
          title="Containment"
          kind="lines"
          {...along}
          series={[{ name: "contained", values: told.stretches.map((one) => (one.contained / one.calls) * 100) }]}
          words={(value) => `${Math.round(value)} %`}
        />
        <Plot
          title="Answer latency"
          kind="lines"
          {...along}
          series={[
            { name: "p50", values: told.stretches.map((one) => one.response_p50_ms) },
            { name: "p99", values: told.stretches.map((one) => one.response_p99_ms) },
          ]}
          words={(value) => delayed(Math.round(value))}
        />
        <Plot
          title="Cost"
          kind="bars"
          {...along}
          series={[{ name: "cost", values: told.stretches.map((one) => Number(one.cost_usd)) }]}
          words={(value) => paid(String(value))}
        />
        <Plot
          title="Errors"
          kind="bars"
          {...along}
          series={[{ name: "errors", values: told.stretches.map((one) => one.errors) }]}
          words={counted}
        />
      </div>
      <div className="call-pair">
        <Agents told={told} />
        <Endings told={told} />
      </div>
    </>
  );
}

function Agents({ told }: { told: Told }) {
  return (
    <section className="card" aria-labelledby="by-agent">
      <h2 id="by-agent">By agent</h2>
      <Wide label="By agent, table">
        <table>
          <thead>
            <tr>
              <th scope="col">Agent</th>
              <th scope="col" className="number">Calls</th>
              <th scope="col" className="number">Contained</th>
              <th scope="col" className="number">Minutes</th>
              <th scope="col" className="number">Errors</th>
              <th scope="col" className="number">Cost</th>
            </tr>
          </thead>
          <tbody>
            {told.agents.map((one) => (
              <tr key={one.agent}>
                <th scope="row"><a href={href(["calls"], { agent: one.agent })}>{one.agent}</a></th>
                <td className="number">{counted(one.calls)}</td>
                <td className="number">{share(one.contained, one.calls)}</td>
                <td className="number">{counted(Math.round(one.minutes))}</td>
                <td className="number">{counted(one.errors)}</td>
                <td className="number">{paid(one.cost_usd)}{one.costed ? "" : "+"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

function Endings({ told }: { told: Told }) {
  return (
    <section className="card" aria-labelledby="endings">
      <h2 id="endings">How calls ended</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Ended by</th>
            <th scope="col" className="number">Calls</th>
            <th scope="col" className="number">Share</th>
          </tr>
        </thead>
        <tbody>
          {told.endings.map((one) => (
            <tr key={one.end_cause}>
              <th scope="row">
                {one.end_cause ? <a href={href(["calls"], { end_cause: one.end_cause })}>{said(one.end_cause)}</a> : "not known"}
              </th>
              <td className="number">{counted(one.calls)}</td>
              <td className="number">{share(one.calls, told.total.calls)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
