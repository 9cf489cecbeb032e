/** Speaking with a caller oneself, in the agent's place. */

import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../../api/client";
import { ourServer } from "../../api/server";
import { fetchAgents } from "../../call/agents";
import { BrowserCall } from "../../call/connection";
import { MicrophoneError, openMicrophone } from "../../call/microphone";

export type TakeOver = {
  state: "no" | "connecting" | "speaking";
  muted: boolean;
  trouble: string;
  begin(): Promise<void>;
  giveBack(): void;
  mute(): void;
};

export function useTakeOver(callId: string): TakeOver {
  const [state, setState] = useState<TakeOver["state"]>("no");
  const [muted, setMuted] = useState(false);
  const [trouble, setTrouble] = useState("");
  const call = useRef<BrowserCall | null>(null);
  const player = useRef<HTMLAudioElement | null>(null);
  useEffect(() => () => call.current?.end(), [callId]);

  const begin = useCallback(async () => {
    setTrouble("");
    setMuted(false);
    setState("connecting");
    try {
      const server = ourServer();
      const [microphone, offered] = await Promise.all([openMicrophone(), fetchAgents(server)]);
      player.current = new Audio();
      const next = new BrowserCall(microphone, offered.ice_servers, {
        onMessage: () => undefined, // The words come by following the call.
        onConnected: () => setState("speaking"),
        onInterrupted: () => setState("connecting"),
        onAgentStream: (stream) => {
          if (!player.current) return;
          player.current.srcObject = stream;
          void player.current.play();
        },
        onClosed: (reason) => {
          call.current = null;
          player.current?.pause();
          setState("no");
          setTrouble(reason);
        },
      }, server);
      call.current = next;
      await next.connectBy((sdp) =>
        request(`/live/${encodeURIComponent(callId)}/take-over`, { method: "POST", body: { sdp } }),
      );
    } catch (error) {
      call.current?.close("");
      setState("no");
      if (error instanceof MicrophoneError) setTrouble(`${error.problem.title}. ${error.problem.what}`);
      else setTrouble(error instanceof Error ? error.message : String(error));
    }
  }, [callId]);

  const giveBack = useCallback(() => call.current?.end(), []);
  const mute = useCallback(() => {
    setMuted((was) => {
      call.current?.mute(!was);
      return !was;
    });
  }, []);
  return { state, muted, trouble, begin, giveBack, mute };
}
