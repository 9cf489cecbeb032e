import { useId, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { href } from "../../app/router";
import { atTime } from "../../app/words";
import { Failure } from "../../components/States";

const lives: [number, string][] = [
  [3600, "an hour"],
  [86_400, "a day"],
  [604_800, "a week"],
  [2_592_000, "30 days"],
];

/** A link for somebody without an account: no names, numbers, sound or costs behind it, and it expires. */
export function Share({ path }: { path: string }) {
  const [open, setOpen] = useState(false);
  const [life, setLife] = useState(86_400);
  const [link, setLink] = useState<{ url: string; untilMs: number } | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const panel = useId();
  async function make() {
    try {
      const body = { life_s: life };
      const made = await request<{ token: string; good_until_ms: number }>(`${path}/share`, { method: "POST", body });
      const { origin, pathname } = window.location;
      setLink({ url: `${origin}${pathname}${href(["shared", made.token])}`, untilMs: made.good_until_ms });
      setProblem(null);
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <div className="share">
      <button type="button" aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
        Share
      </button>
      <div id={panel} className="share-panel card" hidden={!open}>
        <p className="hint">
          Whoever has the link sees what was said, with words masked that could tell who it was; no numbers, sound or costs.
        </p>
        <label>
          Good for{" "}
          <select value={life} onChange={(event) => setLife(Number(event.target.value))}>
            {lives.map(([seconds, words]) => (
              <option key={seconds} value={seconds}>{words}</option>
            ))}
          </select>
        </label>
        <button type="button" className="primary" onClick={() => void make()}>Make a link</button>
        {link && (
          <label>
            Link, until {atTime(link.untilMs)}
            <input readOnly value={link.url} onFocus={(event) => event.target.select()} />
          </label>
        )}
        {problem && <Failure problem={problem} />}
      </div>
    </div>
  );
}
