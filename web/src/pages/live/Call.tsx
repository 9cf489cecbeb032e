import { type FormEvent, type ReactNode, useState } from "react";
import { problemFrom, request } from "../../api/client";
import { useMay } from "../../api/me";
import { useApi } from "../../api/useApi";
import { href } from "../../app/router";
import { Page } from "../../components/Page";
import { Transcript } from "../../components/Transcript";
import { Score, Since } from "./List";
import { type LiveCall, phaseWords } from "./calls";
import { type Following, useFollow } from "./useFollow";
import { type TakeOver, useTakeOver } from "./useTakeOver";

const lookEveryMs = 2000;

/** One live call: its words, its sound, and everything an operator may do about it. */
export function OneLiveCall({ id }: { id: string }) {
  const { data } = useApi<{ calls: LiveCall[] }>("/live", {}, lookEveryMs);
  const call = data?.calls.find((one) => one.call_id === id);
  const following = useFollow(id);
  const takeOver = useTakeOver(id);
  const mayControl = useMay("calls:control");
  const mayListen = useMay("calls:listen");
  const { conversation, over } = following;
  return (
    <Page title={call?.caller || id} actions={<a href={href(["live"])}>All live calls</a>}>
      <p className="live-facts">
        {call && <Score attention={call.attention} />}
        <span>{call?.agent ?? ""}</span>
        <span>{phaseWords(over ? "over" : conversation.phase || call?.phase || "")}</span>
        {call && !over && <Since at={call.started_at_ms} />}
        {call && <span>{call.cost_usd.toFixed(4)} USD</span>}
      </p>
      <div className="live-why-now">
        {call && call.reasons.length > 0 && (
          <ul className="live-reasons" tabIndex={0} aria-label="Why it needs somebody">
            {call.reasons.map((reason) => (
              <li key={reason.kind}>{reason.words}</li>
            ))}
          </ul>
        )}
      </div>
      {over && (
        <section className="notice" role="alert">
          <p>
            {over} <a href={href(["calls", id])}>See it on record</a>
          </p>
          <button type="button" onClick={following.again}>
            Follow again
          </button>
        </section>
      )}
      <div className="live-call">
        <div className="live-words">
          {conversation.entries.length ? (
            <Transcript entries={conversation.entries} agentName={call?.agent ?? "Agent"} callerName="Caller" />
          ) : (
            <p className="hint">Nothing has been said yet.</p>
          )}
        </div>
        <div className="live-acts">
          {mayListen && <Listen following={following} />}
          {mayControl && <Control id={id} takeOver={takeOver} over={over !== ""} />}
          {!mayControl && <p className="hint">You may read along; an operator may do more.</p>}
        </div>
      </div>
    </Page>
  );
}

function Listen({ following }: { following: Following }) {
  return (
    <section className="card">
      <h2>Listen in</h2>
      <p className="hint">About a second behind. It is noted in the call and in the audit.</p>
      <button type="button" aria-pressed={following.listening} onClick={() => following.listen(!following.listening)}>
        {following.listening ? "Stop listening" : "Listen in"}
      </button>
    </section>
  );
}

