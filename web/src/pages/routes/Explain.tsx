import { type FormEvent, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { Failure } from "../../components/States";
import { type Explained, answerWords } from "./shapes";

/** What would become of a call; nothing is done. */
export function Explain() {
  const [called, setCalled] = useState("");
  const [caller, setCaller] = useState("");
  const [at, setAt] = useState("");
  const [language, setLanguage] = useState("");
  const [told, setTold] = useState<Explained | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const body = { called: called.trim(), caller: caller.trim(), language: language.trim(), at_ms: at ? new Date(at).getTime() : null };
    try {
      setTold(await request<Explained>("/routes/explain", { method: "POST", body }));
      setProblem(null);
    } catch (error) {
      setTold(null);
      setProblem(problemFrom(error));
    }
  }
  return (
    <form className="card explain" onSubmit={(event) => void submit(event)}>
      <h2>Who would answer?</h2>
      <p className="hint">Limits and queues are not looked at, and nobody is called.</p>
      <div className="fields">
        <label>
          Called (number, sip:USER or agent)
          <input required maxLength={200} value={called} onChange={(event) => setCalled(event.target.value)} />
        </label>
        <label>
          Caller (E.164; empty if hidden)
          <input type="tel" value={caller} onChange={(event) => setCaller(event.target.value)} />
        </label>
        <label>
          At, by your clock (empty: now)
          <input type="datetime-local" value={at} onChange={(event) => setAt(event.target.value)} />
        </label>
        <label>
          Language (es-MX)
          <input maxLength={35} value={language} onChange={(event) => setLanguage(event.target.value)} />
        </label>
        <button type="submit" disabled={!called.trim()}>Explain</button>
      </div>
      <div role="status">
        {told && (
          <>
            <p>
              <strong>{answerWords(told.answer)}</strong>, by the rule {told.rule || "that holds"} of the route {told.route || "that is not there"}, at {told.at}
            </p>
            <ol aria-label="Why">
              {told.why.map((line, index) => (
                <li key={index}>{line}</li>
              ))}
            </ol>
          </>
        )}
      </div>
      {problem && <Failure problem={problem} />}
    </form>
  );
}
