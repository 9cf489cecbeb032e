import "../../styles/calls.css";
import type { SharedCall } from "../../api/calls";
import { useApi } from "../../api/useApi";
import type { PageProps } from "../../app/pages";
import { atTime, delayed, lasted } from "../../app/words";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/States";
import { CallTranscript } from "../calls/CallTranscript";
import { sharedStory } from "../calls/story";

/** What a share link opens. The token is behind the # and goes to the server as a credential, never in an address. */
export default function Shared({ rest }: PageProps) {
  const shared = useApi<SharedCall>("/shared", undefined, 0, rest[0] ?? "");
  const call = shared.data;
  return (
    <Page title="Shared call">
      {shared.problem && <Failure problem={shared.problem} />}
      {shared.loading && !call && <Loading />}
      {call && (
        <>
          <p className="hint">
            {call.agent}, by {call.line} on {call.day}, {lasted(call.duration_ms)}, {call.outcome}. Words that could tell who
            it was are masked. This link is good until {atTime(call.good_until_ms)}.
          </p>
          <section className="card" aria-labelledby="said">
            <h2 id="said">What was said and heard</h2>
            <CallTranscript story={sharedStory(call)} agent={call.agent} />
          </section>
          {call.tools.length > 0 && (
            <section className="card" aria-labelledby="tools">
              <h2 id="tools">Tools</h2>
              <ul className="events">
                {call.tools.map((tool, index) => (
                  <li key={index}>
                    {lasted(tool.at_ms)} {tool.name} {tool.ok ? "worked" : "did not work"} <small>{delayed(tool.took_ms)}</small>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
    </Page>
  );
}