function Control({ id, takeOver, over }: { id: string; takeOver: TakeOver; over: boolean }) {
  const [said, setSaid] = useState<{ words: string; bad: boolean }>({ words: "", bad: false });
  const act = async (path: string, done: string, body?: unknown) => {
    try {
      const told = await request<{ target?: string } | undefined>(`/live/${encodeURIComponent(id)}/${path}`, {
        method: "POST",
        ...(body === undefined ? {} : { body }),
      });
      setSaid({ words: told?.target ? `${done} ${told.target}` : done, bad: false });
      return true;
    } catch (error) {
      const problem = problemFrom(error);
      setSaid({ words: [problem.detail, problem.fix].filter(Boolean).join(". "), bad: true });
      return false;
    }
  };
  return (
    <fieldset className="live-control" disabled={over}>
      <legend className="hidden-words">Control</legend>
      <p role="status" className="live-said" data-bad={said.bad}>
        {said.words}
      </p>
      <OneField
        title="Whisper to the agent"
        hint="The caller does not hear it. “say: …” has the agent say these words next."
        label="Words"
        button="Whisper"
        onSend={(words) => act("whisper", "Whispered; the agent minds it from its next reply on.", { words })}
      />
      <section className="card">
        <h2>Speak yourself</h2>
        <p className="hint">The agent falls silent, the caller hears you. When you leave, the agent goes on.</p>
        {takeOver.state === "no" ? (
          <button type="button" onClick={() => void takeOver.begin()}>
            Take over
          </button>
        ) : (
          <div className="controls start">
            <button type="button" className="primary" disabled={takeOver.state !== "speaking"} onClick={takeOver.giveBack}>
              {takeOver.state === "speaking" ? "Give back to the agent" : "Connecting…"}
            </button>
            <button type="button" aria-pressed={takeOver.muted} onClick={takeOver.mute}>
              Mute me
            </button>
          </div>
        )}
        {takeOver.trouble && <p role="alert">{takeOver.trouble}</p>}
      </section>
      <OneField
        title="Transfer to a person"
        hint="A name of the agent's list; empty for its usual one."
        label="To"
        button="Transfer"
        optional
        onSend={(target) => act("transfer", "Being put through to", { target })}
      />
      <section className="card">
        <h2>Line and recording</h2>
        <div className="controls start">
          <Act onPress={() => act("hold", "On hold, with music.")}>Hold</Act>
          <Act onPress={() => act("resume", "With the agent again.")}>Resume</Act>
          <Act onPress={() => act("mute", "The caller is heard by nobody.")}>Mute caller</Act>
          <Act onPress={() => act("unmute", "The caller is heard again.")}>Unmute caller</Act>
        </div>
        <div className="controls start">
          <Act onPress={() => act("recording/pause", "The recording pauses.")}>Pause recording</Act>
          <Act onPress={() => act("recording/resume", "The recording goes on.")}>Resume recording</Act>
          <Act onPress={() => act("recording/stop", "The recording has stopped for good.")}>Stop recording</Act>
        </div>
      </section>
      <OneField
        title="Press keys"
        hint="0–9, *, #; w waits half a second. Heard by the far end as tones."
        label="Keys"
        button="Press"
        onSend={(digits) => act("dtmf", "Keys sent.", { digits })}
      />
      <EndCall onEnd={() => act("end", "The agent says goodbye and hangs up.")} />
    </fieldset>
  );
}

function Act({ onPress, children }: { onPress(): Promise<boolean>; children: ReactNode }) {
  return (
    <button type="button" onClick={() => void onPress()}>
      {children}
    </button>
  );
}

type FieldProps = {
  title: string;
  hint: string;
  label: string;
  button: string;
  optional?: boolean;
  onSend(value: string): Promise<boolean>;
};

function OneField({ title, hint, label, button, optional = false, onSend }: FieldProps) {
  const [value, setValue] = useState("");
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (await onSend(value.trim())) setValue("");
  }
  return (
    <form className="card one-field" onSubmit={(event) => void submit(event)}>
      <h2>{title}</h2>
      <p className="hint">{hint}</p>
      <div className="controls start">
        <input aria-label={`${title}: ${label}`} value={value} onChange={(event) => setValue(event.target.value)} />
        <button type="submit" disabled={!optional && !value.trim()}>
          {button}
        </button>
      </div>
    </form>
  );
}

/** Twice, because a caller who was hung up on is gone. */
function EndCall({ onEnd }: { onEnd(): Promise<boolean> }) {
  const [sure, setSure] = useState(false);
  return (
    <section className="card">
      <h2>End the call</h2>
      <div className="controls start">
        <button type="button" className="danger" onClick={() => (sure ? void onEnd().then(() => setSure(false)) : setSure(true))}>
          {sure ? "Yes, end it" : "End call"}
        </button>
        {sure && (
          <button type="button" onClick={() => setSure(false)}>
            No
          </button>
        )}
      </div>
    </section>
  );
}
