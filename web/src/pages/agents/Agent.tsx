import { useEffect, useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/me";
import { useApi } from "../../api/useApi";
import { href, navigate } from "../../app/router";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/States";
import { Editor } from "./Editor";
import { FlowDrawing } from "./FlowDrawing";
import { Tools } from "./Tools";
import { Versions } from "./Versions";
import type { AgentDetail, Inspection } from "./shapes";

const parts = [
  ["", "About"],
  ["edit", "Edit"],
  ["versions", "Versions"],
  ["tools", "Tools"],
  ["flow", "Flow"],
] as const;

export function OneAgent({ name, part }: { name: string; part: string }) {
  const base = `/agents/${encodeURIComponent(name)}`;
  const agent = useApi<AgentDetail>(base);
  const inspected = useApi<Inspection>(`${base}/inspect`);
  const mayWrite = useMay("agents:write");
  const [text, setText] = useState<string | null>(null);
  const live = agent.data?.text;
  useEffect(() => setText((known) => known ?? live ?? null), [live]);
  const reload = () => {
    agent.reload();
    inspected.reload();
  };
  if (agent.problem && !agent.data) return <Page title={name}><Failure problem={agent.problem} onRetry={agent.reload} /></Page>;
  if (!agent.data) return <Page title={name}><Loading /></Page>;
  const detail = agent.data;

  async function edit(version: number) {
    const found = await request<{ text: string }>(`${base}/versions/${version}`);
    setText(found.text);
    navigate(href(["agents", name, "edit"]));
  }

  return (
    <Page title={name} actions={<a href={href(["agents"])}>All agents</a>}>
      <nav className="parts" aria-label={`Parts of ${name}`}>
        <ul>
          {parts.filter(([path]) => path !== "edit" || mayWrite).map(([path, title]) => (
            <li key={path}>
              <a href={href(path ? ["agents", name, path] : ["agents", name])} aria-current={path === part ? "page" : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {part === "edit" && mayWrite && text !== null && (
        <Editor agent={detail} text={text} onText={setText} onChanged={reload} />
      )}
      {part === "versions" && <Versions agent={detail} onChanged={reload} onEdit={(version) => void edit(version)} />}
      {(part === "" || part === "tools" || part === "flow") && (
        <Inspected agent={detail} part={part} inspected={inspected.data} problem={inspected.problem} />
      )}
      {agent.problem && <Failure problem={agent.problem} onRetry={agent.reload} />}
    </Page>
  );
}

type InspectedProps = { agent: AgentDetail; part: string; inspected: Inspection | null; problem: Parameters<typeof Failure>[0]["problem"] | null };

function Inspected({ agent, part, inspected, problem }: InspectedProps) {
  if (problem && !inspected) return <Failure problem={problem} />;
  if (!inspected) return <Loading />;
  if (part === "tools") return <Tools agent={agent.name} tools={inspected.tools} />;
  if (part === "flow") {
    return inspected.graph ? <FlowDrawing flow={inspected.graph} /> : <p className="hint">This agent has no flow; a language model decides what comes next.</p>;
  }
  const { persona } = inspected;
  const rows: [string, string][] = [
    ["Name", persona.name],
    ["Role", persona.role],
    ["Style", persona.style],
    ["First words", inspected.greeting],
    ["Language", inspected.language],
    ["Reasons with", inspected.models.join(", ")],
    ["Speaks with", inspected.voices.join(", ")],
    ["Hears with", inspected.recognisers.join(", ")],
    ["Live", agent.published === null ? "from the folder of agents" : `version ${agent.published}`],
  ];
  return (
    <dl className="card about">
      {rows.filter(([, value]) => value).map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
