import { type FormEvent, useState } from "react";
import type { ReplayReport } from "../../api/calls";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { delayed } from "../../app/words";
import { Failure } from "../../components/States";
import { Wide } from "../../components/Wide";

/** The same core over the same events: exactly, or under another turn-taking policy. Nobody is called. */
export function Replay({ path }: { path: string }) {
  const [settings, setSettings] = useState("turn.stop_silence_min_ms=300");
  const [report, setReport] = useState<ReplayReport | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  async function run(set: string[]) {
    setBusy(true);
    setProblem(null);
    setReport(null);
    try {
      setReport(await request<ReplayReport>(`${path}/replay`, { method: "POST", body: { set } }));
    } catch (error) {
      setProblem(problemFrom(error));
    } finally {
      setBusy(false);
    }
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    void run(settings.split(/\s*[\n,]\s*/).filter(Boolean));
  }
  return (
    <section className="card" aria-labelledby="replay">
      <h2 id="replay">Replay and what if</h2>
      <form className="what-if" onSubmit={submit}>
        <label>
          What if these had been set
          <textarea rows={2} spellCheck={false} value={settings} onChange={(event) => setSettings(event.target.value)} />
        </label>
        <div className="filter-row">
          <button type="submit" className="primary" disabled={busy || !settings.trim()}>Try</button>
          <button type="button" disabled={busy} onClick={() => void run([])}>Replay exactly</button>
        </div>
      </form>
      <div aria-live="polite">
        {problem && <Failure problem={problem} />}
        {report && (report.turns ? <WhatIf report={report} /> : <Exact report={report} />)}
      </div>
    </section>
  );
}

function Exact({ report }: { report: ReplayReport }) {
  if (!report.difference) {
    return (
      <p>
        {report.events} events, {report.commands} commands: exactly as recorded
        {report.cut_short ? ", as far as the trace goes" : ""}.
      </p>
    );
  }
  return (
    <div className="notice">
      <h3>
        The first difference is in line {report.difference.line} of the trace
        {report.version ? `, which version ${report.version} wrote` : ""}
      </h3>
      <dl>
        <dt>After</dt>
        <dd><code>{report.difference.event}</code></dd>
        <dt>Recorded</dt>
        <dd><code>{report.difference.recorded || "nothing"}</code></dd>
        <dt>Replayed</dt>
        <dd><code>{report.difference.replayed || "nothing"}</code></dd>
      </dl>
    </div>
  );
}

function WhatIf({ report }: { report: ReplayReport }) {
  const { response_ms: response, cut_offs: cuts } = report;
  return (
    <Wide label="What if">
      <table>
        <caption>
          {report.set?.join(", ")}: answer p50 {delayed(response?.before.p50)} → {delayed(response?.after.p50)}; callers cut off{" "}
          {cuts?.before.cut_off ?? 0} → {cuts?.after.cut_off ?? 0}
        </caption>
        <thead>
          <tr>
            <th scope="col">Turn</th>
            <th scope="col" className="number">Then</th>
            <th scope="col" className="number">What if</th>
            <th scope="col">Understood</th>
          </tr>
        </thead>
        <tbody>
          {report.turns?.map((turn, index) => (
            <tr key={`${turn.turn}-${index}`}>
              <th scope="row">{turn.turn || "new"}</th>
              <td className="number">{delayed(turn.recorded_ms)}</td>
              <td className="number">{delayed(turn.what_if_ms)}</td>
              <td>
                {turn.text || "(no such turn)"}
                {turn.what_if_text !== turn.text && <small> would be: {turn.what_if_text || "no turn of its own"}</small>}
                {turn.what_if_cut_off && <strong> cut off</strong>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
