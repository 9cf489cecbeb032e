import { useEffect, useState } from "react";
import type { CallList, CallRow } from "../../api/calls";
import { useApi } from "../../api/useApi";
import { href, useQuery } from "../../app/router";
import { atTime, delayed, lasted, paid, said } from "../../app/words";
import { Page } from "../../components/Page";
import { Empty, Failure, Loading } from "../../components/States";
import { Filters } from "./Filters";
import { askedFor } from "./asked";

const pageSize = 50;
/** A call's words are searchable about a second after its end. Found rows are not asked for anew: they would move. */
const lookAgainMs = 3000;

/** What was searched for is in the address: it can be sent to a colleague, and going back brings it back. */
export function CallListPage() {
  const [query, setQuery] = useQuery();
  const after = query.get("after") ?? "";
  const found = useApi<CallList>("/calls", { ...askedFor(query), after, limit: pageSize });
  // Cursors only lead on; the way back is the browser's, and the pages before this one are remembered here.
  const [before, setBefore] = useState<string[]>([]);
  const list = found.data;
  const { reload } = found;
  const nothing = list?.calls.length === 0 && !found.loading;
  useEffect(() => {
    if (!nothing) return;
    const timer = window.setInterval(() => !document.hidden && reload(), lookAgainMs);
    return () => window.clearInterval(timer);
  }, [nothing, reload]);
  return (
    <Page title="Calls">
      <Filters query={query} onChange={(values) => {
        setBefore([]);
        setQuery({ ...values, after: "" });
      }} />
      {found.problem && <Failure problem={found.problem} onRetry={found.reload} />}
      {!list && found.loading && <Loading what="Looking for calls" />}
      {list && !found.problem && (
        <section aria-label="Found calls" aria-busy={found.loading}>
          {list.calls.length ? <CallTable calls={list.calls} /> : <NoCalls filtered={[...query].length > 0} />}
          <nav className="paging" aria-label="More calls">
            <button
              type="button"
              disabled={!after}
              onClick={() => {
                setQuery({ after: before.at(-1) ?? "" });
                setBefore(before.slice(0, -1));
              }}
            >
              Newer
            </button>
            <button
              type="button"
              disabled={!list.after}
              onClick={() => {
                setBefore([...before, after]);
                setQuery({ after: list.after });
              }}
            >
              Older
            </button>
          </nav>
        </section>
      )}
    </Page>
  );
}

function NoCalls({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No call is like that">
        <p>
          Ask for less, or look at <a href={href(["calls"])}>all calls</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No calls yet">
      <p>
        <a href={href(["talk"])}>Talk to an agent</a>; a second later the call is here.
      </p>
    </Empty>
  );
}

function CallTable({ calls }: { calls: CallRow[] }) {
  return (
    <table className="calls stacked">
      <caption className="hidden-words">Calls, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Began</th>
          <th scope="col">Agent</th>
          <th scope="col">With</th>
          <th scope="col">Outcome</th>
          <th scope="col" className="number">Length</th>
          <th scope="col" className="number">Turns</th>
          <th scope="col" className="number">Answer p50</th>
          <th scope="col" className="number">Cost</th>
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => (
          <tr key={call.call_id}>
            <th scope="row" data-title="Began">
              <a href={href(["calls", call.call_id])}>{atTime(call.started_at_ms)}</a>
            </th>
            <td data-title="Agent">{call.agent}</td>
            <td data-title="With">
              {(call.direction === "outbound" ? call.called : call.caller) || "unknown"} <small>{call.line}</small>
            </td>
            <td data-title="Outcome">
              <Outcome call={call} />
            </td>
            <td data-title="Length" className="number">{lasted(call.duration_ms)}</td>
            <td data-title="Turns" className="number">{call.turns}</td>
            <td data-title="Answer p50" className="number">{delayed(call.response_p50_ms)}</td>
            <td data-title="Cost" className="number">
              {paid(call.cost_usd)}
              {call.cost_complete ? "" : "+"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Outcome({ call }: { call: CallRow }) {
  const word = call.state === "live" ? "live" : call.outcome;
  return (
    <>
      <span className="outcome" data-outcome={word}>{word}</span>
      {call.errors > 0 && <small> {call.errors} {call.errors === 1 ? "error" : "errors"}</small>}
      {call.state === "cut_short" && <small> cut short</small>}
      {call.end_cause && <small className="cause"> {said(call.end_cause)}</small>}
    </>
  );
}
