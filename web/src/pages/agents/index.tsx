import { useApi } from "../../api/useApi";
import type { PageProps } from "../../app/pages";
import { href } from "../../app/router";
import { Page } from "../../components/Page";
import { Empty, Failure, Loading } from "../../components/States";
import "../../styles/agents.css";
import { OneAgent } from "./Agent";
import type { Agent } from "./shapes";

export default function Agents({ rest }: PageProps) {
  const [name, part = ""] = rest;
  return name ? <OneAgent key={name} name={name} part={part} /> : <AgentList />;
}

function AgentList() {
  const { data, problem, reload } = useApi<{ agents: Agent[] }>("/agents");
  return (
    <Page title="Agents">
      {problem && <Failure problem={problem} onRetry={reload} />}
      {!data && !problem && <Loading />}
      {data && !data.agents.length && (
        <Empty title="No agent is served">
          <p>Put an agent file into the agents folder and start the server again.</p>
        </Empty>
      )}
      <ul className="agent-list">
        {data?.agents.map((agent) => (
          <li key={agent.name} className="card">
            <h2>
              <a href={href(["agents", agent.name])}>{agent.name}</a>
            </h2>
            <p>{[agent.title, agent.role].filter(Boolean).join(", ")}</p>
            <p className="hint">
              {agent.language} · {agent.published === null ? "live from the folder of agents" : `version ${agent.published} is live`}
            </p>
          </li>
        ))}
      </ul>
    </Page>
  );
}
