/**
 * Where the reader is, kept behind the `#` of the address: a link can be copied and opened anywhere, and neither
 * what was searched for nor a share token ever reaches a server's or a proxy's log as part of a page's address.
 */

import { useCallback, useMemo, useSyncExternalStore } from "react";

export type Route = {
  /** Decoded segments: `#/calls/abc` gives ["calls", "abc"]. */
  segments: string[];
  query: URLSearchParams;
};

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const segments = path.split("/").filter(Boolean).map(decoded);
  return { segments, query: new URLSearchParams(query) };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // A stray % is no reason to show nothing.
  }
}

/** The address of a page of ours, for `href`. Empty values are left out. */
export function href(segments: string[], query: Record<string, string | number | undefined> = {}): string {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const asked = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
  return `#/${segments.map(encodeURIComponent).join("/")}${asked ? `?${asked}` : ""}`;
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) {
    window.history.replaceState(null, "", to);
    window.dispatchEvent(new HashChangeEvent("hashchange")); // A replaced address fires nothing by itself.
  } else {
    window.location.hash = to;
  }
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** The query of this page as its state: `set` writes the address, so going back undoes it. */
export function useQuery(): [URLSearchParams, (values: Record<string, string>, replace?: boolean) => void] {
  const { segments, query } = useRoute();
  const set = useCallback(
    (values: Record<string, string>, replace = false) =>
      navigate(href(segments, { ...Object.fromEntries(query), ...values }), { replace }),
    [segments, query],
  );
  return [query, set];
}
