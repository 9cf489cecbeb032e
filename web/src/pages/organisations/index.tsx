import { type FormEvent, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { isOperators, useMay, useMe } from "../../api/me";
import { useApi } from "../../api/useApi";
import { atTime } from "../../app/words";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/States";
import "../../styles/calls.css";
import "../../styles/agents.css";
import "../../styles/access.css";
import { People } from "./People";

type Organisation = { id: string; name: string; created_at_ms: number; closed_at_ms: number | null };
type Made = Organisation & { key: string };

/** Who lives in this installation: its operators see and make all, everybody else his own. */
export default function Organisations() {
  const { data, problem, reload } = useApi<{ organisations: Organisation[] }>("/organisations");
  const me = useMe();
  const mayWrite = useMay("organisations:write");
  const makes = mayWrite && me !== null && isOperators(me);
  return (
    <Page title="Organisations">
      {problem && <Failure problem={problem} onRetry={reload} />}
      {!data && !problem && <Loading />}
      {data && (
        <ul className="organisations" aria-label="Organisations">
          {data.organisations.map((one) => (
            <One key={one.id} organisation={one} mayRename={mayWrite} mayClose={makes && one.id !== me.organisation} onChanged={reload} />
          ))}
        </ul>
      )}
      {makes && <Make onMade={reload} />}
      <People />
    </Page>
  );
}

type OneProps = { organisation: Organisation; mayRename: boolean; mayClose: boolean; onChanged(): void };

function One({ organisation, mayRename, mayClose, onChanged }: OneProps) {
  const [name, setName] = useState<string | null>(null);
  const [sure, setSure] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const closed = organisation.closed_at_ms !== null;
  const path = `/organisations/${encodeURIComponent(organisation.id)}`;
  async function act(method: "PATCH" | "DELETE", body?: unknown) {
    try {
      await request(path, { method, ...(body ? { body } : {}) });
      setName(null);
      setSure(false);
      setProblem(null);
      onChanged();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <li className="card">
      <h2>{organisation.name}</h2>
      <p className="hint">
        <code>{organisation.id}</code> since {atTime(organisation.created_at_ms)}
        {closed && <strong> · closed {atTime(organisation.closed_at_ms ?? 0)}</strong>}
      </p>
      {name !== null && (
        <form
          className="controls start"
          onSubmit={(event) => {
            event.preventDefault();
            void act("PATCH", { name: name.trim() });
          }}
        >
          <input aria-label={`New name of ${organisation.name}`} autoFocus required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
          <button type="submit" disabled={!name.trim()}>Save</button>
          <button type="button" onClick={() => setName(null)}>Leave as it is</button>
        </form>
      )}
      {sure && (
        <p role="status">
          For good: its people, keys and links open nothing any more, its webhooks are told nothing. Its calls stay for as long as they are kept.
        </p>
      )}
      {!closed && (mayRename || mayClose) && (
        <div className="controls start">
          {mayRename && name === null && (
            <button type="button" onClick={() => setName(organisation.name)}>
              Rename<span className="hidden-words"> {organisation.name}</span>
            </button>
          )}
          {mayClose && (
            <button type="button" className="danger" onClick={() => (sure ? void act("DELETE") : setSure(true))}>
              {sure ? "Yes, close" : "Close"}
              <span className="hidden-words"> {organisation.name}</span>
            </button>
          )}
          {sure && <button type="button" onClick={() => setSure(false)}>No</button>}
        </div>
      )}
      {problem && <Failure problem={problem} />}
    </li>
  );
}

function Make({ onMade }: { onMade(): void }) {
  const [name, setName] = useState("");
  const [made, setMade] = useState<Made | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      setMade(await request<Made>("/organisations", { method: "POST", body: { name: name.trim() } }));
      setName("");
      setProblem(null);
      onMade();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <form className="card make" onSubmit={(event) => void submit(event)}>
      <h2>Make an organisation</h2>
      <label>
        Name
        <input required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <div className="controls start">
        <button type="submit" className="primary" disabled={!name.trim()}>Make it</button>
      </div>
      <div role="status">
        {made && (
          <label>
            The first key of {made.name}, an owner’s. It is shown this once:
            <input readOnly value={made.key} onFocus={(event) => event.target.select()} />
          </label>
        )}
      </div>
      {problem && <Failure problem={problem} />}
    </form>
  );
}
