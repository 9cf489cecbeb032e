import { useId, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { useApi } from "../../api/useApi";
import { href } from "../../app/router";
import { atTime } from "../../app/words";
import { Failure } from "../../components/States";

const lives: [number, string][] = [
  [3600, "an hour"],
  [86_400, "a day"],
  [604_800, "a week"],
  [2_592_000, "30 days"],
];

type Link = { id: string; created_by: string; created_at_ms: number; good_until_ms: number; revoked_at_ms: number | null };

/** A link for somebody without an account: no names, numbers, sound or costs behind it, and it expires. */
export function Share({ path }: { path: string }) {
  const [open, setOpen] = useState(false);
  const [life, setLife] = useState(86_400);
  const [link, setLink] = useState<{ url: string; untilMs: number } | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const links = useApi<{ links: Link[] }>(open ? `${path}/share` : null);
  const panel = useId();
  async function make() {
    try {
      const body = { life_s: life };
      const made = await request<{ token: string; good_until_ms: number }>(`${path}/share`, { method: "POST", body });
      const { origin, pathname } = window.location;
      setLink({ url: `${origin}${pathname}${href(["shared", made.token])}`, untilMs: made.good_until_ms });
      setProblem(null);
      links.reload();
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
        <Links path={path} links={links.data?.links ?? []} onChanged={links.reload} />
        {links.problem && <Failure problem={links.problem} onRetry={links.reload} />}
      </div>
    </div>
  );
}

/** Those that open something today; below everything else, so that what comes in moves nothing. */
function Links({ path, links, onChanged }: { path: string; links: Link[]; onChanged(): void }) {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const good = links.filter((link) => link.revoked_at_ms === null && link.good_until_ms > Date.now());
  const takeBack = (link: Link) =>
    request(`${path}/share/${encodeURIComponent(link.id)}`, { method: "DELETE" }).then(
      () => {
        setProblem(null);
        onChanged();
      },
      (error: unknown) => setProblem(problemFrom(error)),
    );
  if (!good.length) return null;
  return (
    <section aria-label="Links to this call">
      <h3>Links that open it</h3>
      <ul className="events links">
        {good.map((link) => (
          <li key={link.id}>
            <span>
              Until {atTime(link.good_until_ms)} <small>{link.created_by}, {atTime(link.created_at_ms)}</small>
            </span>
            <button type="button" className="quiet" onClick={() => void takeBack(link)}>
              Take back<span className="hidden-words"> the link made at {atTime(link.created_at_ms)}</span>
            </button>
          </li>
        ))}
      </ul>
      {problem && <Failure problem={problem} />}
    </section>
  );
}
