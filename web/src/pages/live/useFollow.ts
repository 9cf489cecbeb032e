/** One call, followed: its words as they are said, and its sound if one listens in. */

import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useMe } from "../../api/me";
import { openSocket } from "../../api/socket";
import { parseMessage } from "../../call/messages";
import { type Conversation, applyMessage, emptyConversation } from "../../call/transcript";
import { CallSound, type SoundFormat } from "./sound";

const ends: Record<number, string> = {
  1000: "The call has ended.",
  4404: "This call is not up any more.",
  4408: "The connection was too slow to follow the call.",
  4403: "You may not listen in on calls.",
  4429: "Too many people follow calls already.",
};

type Action = { message: unknown } | { reset: true };

function reduce(state: Conversation, action: Action): Conversation {
  if ("reset" in action) return emptyConversation;
  const message = parseMessage(action.message);
  return message ? applyMessage(state, message) : state;
}

export type Following = {
  conversation: Conversation;
  listening: boolean;
  /** Why nothing more comes, "" while it does. */
  over: string;
  listen(on: boolean): void;
  again(): void;
};

export function useFollow(callId: string): Following {
  const [conversation, dispatch] = useReducer(reduce, emptyConversation);
  const [listening, setListening] = useState(false);
  const [over, setOver] = useState("");
  const [turn, setTurn] = useState(0);
  const me = useMe(); // Whoever has signed in again follows again.
  const sound = useRef<CallSound | null>(null);
  useEffect(() => {
    let left = false;
    dispatch({ reset: true });
    setOver("");
    const socket = openSocket(`/live/${encodeURIComponent(callId)}/follow${listening ? "?sound=true" : ""}`);
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) return sound.current?.play(data);
      const told = JSON.parse(String(data)) as { type: string } & SoundFormat;
      if (told.type !== "ready") dispatch({ message: data });
      else if (listening) sound.current = new CallSound(told);
    };
    socket.onclose = ({ code, reason }) => {
      if (left) return;
      setOver(ends[code] ?? (reason || "The connection was lost."));
      sound.current?.close();
      sound.current = null;
    };
    return () => {
      left = true;
      socket.close();
      sound.current?.close();
      sound.current = null;
    };
  }, [callId, listening, turn, me]);
  const again = useCallback(() => setTurn((count) => count + 1), []);
  return { conversation, listening, over, listen: setListening, again };
}
