import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { problemFrom, request } from "../../api/client";
import { useMay, useMe } from "../../api/me";
import { useApi } from "../../api/useApi";
import { href } from "../../app/router";
import { Diff } from "./Diff";
import { type Schema, helpFor, pathAt, withPersona } from "./schema";
import type { AgentDetail, Fault, Inspection } from "./shapes";

const judgeAfterMs = 700;

type Props = { agent: AgentDetail; text: string; onText(text: string): void; onChanged(): void };

/** The file itself: judged while one writes, with what the schema says of the field one is in. */
export function Editor({ agent, text, onText, onChanged }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [line, setLine] = useState(0);
  const schema = useApi<Schema>("/agents/schema").data;
  const judged = useJudgement(text);
  const help = useMemo(() => (schema ? helpFor(schema, pathAt(text, line)) : null), [schema, text, line]);
  const follow = () => {
    const at = area.current?.selectionStart ?? 0;
    setLine(text.slice(0, at).split("\n").length - 1);
  };
  const goTo = (wanted: number) => {
    const field = area.current;
    if (!field || wanted < 1) return;
    const start = text.split("\n").slice(0, wanted - 1).join("\n").length + (wanted > 1 ? 1 : 0);
    const end = text.indexOf("\n", start);
    field.focus();
    field.setSelectionRange(start, end < 0 ? text.length : end);
    field.scrollTop = Math.max(0, (wanted - 5) * 20);
    setLine(wanted - 1);
  };
  return (
    <div className="editor">
      <div className="editor-file">
        <label htmlFor="agent-file">
          Agent file (YAML), line {line + 1}
        </label>
        <textarea
          id="agent-file"
          ref={area}
          spellCheck={false}
          value={text}
          aria-describedby="field-help"
          onChange={(event) => onText(event.target.value)}
          onSelect={follow}
          onKeyUp={follow}
          onClick={follow}
        />
        <Persona text={text} persona={judged?.persona} onText={onText} />
      </div>
      <div className="editor-side">
        <Acts agent={agent} text={text} judged={judged} onChanged={onChanged} />
        <Faults judged={judged} onGo={goTo} />
        <section className="card" id="field-help" aria-label="Help">
          <h2>
            <code>{help?.path.join(".") || "agent file"}</code>
          </h2>
          {help ? (
            <>
              {help.words && <p>{help.words}</p>}
              <p className="hint">{[help.type, help.bounds].filter(Boolean).join("; ")}</p>
              {help.values.length > 0 && <p>One of: {help.values.join(", ")}</p>}
              {help.fields.length > 0 && <p className="help-fields">Fields: {help.fields.join(", ")}</p>}
            </>
          ) : (
            <p className="hint">The schema knows no such field.</p>
          )}
        </section>
      </div>
    </div>
  );
}

function useJudgement(text: string): Inspection | null {
  const [judged, setJudged] = useState<{ text: string; told: Inspection } | null>(null);
  const me = useMe();
  const may = me?.permissions.includes("agents:write");
  useEffect(() => {
    if (!may || !text) return;
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      request<Inspection>("/agents/inspect", { method: "POST", body: { text }, signal: stop.signal }).then(
        (told) => setJudged({ text, told }),
        () => undefined, // Said again with the next change.
      );
    }, judgeAfterMs);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [text, may, me]);
  return judged?.text === text ? judged.told : null;
}

