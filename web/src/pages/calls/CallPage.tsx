import { useMemo, useState } from "react";
import type { CallDetail, Opinion, Peaks, Timeline } from "../../api/calls";
import { useMay } from "../../api/me";
import { type Resource, useApi } from "../../api/useApi";
import { href } from "../../app/router";
import { atTime, delayed, lasted, paid, said } from "../../app/words";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/States";
import { CallTranscript } from "./CallTranscript";
import { Feedback, Flag } from "./Feedback";
import { ModelCalls } from "./ModelCalls";
import { Player } from "./Player";
import { Replay } from "./Replay";
import { Share } from "./Share";
import { Costs, Line, Permissions, Tools, Troubles } from "./Tables";
import { Waterfall } from "./Waterfall";
import { storyOf } from "./story";

/** One call: heard, read and understood on one clock. */
export function CallPage({ callId }: { callId: string }) {
  const [mayTrace, mayShare, mayRate] = [useMay("traces:read"), useMay("calls:share"), useMay("feedback:write")];
  const path = `/calls/${encodeURIComponent(callId)}`;
  const call = useApi<CallDetail>(path);
  const timeline = useApi<Timeline>(mayTrace ? `${path}/timeline` : null);
  const opinions = useApi<{ feedback: Opinion[] }>(`${path}/feedback`);
  return (
    <Page
      title="Call"
      actions={
        <>
          <a className="button" href={href(["calls"])}>All calls</a>
          {mayRate && <Flag path={path} opinions={opinions} />}
          {mayShare && <Share path={path} />}
        </>
      }
    >
      {call.problem && <Failure problem={call.problem} onRetry={call.reload} />}
      {call.loading && !call.data && <Loading what="Opening the call" />}
      {call.data && (
        <Opened
          path={path}
          call={call.data}
          timeline={timeline}
          opinions={opinions}
        />
      )}
    </Page>
  );
}

type Given = { path: string; call: CallDetail; timeline: Resource<Timeline>; opinions: Resource<{ feedback: Opinion[] }> };

function Opened({ path, call, opinions, ...given }: Given) {
  const timeline = given.timeline.data;
  const [mayTrace, mayHear] = [useMay("traces:read"), useMay("recordings:read")];
  const peaks = useApi<Peaks>(mayHear ? `${path}/peaks` : null);
  // What comes in above a form moves it: a click between its two halves is lost, a key goes elsewhere.
  const settled = !given.timeline.loading && !peaks.loading && !opinions.loading;
  const story = useMemo(() => storyOf(call, timeline), [call, timeline]);
  const [atMs, setAtMs] = useState(-1);
  const [seek, setSeek] = useState<{ ms: number; count: number }>({ ms: 0, count: 0 });
  return (
    <>
      <Facts call={call} timeline={timeline} />
      {mayHear && (
        <Player path={path} peaks={peaks} interruptions={call.interruptions} seek={seek} onTime={setAtMs} />
      )}
      <div className="call-columns">
        <section aria-labelledby="said" className="card">
          <h2 id="said">What was said and heard</h2>
          <CallTranscript
            story={story}
            agent={call.agent}
            atMs={atMs}
            onSeek={(ms) => setSeek((known) => ({ ms, count: known.count + 1 }))}
          />
        </section>
        <div className="call-side">
          <Tools tools={call.tools} />
          <Troubles call={call} />
        </div>
      </div>
      {timeline && <Waterfall timeline={timeline} />}
      {timeline && <ModelCalls timeline={timeline} story={story} chosen={call.models_chosen} />}
      <div className="call-pair">
        <Costs cost={call.cost} />
        {timeline && <Line timeline={timeline} />}
      </div>
      {settled ? (
        <div className="call-pair">
          {timeline && <Permissions timeline={timeline} />}
          <Feedback path={path} opinions={opinions} />
        </div>
      ) : (
        <Loading what="Looking for the rest" />
      )}
      {settled && mayTrace && <Replay path={path} />}
      {given.timeline.problem && <Failure problem={given.timeline.problem} onRetry={given.timeline.reload} />}
    </>
  );
}

function Facts({ call, timeline }: { call: CallDetail; timeline: Timeline | null }) {
  const facts: [string, string][] = [
    ["Began", atTime(call.started_at_ms)],
    ["Agent", call.agent],
    ["Line", timeline ? `${call.line}, ${timeline.header.direction}` : call.line],
    ["Length", lasted(call.duration_ms ?? 0)],
    ["Ended", call.complete || call.outcome !== "unfinished" ? said(call.outcome) : "cut short"],
    ["Answer p50", delayed(call.latency_ms.p50)],
    ["p99", delayed(call.latency_ms.p99)],
    ["Cost", `${paid(call.cost.total_usd)}${call.cost.complete ? "" : " or more"}`],
    ["Id", call.call_id],
  ];
  return (
    <dl className="facts card">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {call.escalation && (
        <div className="wide">
          <dt>Passed on ({said(call.escalation.reason)})</dt>
          <dd>{call.escalation.summary || "without a summary"}</dd>
        </div>
      )}
    </dl>
  );
}
