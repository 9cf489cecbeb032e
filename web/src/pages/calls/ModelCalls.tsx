import type { CallDetail, ModelCall, Timeline, Told } from "../../api/calls";
import { counted, lasted, paid, share } from "../../app/words";
import { Wide } from "../../components/Wide";
import type { Said } from "./story";

type Given = { timeline: Timeline; story: Said[]; chosen: CallDetail["models_chosen"] };

/** Every request to a model: what it was given, what of that was cached, what it cost. */
export function ModelCalls({ timeline, story, chosen }: Given) {
  const calls = timeline.model_calls;
  if (!calls.length) return null;
  const read = calls.reduce((sum, call) => sum + call.input_tokens, 0);
  const cached = calls.reduce((sum, call) => sum + call.cached_tokens, 0);
  return (
    <section className="card" aria-labelledby="models">
      <h2 id="models">Requests to models</h2>
      <p className="hint">
        {counted(calls.length)} requests, {share(cached, read)} of what went in was cached.
        {chosen.length > 0 && ` The model was chosen ${counted(chosen.length)} times by the agent's routing.`}
      </p>
      <Wide label="Requests to models, table">
        <table>
          <thead>
            <tr>
              <th scope="col">At</th>
              <th scope="col">Model</th>
              <th scope="col">Reply</th>
              <th scope="col" className="number">In</th>
              <th scope="col" className="number">Cached</th>
              <th scope="col" className="number">Out</th>
              <th scope="col" className="number">Cost</th>
              <th scope="col">Given</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call, index) => (
              <tr key={`${call.at_ms}-${index}`}>
                <td>{lasted(call.at_ms)}</td>
                <td>{call.provider} <small>{call.role}</small></td>
                <td>{call.reply || "–"}{call.wasted && <small> not used</small>}</td>
                <td className="number">{counted(call.input_tokens)}</td>
                <td className="number">{counted(call.cached_tokens)}</td>
                <td className="number">{counted(call.output_tokens)}</td>
                <td className="number">{paid(call.cost_usd)}{call.estimated && <small> estimated</small>}</td>
                <td><Prompt call={call} timeline={timeline} story={story} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

/** Word for word, where the trace has it; traces of older versions do not. */
function Prompt({ call, timeline, story }: { call: ModelCall; timeline: Timeline; story: Said[] }) {
  if (!call.prompt) return <LikelyPrompt call={call} timeline={timeline} story={story} />;
  const told = call.prompt.map((place) => timeline.messages[place]).filter((one) => one !== undefined);
  return (
    <details>
      <summary>Prompt</summary>
      {told.map((message, index) => (
        <div key={index}>
          <h3>{message.role}</h3>
          <pre>{wordsOf(message)}</pre>
        </div>
      ))}
    </details>
  );
}

function wordsOf({ content, tool_calls: calls = [] }: Told): string {
  return [content, ...calls.map((call) => `${call.name} ${call.arguments}`)].filter(Boolean).join("\n");
}

/** The agent's instructions, and what had been said and heard until then. */
function LikelyPrompt({ call, timeline, story }: { call: ModelCall; timeline: Timeline; story: Said[] }) {
  const answered = timeline.turns.find((turn) => turn.reply !== null && turn.reply === call.reply);
  const untilMs = answered?.ended_ms ?? call.at_ms;
  const before = story.filter((line) => line.speaker !== "note" && line.atMs <= untilMs);
  return (
    <details>
      <summary>Prompt, rebuilt</summary>
      <h3>Instructions</h3>
      {timeline.instructions ? (
        <pre>{timeline.instructions}</pre>
      ) : (
        <p className="hint">The agent's file is another one by now, so its instructions then are not known here.</p>
      )}
      <h3>Said before</h3>
      <pre>{before.map((line) => `${line.speaker}: ${line.text}${line.interrupted ? " — (interrupted)" : ""}`).join("\n") || "nothing"}</pre>
    </details>
  );
}
