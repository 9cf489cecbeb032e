import { memo, useDeferredValue, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { href, useQuery } from "../../app/router";
import { Page } from "../../components/Page";
import { Empty, Failure, Loading } from "../../components/States";
import { type LiveCall, chosen, duration, grade, needyFrom, phaseWords, sorted } from "./calls";
import { useLive } from "./useLive";

/** All calls now, those that need a person most first. */
export function LiveList() {
  const { calls, problem } = useLive();
  const [query, setQuery] = useQuery();
  const [order, setOrder] = useState<string[] | null>(null);
  const filter = { words: query.get("words") ?? "", agent: query.get("agent") ?? "", needy: query.get("needy") === "1" };
  const deferred = useDeferredValue(calls);
  const shown = useMemo(
    () => sorted(chosen(deferred ?? [], filter), order),
    [deferred, filter.words, filter.agent, filter.needy, order],
  );
  if (!calls) return <Page title="Live">{problem ? <Failure problem={problem} /> : <Loading what="Looking for calls" />}</Page>;
  const agents = [...new Set(calls.map((call) => call.agent))].sort();
  const needy = calls.filter((call) => call.attention >= needyFrom).length;
  return (
    <Page title="Live">
      <p className="live-sum" role="status">
        {calls.length} {calls.length === 1 ? "call" : "calls"} up, {needy} {needy === 1 ? "needs" : "need"} somebody
      </p>
      <div className="live-filter" role="search" aria-label="Which calls">
        <label>
          <span className="hidden-words">Search</span>
          <input
            type="search"
            placeholder="Number, agent or id"
            value={filter.words}
            onChange={(event) => setQuery({ words: event.target.value }, true)}
          />
        </label>
        <label>
          <span className="hidden-words">Agent</span>
          <select value={filter.agent} onChange={(event) => setQuery({ agent: event.target.value }, true)}>
            <option value="">All agents</option>
            {agents.map((agent) => (
              <option key={agent}>{agent}</option>
            ))}
          </select>
        </label>
        <label className="tick">
          <input
            type="checkbox"
            checked={filter.needy}
            onChange={(event) => setQuery({ needy: event.target.checked ? "1" : "" }, true)}
          />
          Only those that need somebody
        </label>
        <label className="tick">
          <input
            type="checkbox"
            checked={order !== null}
            onChange={(event) => setOrder(event.target.checked ? shown.map((call) => call.call_id) : null)}
          />
          Keep the order
        </label>
      </div>
      {problem && <Failure problem={problem} />}
      {shown.length ? (
        <ul className="live-list" aria-label="Calls">
          {shown.map((call) => (
            <Row key={call.call_id} call={call} />
          ))}
        </ul>
      ) : (
        <Empty title={calls.length ? "No call is like that" : "No calls are up"}>
          {calls.length ? null : <p>They appear here the moment they begin.</p>}
        </Empty>
      )}
    </Page>
  );
}

const Row = memo(function Row({ call }: { call: LiveCall }) {
  return (
    <li className="live-row" data-grade={grade(call.attention)}>
      <a href={href(["live", call.call_id])}>
        <Score attention={call.attention} />
        <span className="live-who">
          <strong>{call.caller || call.call_id}</strong>
          <span>{call.agent}</span>
        </span>
        <span className="live-phase">{phaseWords(call.phase)}</span>
        <span className="live-time number">
          <Since at={call.started_at_ms} />
          <span>{call.turns} turns</span>
        </span>
        <span className="live-why">{call.reasons.map((reason) => reason.words).join(" · ")}</span>
      </a>
    </li>
  );
});

export function Score({ attention }: { attention: number }) {
  return (
    <span className="live-score" data-grade={grade(attention)}>
      <span className="hidden-words">Attention </span>
      {attention}
    </span>
  );
}

// One timer for all rows.
let now = Date.now();
const waiting = new Set<() => void>();
let ticking = 0;

function everySecond(told: () => void): () => void {
  waiting.add(told);
  if (!ticking) {
    ticking = window.setInterval(() => {
      now = Date.now();
      for (const tell of waiting) tell();
    }, 1000);
  }
  return () => {
    waiting.delete(told);
    if (!waiting.size) {
      window.clearInterval(ticking);
      ticking = 0;
    }
  };
}

export function Since({ at }: { at: number | null }) {
  const time = useSyncExternalStore(everySecond, () => (at === null ? "" : duration(now - at)));
  useEffect(() => {
    now = Math.max(now, Date.now());
  }, []);
  return <span>{time}</span>;
}
