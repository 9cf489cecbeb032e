/** The rest of a call, each as a table: tools, trouble, costs, line, permissions. */

import type { ReactNode } from "react";
import type { CallDetail, StageCost, Timeline, ToolRun } from "../../api/calls";
import { counted, delayed, lasted, paid, said } from "../../app/words";
import { Wide } from "../../components/Wide";

function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

export function Tools({ tools }: { tools: ToolRun[] }) {
  if (!tools.length) return null;
  return (
    <Section id="tools" title="Tools">
      <ul className="events">
        {tools.map((tool) => (
          <li key={tool.tool_call_id} data-bad={tool.ok === false}>
            <details>
              <summary>
                {lasted(tool.requested_at_ms)} <strong>{tool.name}</strong>{" "}
                {tool.ok === null ? "never finished" : tool.ok ? "worked" : "did not work"} <small>{delayed(tool.took_ms)}, {tool.effect}</small>
                {tool.reused_from && <small> answered from {tool.reused_from}</small>}
              </summary>
              <h3>Arguments</h3>
              <pre>{tool.arguments}</pre>
              <h3>Result</h3>
              <pre>{tool.result || "none"}</pre>
            </details>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function Troubles({ call }: { call: CallDetail }) {
  if (!call.interruptions.length && !call.errors.length) return null;
  return (
    <Section id="troubles" title="Interruptions and errors">
      <ul className="events">
        {call.interruptions.map((one) => (
          <li key={`i${one.at_ms}`}>
            {lasted(one.at_ms)} {one.kind === "barge_in" ? "The caller interrupted" : "A sound paused the agent, and it went on"}
            {one.silent_after_ms !== null && <small> silent after {delayed(one.silent_after_ms)}</small>}
          </li>
        ))}
        {call.errors.map((one, index) => (
          <li key={`e${index}`} data-bad="true">
            {lasted(one.at_ms)} <strong>{said(one.what)}</strong> {one.detail}
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function Costs({ cost }: { cost: CallDetail["cost"] }) {
  return (
    <Section id="costs" title="Costs by stage">
      <Wide label="Costs, table">
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className="number">Requests</th>
              <th scope="col">Used</th>
              <th scope="col" className="number">Cost</th>
              <th scope="col" className="number">Unheard</th>
            </tr>
          </thead>
          <tbody>
            {cost.stages.map((stage) => (
              <tr key={`${stage.role} ${stage.provider}`}>
                <th scope="row">{stage.role} <small>{stage.provider}</small></th>
                <td className="number">{counted(stage.requests)}</td>
                <td><small>{used(stage)}</small></td>
                <td className="number">{stage.unpriced_requests ? "no price" : paid(stage.cost_usd)}</td>
                <td className="number">{paid(stage.wasted_usd)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Together</th>
              <td />
              <td><small>{cost.cached_phrases ? `${counted(cost.cached_phrases)} phrases from the cache` : ""}</small></td>
              <td className="number">{paid(cost.total_usd)}{cost.complete ? "" : "+"}</td>
              <td className="number">{paid(cost.wasted_usd)}</td>
            </tr>
          </tfoot>
        </table>
      </Wide>
    </Section>
  );
}

function used(stage: StageCost): string {
  return Object.entries(stage.amounts).map(([name, amount]) => `${counted(amount)} ${said(name)}`).join(", ");
}

export function Line({ timeline }: { timeline: Timeline }) {
  const totals = timeline.line_totals;
  return (
    <Section id="line" title="Audio quality">
      {totals && (
        <p>
          Poor for {counted(totals.poor_seconds ?? 0)} of {counted(totals.seconds ?? 0)} seconds
          {totals.voiced_seconds !== undefined && `, ${counted(totals.voiced_seconds)} of them with a voice`}.
        </p>
      )}
      {timeline.line.length ? (
        <Wide label="Audio quality, table">
          <table>
            <thead>
              <tr>
                <th scope="col">At</th>
                <th scope="col">Line</th>
                <th scope="col" className="number">Level dBFS</th>
                <th scope="col" className="number">SNR dB</th>
                <th scope="col" className="number">Lost %</th>
              </tr>
            </thead>
            <tbody>
              {timeline.line.map((one) => (
                <tr key={one.at_ms}>
                  <th scope="row">{lasted(one.at_ms)}</th>
                  <td data-over={one.poor}>{one.poor ? `poor: ${said(one.causes)}` : "good again"}</td>
                  <td className="number">{one.level_dbfs}</td>
                  <td className="number">{one.snr_db}</td>
                  <td className="number">{one.lost_pct}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      ) : (
        <p className="hint">{totals ? "" : "Nothing was graded: the line gave no cause."}</p>
      )}
    </Section>
  );
}

export function Permissions({ timeline }: { timeline: Timeline }) {
  return (
    <Section id="permissions" title="Permissions used">
      {timeline.notes.length ? (
        <ul className="events">
          {timeline.notes.map((note, index) => (
            <li key={`${note.at_ms}-${index}`}>
              {lasted(note.at_ms)} <strong>{said(note.type)}</strong>{" "}
              <small>{Object.entries(note.fields).map(([name, value]) => `${said(name)}: ${String(value)}`).join(", ")}</small>
            </li>
          ))}
        </ul>
      ) : (
        <p className="hint">None: nothing was recorded, passed on or changed by hand.</p>
      )}
    </Section>
  );
}
