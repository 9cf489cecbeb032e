/** What a page shows while it has nothing else to show: loading, empty, failed. */

import type { ReactNode } from "react";
import type { ApiProblem } from "../api/client";

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p className="loading" aria-live="polite">
      {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

const titles: Record<number, string> = {
  0: "The server does not answer",
  403: "You may not see this",
  404: "There is no such thing",
  429: "Too many requests",
};

export function Failure({ problem, onRetry }: { problem: ApiProblem; onRetry?: () => void }) {
  return (
    <section className="notice" role="alert">
      <h2>{titles[problem.status] ?? "This did not work"}</h2>
      <p>{problem.detail}</p>
      {problem.fix && <p className="hint">{problem.fix}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </section>
  );
}
