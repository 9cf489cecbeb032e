/** Data of the server as a component's state: loading, ready or failed, asked for again on a timer if wanted. */

import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiProblem, type Asked, apiPath, problemFrom, request } from "./client";
import { useMe } from "./me";

export type Resource<T> = {
  data: T | null;
  problem: ApiProblem | null;
  /** True until the first answer to what is asked now; `data` may still be the answer to what was asked before. */
  loading: boolean;
  reload(): void;
};

/**
 * GET `path` (null asks nothing). What was shown stays while new data is fetched, so nothing jumps.
 *
 * `everyMs` asks again that long after each answer, while the page can be seen. `bearer`: as in `Asked`.
 */
export function useApi<T>(path: string | null, query?: Asked["query"], everyMs = 0, bearer?: string): Resource<T> {
  const address = path === null ? null : apiPath(path, query ?? {});
  const [state, setState] = useState<{ address: string | null; data: T | null; problem: ApiProblem | null }>({
    address: null,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  const timer = useRef(0);
  const reader = useMe();
  const me = bearer === undefined ? reader : null; // Whoever has signed in again sees what there is by now.
  useEffect(() => {
    if (address === null) return;
    const stop = new AbortController();
    const again = () => {
      if (everyMs > 0 && !stop.signal.aborted) timer.current = window.setTimeout(ask, everyMs);
    };
    const ask = () => {
      if (document.hidden) return again();
      request<T>(address.slice("/v1".length), { signal: stop.signal, ...(bearer === undefined ? {} : { bearer }) }).then(
        (data) => {
          if (!stop.signal.aborted) setState({ address, data, problem: null });
          again();
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          setState((known) => ({ address, data: known.address === address ? known.data : null, problem: problemFrom(error) }));
          again();
        },
      );
    };
    ask();
    return () => {
      stop.abort();
      window.clearTimeout(timer.current);
    };
  }, [address, everyMs, bearer, turn, me]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  return { data: state.data, problem: state.problem, loading: address !== null && state.address !== address, reload };
}
