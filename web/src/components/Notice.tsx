import type { MicrophoneProblem } from "../call/microphone";

/** Something is in the way: what, and what to do about it. */
export function Notice({ problem }: { problem: MicrophoneProblem }) {
  return (
    <section className="notice" role="alert">
      <h2>{problem.title}</h2>
      <p>{problem.what}</p>
      <ul>
        {problem.tips.map((tip) => (
          <li key={tip}>{tip}</li>
        ))}
      </ul>
    </section>
  );
}
