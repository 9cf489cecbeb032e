import { type FormEvent, useState } from "react";
import type { Opinion } from "../../api/calls";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { useMay } from "../../api/me";
import type { Resource } from "../../api/useApi";
import { atTime } from "../../app/words";
import { Failure } from "../../components/States";

const flagLabel = "flagged";
const ratings = [1, 2, 3, 4, 5];

type Given = { path: string; opinions: Resource<{ feedback: Opinion[] }> };

/** What callers, reviewers and the call itself say about it. The form first: what others say grows below it. */
export function Feedback({ path, opinions: known }: Given) {
  const may = useMay("feedback:write");
  return (
    <section className="card" aria-labelledby="feedback">
      <h2 id="feedback">Feedback</h2>
      {may && <Rate path={path} onGiven={known.reload} />}
      {known.problem && <Failure problem={known.problem} onRetry={known.reload} />}
      <ul className="events">
        {known.data?.feedback.map((one) => (
          <li key={one.id}>
            {one.rating !== null && <strong>{one.rating} of 5 </strong>}
            {one.labels.map((label) => (
              <span key={label} className="label">{label}</span>
            ))}{" "}
            {one.comment} <small>{one.source}, {one.given_by}, {atTime(one.at_ms)}</small>
          </li>
        ))}
        {known.data?.feedback.length === 0 && <li className="hint">Nobody has said anything yet.</li>}
      </ul>
    </section>
  );
}

function Rate({ path, onGiven }: { path: string; onGiven(): void }) {
  const [rating, setRating] = useState<number | null>(null);
  const [comment, setComment] = useState("");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      await request(`${path}/feedback`, { method: "POST", body: { rating, comment, source: "reviewer" } });
      setRating(null);
      setComment("");
      setProblem(null);
      onGiven();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <form className="rate" onSubmit={(event) => void submit(event)}>
      <fieldset>
        <legend>Your rating</legend>
        {ratings.map((value) => (
          <label key={value}>
            <input type="radio" name="rating" checked={rating === value} onChange={() => setRating(value)} /> {value}
          </label>
        ))}
      </fieldset>
      <label>
        Comment
        <textarea rows={2} maxLength={4000} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
      <button type="submit" disabled={rating === null && !comment.trim()}>Give feedback</button>
      {problem && <Failure problem={problem} />}
    </form>
  );
}

/** A flag brings the call into the list's "Flagged"; it is a label like any other, with who put it there. */
export function Flag({ path, opinions: known }: Given) {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const flagged = known.data?.feedback.some((one) => one.labels.includes(flagLabel)) ?? false;
  const flag = () =>
    request(`${path}/feedback`, { method: "POST", body: { labels: [flagLabel] } }).then(known.reload, (error: unknown) =>
      setProblem(problemFrom(error)),
    );
  return (
    <>
      <button type="button" disabled={flagged || !known.data} onClick={() => void flag()}>
        {flagged ? "Flagged" : "Flag"}
      </button>
      {problem && <Failure problem={problem} />}
    </>
  );
}
