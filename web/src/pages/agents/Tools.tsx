import { type FormEvent, useState } from "react";
import { problemFrom, request } from "../../api/client";
import { useMay } from "../../api/me";
import type { Tool } from "./shapes";

type Tested = { ran: boolean; ok: boolean; error: string; value: unknown; took_ms: number };

export function Tools({ agent, tools }: { agent: string; tools: Tool[] }) {
  if (!tools.length) return <p className="hint">This agent has no tools.</p>;
  return (
    <>
      <p className="hint">
        A test runs a tool that only reads for real. A tool that changes the world is never run from here: its
        arguments are checked, and nothing is done.
      </p>
      <div className="tool-list">
        {tools.map((tool) => (
          <OneTool key={tool.name} agent={agent} tool={tool} />
        ))}
      </div>
    </>
  );
}

function OneTool({ agent, tool }: { agent: string; tool: Tool }) {
  const [text, setText] = useState(() => example(tool));
  const [told, setTold] = useState<{ words: string; bad: boolean; value?: unknown }>({ words: "", bad: false });
  const mayTest = useMay("agents:write");

  async function test(event: FormEvent) {
    event.preventDefault();
    let given: unknown;
    try {
      given = JSON.parse(text || "{}");
    } catch (error) {
      return setTold({ words: `This is no JSON: ${error instanceof Error ? error.message : error}`, bad: true });
    }
    try {
      const path = `/agents/${encodeURIComponent(agent)}/tools/${encodeURIComponent(tool.name)}/test`;
      setTold(verdict(await request<Tested>(path, { method: "POST", body: { arguments: given } })));
    } catch (error) {
      setTold({ words: problemFrom(error).detail, bad: true });
    }
  }

  return (
    <section className="card tool-card">
      <h2>
        <code>{tool.name}</code>
      </h2>
      <p>{tool.description}</p>
      <p className="tool-marks">
        {tool.changes_the_world ? <span data-effect="true">changes the world</span> : <span>only reads</span>}
        {!tool.used && <span>not used by this agent</span>}
      </p>
      {mayTest && (
        <form onSubmit={(event) => void test(event)}>
          <label>
            Arguments (JSON)
            <textarea rows={Math.min(10, text.split("\n").length)} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
          </label>
          <button type="submit">{tool.changes_the_world ? "Check arguments" : "Run test"}</button>
          <p role="status" data-bad={told.bad} className="live-said">
            {told.words}
          </p>
          {told.value !== undefined && told.value !== null && (
            <pre tabIndex={0} aria-label="Answer">
              {JSON.stringify(told.value, null, 2)}
            </pre>
          )}
        </form>
      )}
    </section>
  );
}

function verdict(told: Tested): { words: string; bad: boolean; value?: unknown } {
  if (!told.ran) {
    return told.ok
      ? { words: "The arguments are right. Nothing was done.", bad: false }
      : { words: `Not as it should be: ${told.error}. Nothing was done.`, bad: true };
  }
  if (!told.ok) return { words: `It failed after ${told.took_ms} ms: ${told.error}`, bad: true, value: told.value };
  return { words: `It answered in ${told.took_ms} ms.`, bad: false, value: told.value };
}

/** The arguments that must be there, empty. */
function example(tool: Tool): string {
  const given = Object.fromEntries((tool.parameters.required ?? []).map((name) => [name, empty(tool, name)]));
  return JSON.stringify(given, null, 2);
}

function empty(tool: Tool, name: string): unknown {
  const property = tool.parameters.properties?.[name];
  if (property?.format === "date") return new Date().toISOString().slice(0, 10);
  const type = property?.type;
  const first = Array.isArray(type) ? type[0] : type;
  if (first === "integer" || first === "number") return 0;
  if (first === "boolean") return false;
  return "";
}
