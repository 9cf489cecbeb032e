/** A call as the page's state: everything the screen needs, and what its buttons may do. */

import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { BrowserCall, Refused } from "./connection";
import { LevelMeter, voiceFloor } from "./levels";
import type { ServerMessage } from "./messages";
import { MicrophoneError, type MicrophoneProblem, openMicrophone, silent } from "./microphone";
import { shrink } from "./picture";
import type { Server } from "./server";
import { watchSilence } from "./silence";
import { type Conversation, applyMessage, emptyConversation } from "./transcript";

export type Stage = "idle" | "microphone" | "connecting" | "live" | "reconnecting" | "ended";
export type Trouble = MicrophoneProblem | null;

type Action = ServerMessage | { type: "reset" };

function reduce(state: Conversation, action: Action): Conversation {
  return action.type === "reset" ? emptyConversation : applyMessage(state, action);
}

export function useCall(iceServers: RTCIceServer[], server: Server) {
  const [stage, setStage] = useState<Stage>("idle");
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [muted, setMuted] = useState(false);
  const [startedAt, setStartedAt] = useState(0);
  const [endedAt, setEndedAt] = useState(0);
  const [conversation, dispatch] = useReducer(reduce, emptyConversation);
  const [meters, setMeters] = useState<{ caller: LevelMeter | null; agent: LevelMeter | null }>({
    caller: null,
    agent: null,
  });
  const call = useRef<BrowserCall | null>(null);
  const player = useRef<HTMLAudioElement | null>(null);
  const sound = useRef<AudioContext | null>(null);

  const finish = useCallback((reason: string) => {
    call.current = null;
    player.current?.pause();
    void sound.current?.close();
    sound.current = null;
    setMeters({ caller: null, agent: null });
    setEndedAt(Date.now());
    setStage("ended");
    if (reason) setTrouble({ title: "The call was cut off", what: reason, tips: ["Press Start to call again."] });
  }, []);

  const start = useCallback(
    async (agent: string) => {
      dispatch({ type: "reset" });
      setTrouble(null);
      setMuted(false);
      setStartedAt(0);
      setStage("microphone");
      try {
        const microphone = await openMicrophone();
        setStage("connecting");
        const context = new AudioContext();
        sound.current = context;
        player.current = new Audio();
        setMeters({ caller: new LevelMeter(context, microphone), agent: null });
        const next = new BrowserCall(microphone, iceServers, {
          onMessage: dispatch,
          onConnected: () => {
            setStartedAt((known) => known || Date.now());
            setStage("live");
          },
          onInterrupted: () => setStage("reconnecting"),
          onAgentStream: (stream) => {
            if (!player.current) return;
            player.current.srcObject = stream;
            void player.current.play();
            setMeters((known) => ({ ...known, agent: new LevelMeter(context, stream) }));
          },
          onClosed: finish,
        }, server);
        call.current = next;
        await next.connect(agent);
      } catch (error) {
        call.current?.close("");
        setStage("idle");
        setTrouble(words(error));
      }
    },
    [iceServers, finish, server],
  );

  useSilentMicrophone(stage === "live" && !muted, meters, setTrouble);

  return {
    stage,
    trouble,
    muted,
    conversation,
    meters,
    startedAt,
    endedAt,
    start,
    end: useCallback(() => call.current?.end(), []),
    talk: useCallback((held: boolean) => call.current?.talk(held), []),
    show: useCallback(async (file: File) => {
      try {
        call.current?.show(await shrink(file));
      } catch (error) {
        dispatch({ type: "picture", shown: false, reason: error instanceof Error ? error.message : String(error) });
      }
    }, []),
    press: useCallback((key: string) => call.current?.press(key), []),
    toggleMute: useCallback(() => {
      setMuted((was) => {
        call.current?.mute(!was);
        return !was;
      });
    }, []),
  };
}

function useSilentMicrophone(
  listening: boolean,
  meters: { caller: LevelMeter | null; agent: LevelMeter | null },
  setTrouble: (change: (known: Trouble) => Trouble) => void,
): void {
  const { caller, agent } = meters;
  useEffect(() => {
    if (!listening || !caller) return;
    const quiet = () => !agent || agent.rms() < voiceFloor;
    return watchSilence(caller, quiet, (isSilent) =>
      setTrouble((known) => (isSilent ? (known ?? silent) : known === silent ? null : known)),
    );
  }, [listening, caller, agent, setTrouble]);
}

function words(error: unknown): MicrophoneProblem {
  if (error instanceof MicrophoneError) return error.problem;
  if (error instanceof Refused) {
    return { title: "The call was not taken", what: error.message, tips: ["Try again in a moment."] };
  }
  return {
    title: "The server cannot be reached",
    what: error instanceof Error ? error.message : String(error),
    tips: ["See whether `antiphon serve` is still running.", "Then press Start again."],
  };
}
