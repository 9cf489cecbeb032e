import { useState } from "react";
import { problemFrom, request } from "../../api/client";
import { useMay } from "../../api/me";
import { useApi } from "../../api/useApi";
import { Failure } from "../../components/States";
import { Diff } from "./Diff";
import type { AgentDetail } from "./shapes";

type Props = { agent: AgentDetail; onChanged(): void; onEdit(version: number): void };

/** What was kept, what is live, what differs; publish one, or go back. */
export function Versions({ agent, onChanged, onEdit }: Props) {
  const mayPublish = useMay("agents:publish");
  const [said, setSaid] = useState<{ words: string; bad: boolean }>({ words: "", bad: false });
  const [pair, setPair] = useState<{ before: number; after: number }>(() => newestPair(agent));
  const base = `/agents/${encodeURIComponent(agent.name)}`;
  const asked = pair.before && pair.after ? `${base}/diff` : null;
  const { data, problem } = useApi<{ diff: string }>(asked, pair);

  async function act(path: string) {
    try {
      const told = await request<{ version: number }>(`${base}/${path}`, { method: "POST" });
      setSaid({ words: `Version ${told.version} is live: calls from now on are answered by it.`, bad: false });
      onChanged();
    } catch (error) {
      const { detail, fix } = problemFrom(error);
      setSaid({ words: [detail, fix].filter(Boolean).join(". "), bad: true });
    }
  }

  if (!agent.versions.length) {
    return <p className="hint">No version was kept yet. What is live comes from the folder of agents; it becomes version 1 with the first one you keep.</p>;
  }
  return (
    <>
      <p role="status" className="live-said" data-bad={said.bad}>
        {said.words}
      </p>
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Versions">
        <table className="version-table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Kept</th>
              <th scope="col">By</th>
              <th scope="col">Note</th>
              <th scope="col">
                <span className="hidden-words">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {agent.versions.map((version) => (
              <tr key={version.version} aria-current={version.version === agent.published ? "true" : undefined}>
                <th scope="row">
                  {version.version} {version.version === agent.published && <span className="live-mark">live</span>}
                </th>
                <td>{new Date(version.created_at_ms).toLocaleString()}</td>
                <td>{version.created_by}</td>
                <td>{version.note}</td>
                <td className="controls start">
                  <button type="button" onClick={() => onEdit(version.version)}>
                    Edit a copy
                  </button>
                  {mayPublish && version.version !== agent.published && (
                    <button type="button" onClick={() => void act(`versions/${version.version}/publish`)}>
                      Publish {version.version}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {mayPublish && (
        <p>
          <button type="button" onClick={() => void act("rollback")}>
            Roll back to what was live before
          </button>
        </p>
      )}
      <h2>Compare</h2>
      <div className="controls start">
        {(["before", "after"] as const).map((side) => (
          <label key={side}>
            {side === "before" ? "From " : "to "}
            <select value={pair[side]} onChange={(event) => setPair({ ...pair, [side]: Number(event.target.value) })}>
              {agent.versions.map(({ version }) => (
                <option key={version} value={version}>
                  version {version}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      {problem ? <Failure problem={problem} /> : data && <Diff text={data.diff} />}
    </>
  );
}

function newestPair(agent: AgentDetail): { before: number; after: number } {
  const newest = agent.versions[0]?.version ?? 0;
  return { before: agent.versions[1]?.version ?? newest, after: newest };
}