function Faults({ judged, onGo }: { judged: Inspection | null; onGo(line: number): void }) {
  const weights: Record<Fault["weight"], string> = { error: "Error", here: "Missing on this server", advice: "Advice" };
  return (
    <section className="card" aria-label="What is wrong">
      <p role="status">
        {judged === null ? "Looking…" : judged.ok ? (judged.faults.length ? "It can be published." : "Nothing is wrong.") : "It cannot be published yet."}
      </p>
      <ul className="faults">
        {judged?.faults.map((fault) => (
          <li key={`${fault.line} ${fault.field} ${fault.message}`} data-weight={fault.weight}>
            <button type="button" className="quiet" onClick={() => onGo(fault.line)} disabled={fault.line < 1}>
              Line {fault.line}
            </button>{" "}
            <strong>{weights[fault.weight]}</strong> {fault.field && <code>{fault.field}</code>} {fault.message}
            {fault.fix && <span className="hint"> {fault.fix}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Acts({ agent, text, judged, onChanged }: { agent: AgentDetail; text: string; judged: Inspection | null; onChanged(): void }) {
  const [note, setNote] = useState("");
  const [diff, setDiff] = useState<string | null>(null);
  const [draft, setDraft] = useState("");
  const [said, setSaid] = useState<{ words: string; bad: boolean }>({ words: "", bad: false });
  const mayPublish = useMay("agents:publish");
  const base = `/agents/${encodeURIComponent(agent.name)}`;
  useEffect(() => {
    setDiff(null);
    setDraft("");
  }, [text]);

  async function act<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      const { detail, fix } = problemFrom(error);
      setSaid({ words: [detail, fix].filter(Boolean).join(". "), bad: true });
      return null;
    }
  }
  const post = <T,>(path: string, body?: unknown) => request<T>(`${base}/${path}`, { method: "POST", ...(body ? { body } : {}) });

  async function keep(publish: boolean) {
    const kept = await act(() => post<{ version: number }>("versions", { text, note }));
    if (!kept) return;
    setSaid({ words: `Kept as version ${kept.version}; callers notice nothing yet.`, bad: false });
    if (publish && (await act(() => post(`versions/${kept.version}/publish`)))) {
      setSaid({ words: `Version ${kept.version} is live.`, bad: false });
    }
    setNote("");
    onChanged();
  }

  return (
    <form className="card editor-acts" onSubmit={(event: FormEvent) => event.preventDefault()}>
      <div className="controls start">
        <button type="button" onClick={() => void act(() => post<{ diff: string }>("diff", { text })).then((told) => told && setDiff(told.diff))}>
          Compare with live
        </button>
        <button
          type="button"
          disabled={!judged?.ok}
          onClick={() => void act(() => post<{ agent: string }>("try", { text })).then((told) => told && setDraft(told.agent))}
        >
          Try this draft
        </button>
      </div>
      {draft && (
        <p>
          <a href={href(["talk"], { agent: draft })}>Talk to the draft</a>
          <span className="hint"> Callable for half an hour. Its tools are real: what it books is booked.</span>
        </p>
      )}
      {diff !== null && <Diff text={diff} />}
      <label>
        Note for this version
        <input value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="controls start">
        <button type="button" disabled={!judged?.ok} onClick={() => void keep(false)}>
          Keep as a version
        </button>
        {mayPublish && (
          <button type="button" className="primary" disabled={!judged?.ok} onClick={() => void keep(true)}>
            Keep and publish
          </button>
        )}
      </div>
      <p role="status" className="live-said" data-bad={said.bad}>
        {said.words}
      </p>
    </form>
  );
}

type PersonaFields = Inspection["persona"];
const nobody: PersonaFields = { name: "", role: "", style: "" };

/** Who the agent is, without YAML; while the file is judged, or is broken, as it was known last. */
function Persona({ text, persona, onText }: { text: string; persona: PersonaFields | undefined; onText(text: string): void }) {
  const [known, setKnown] = useState(nobody);
  useEffect(() => {
    if (persona?.name) setKnown(persona);
  }, [persona]);
  const fields = [["name", "Name"], ["role", "Role"], ["style", "Style"]] as const;
  return (
    <fieldset className="card persona">
      <legend>Persona</legend>
      {fields.map(([field, title]) => (
        <PersonaField
          key={field}
          title={title}
          known={known[field]}
          editable={known !== nobody && withPersona(text, field, "") !== null}
          onWrite={(value) => {
            const written = withPersona(text, field, value);
            if (written !== null) onText(written);
          }}
        />
      ))}
    </fieldset>
  );
}

/** What is typed stays until the file says the same; what the file says comes in when nobody is typing. */
function PersonaField(props: { title: string; known: string; editable: boolean; onWrite(value: string): void }) {
  const { title, known, editable, onWrite } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const inside = useRef(false);
  useEffect(() => {
    if (!inside.current) setTyped(null);
  }, [known]);
  return (
    <label>
      {title}
      <input
        value={typed ?? known}
        disabled={!editable}
        onFocus={() => (inside.current = true)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          inside.current = false;
          if (typed !== null && typed !== known) onWrite(typed);
        }}
      />
    </label>
  );
}
