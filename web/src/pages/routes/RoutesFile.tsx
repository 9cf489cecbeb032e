import { useEffect, useRef, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { Failure } from "../../components/States";
import type { Fault } from "../agents/shapes";
import type { Routes } from "./shapes";

type Judged = { ok: boolean; faults: Fault[] };

/** The file itself: a route more, another share, a route less. What is wrong with it is not written. */
export function RoutesFile({ routes, onWritten }: { routes: Routes; onWritten(): void }) {
  const [known, setKnown] = useState(routes); // What is typed replaces this one, and no other.
  const [text, setText] = useState(routes.file_text);
  const [judged, setJudged] = useState<Judged | null>(null);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const typed = text !== known.file_text;
  useEffect(() => {
    if (typed) return; // Somebody's words are not taken away by a newer file.
    setKnown(routes);
    setText(routes.file_text);
  }, [routes, typed]);

  async function act<T>(work: () => Promise<T>): Promise<T | null> {
    setSaid("");
    try {
      const told = await work();
      setProblem(null);
      return told;
    } catch (error) {
      setProblem(problemFrom(error));
      return null;
    }
  }
  async function check() {
    setJudged(await act(() => request<Judged>("/routes/check", { method: "POST", body: { text } })));
  }
  async function write() {
    const body = { text, instead_of: known.file_sha256 };
    const told = await act(() => request<Routes>("/routes", { method: "PUT", body }));
    if (!told) return;
    setKnown(told);
    setText(told.file_text);
    setJudged(null);
    setSaid("Written. It is in force from the next start of the server on.");
    onWritten();
  }
  function goTo(line: number) {
    const start = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.current?.focus();
    area.current?.setSelectionRange(start, start);
  }
  return (
    <section className="card routes-file" aria-labelledby="routes-file-title">
      <h2 id="routes-file-title">Change the routes</h2>
      <label htmlFor="routes-file">Routes file (YAML)</label>
      <textarea
        id="routes-file"
        ref={area}
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setJudged(null);
        }}
      />
      <div className="controls start">
        <button type="button" onClick={() => void check()}>Check</button>
        <button type="button" className="primary" disabled={!typed} onClick={() => void write()}>Write the file</button>
        <button type="button" disabled={!typed} onClick={() => setText(known.file_text)}>Back to the file</button>
      </div>
      <p role="status" className="live-said">
        {judged ? (judged.ok ? "Nothing is wrong." : "It cannot be written yet.") : said}
      </p>
      <ul className="faults">
        {judged?.faults.map((fault) => (
          <li key={`${fault.line} ${fault.field} ${fault.message}`} data-weight={fault.weight}>
            <button type="button" className="quiet" onClick={() => goTo(fault.line)} disabled={fault.line < 1}>
              Line {fault.line}
            </button>{" "}
            {fault.field && <code>{fault.field}</code>} {fault.message}
            {fault.fix && <span className="hint"> {fault.fix}</span>}
          </li>
        ))}
      </ul>
      {problem && <Failure problem={problem} />}
    </section>
  );
}
