/** The list of live calls: fetched now and then, changed by the server's events in between. */

import { useEffect, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { openSocket } from "../../api/socket";
import { type Change, type LiveCall, changed, refreshed } from "./calls";

const toldEveryMs = 10_000; // With events; they say what changed, the list says what is there.
const untoldEveryMs = 2_000;
const againMs = 5_000;

type Live = { calls: LiveCall[] | null; problem: ApiProblem | null };

export function useLive(): Live {
  const [live, setLive] = useState<Live>({ calls: null, problem: null });
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    let socket: WebSocket | null = null;
    let told = false;

    async function fetchAll() {
      window.clearTimeout(timer);
      try {
        if (!document.hidden) {
          const { calls } = await request<{ calls: LiveCall[] }>("/live", { signal: stop.signal });
          setLive((known) => ({ calls: refreshed(known.calls ?? [], calls), problem: null }));
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        setLive((known) => ({ ...known, problem: problemFrom(error) }));
      }
      if (!stop.signal.aborted) timer = window.setTimeout(fetchAll, told ? toldEveryMs : untoldEveryMs);
    }

    function listen() {
      socket = openSocket("/events");
      socket.onmessage = (message) => {
        const event = JSON.parse(String(message.data)) as { type: string; data?: { calls?: Change[] } };
        told = true;
        if (event.type === "live.changed") {
          const changes = event.data?.calls ?? [];
          setLive((known) => (known.calls ? { ...known, calls: changed(known.calls, changes) } : known));
        } else if (event.type === "call.started" || event.type === "call.ended" || event.type === "missed") {
          void fetchAll();
        }
      };
      socket.onclose = () => {
        told = false;
        if (!stop.signal.aborted) window.setTimeout(() => !stop.signal.aborted && listen(), againMs);
      };
    }

    void fetchAll();
    listen();
    const seen = () => !document.hidden && void fetchAll();
    document.addEventListener("visibilitychange", seen);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      socket?.close();
    };
  }, []);
  return live;
}
