import { useEffect, useState } from "react";
import "../../styles/talk.css";
import { type Agent, fetchAgents } from "../../call/agents";
import type { Server } from "../../call/server";
import { insecure } from "../../call/microphone";
import { useRoute } from "../../app/router";
import { ourServer } from "../../api/server";
import { useCall } from "../../call/useCall";
import { CallSummary } from "../../components/CallSummary";
import { Keypad } from "../../components/Keypad";
import { Meter } from "../../components/Meter";
import { Heading } from "../../components/Page";
import { Notice } from "../../components/Notice";
import { ShowButton } from "../../components/ShowButton";
import { Status } from "../../components/Status";
import { TalkButton } from "../../components/TalkButton";
import { Transcript } from "../../components/Transcript";

/** Choose an agent, talk to it, see what each side said and how long the answers took. */
export default function Talk() {
  const [server] = useState(ourServer); // Whoever signs in as somebody else gets another page.
  const { agents: offered, iceServers, failure } = useAgents(server);
  const asked = useRoute().query.get("agent") ?? "";
  const [chosen, setChosen] = useState(asked);
  const agents = asked.startsWith("draft-") ? [draft(asked), ...offered] : offered;
  const [keypad, setKeypad] = useState(false);
  const call = useCall(iceServers, server);
  const agent = agents.find((known) => known.name === chosen) ?? agents[0];
  const idle = call.stage === "idle" || call.stage === "ended";
  const trouble = call.trouble ?? failure ?? (window.isSecureContext ? null : insecure);
  return (
    <div className="talk-page">
      <div className="talk-head">
        <Heading title="Talk" />
        <Status stage={call.stage} phase={call.conversation.phase} muted={call.muted} />
      </div>

      {trouble && <Notice problem={trouble} />}

      {call.conversation.entries.length > 0 ? (
        <Transcript entries={call.conversation.entries} agentName={agent?.title || agent?.name || "Agent"} />
      ) : (
        <Welcome agent={agent} live={!idle} />
      )}

      {call.stage === "ended" && (
        <CallSummary conversation={call.conversation} startedAt={call.startedAt} endedAt={call.endedAt} />
      )}

      <div className="talk-foot">
        {idle ? (
          <div className="controls">
            {agents.length > 1 && (
              <label>
                Agent{" "}
                <select value={agent?.name ?? ""} onChange={(event) => setChosen(event.target.value)}>
                  {agents.map((known) => (
                    <option key={known.name} value={known.name}>
                      {known.title || known.name}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <button
              type="button"
              className="primary"
              disabled={!agent}
              onClick={() => agent && void call.start(agent.name)}
            >
              {call.stage === "ended" ? "Call again" : "Start"}
            </button>
          </div>
        ) : (
          <>
            <div className="meters">
              <Meter meter={call.muted ? null : call.meters.caller} label="You" tone="caller" />
              <Meter meter={call.meters.agent} label="Agent" tone="agent" />
            </div>
            {agent?.push_to_talk && call.stage !== "microphone" && <TalkButton onHold={call.talk} />}
            {keypad && <Keypad onPress={call.press} />}
            <div className="controls">
              <button type="button" aria-pressed={call.muted} onClick={call.toggleMute}>
                {call.muted ? "Unmute" : "Mute"}
              </button>
              <button type="button" aria-expanded={keypad} onClick={() => setKeypad((open) => !open)}>
                Keypad
              </button>
              {call.stage === "live" && <ShowButton onShow={(file) => void call.show(file)} />}
              <button type="button" className="danger" onClick={call.end}>
                End
              </button>
            </div>
          </>
        )}
      </div>
    </div>
  );
}

/** An agent somebody tries: on offer to nobody else, and callable by its name. */
function draft(name: string): Agent {
  return { name, title: "Draft", role: "What you are trying. What its tools do is really done.", language: "" };
}

function Welcome({ agent, live }: { agent: Agent | undefined; live: boolean }) {
  if (live) return <div className="welcome" />;
  return (
    <div className="welcome">
      <h2>{agent ? agent.title || agent.name : "No agent is loaded"}</h2>
      {agent?.role && <p>{agent.role}</p>}
      <p className="hint">
        {agent
          ? agent.push_to_talk
            ? "Press Start, then hold the button or the space bar while you speak. You are talking to a machine."
            : "Press Start and speak. You are talking to a machine; interrupt it whenever you like."
          : "Put an agent file into the agents folder and start the server again."}
      </p>
    </div>
  );
}

function useAgents(server: Server) {
  const [state, setState] = useState<{ agents: Agent[]; iceServers: RTCIceServer[]; error: string }>({
    agents: [],
    iceServers: [],
    error: "",
  });
  useEffect(() => {
    let current = true;
    fetchAgents(server).then(
      (offer) => current && setState({ agents: offer.agents, iceServers: offer.ice_servers, error: "" }),
      (error: unknown) => current && setState({ agents: [], iceServers: [], error: String(error) }),
    );
    return () => {
      current = false;
    };
  }, [server]);
  const failure = state.error
    ? { title: "The server cannot be reached", what: state.error, tips: ["Start it and reload this page."] }
    : null;
  return { agents: state.agents, iceServers: state.iceServers, failure };
}
