/** One call of the widget, from the microphone to the end; the talk page's own call path, on another site. */

import { fetchAgents } from "../../src/call/agents";
import { BrowserCall, Refused } from "../../src/call/connection";
import { LevelMeter, voiceFloor } from "../../src/call/levels";
import type { ServerMessage } from "../../src/call/messages";
import { MicrophoneError, type MicrophoneProblem, openMicrophone, silent } from "../../src/call/microphone";
import type { Server } from "../../src/call/server";
import { watchSilence } from "../../src/call/silence";
import { kindly, lost, notTaken, unreachable } from "./words";

const tailMs = 200; // The last syllable is still on its way when the button is let go.

export type Wanted = { agent: string; server: () => Promise<Server>; pushToTalk: boolean };

export type TalkListener = {
  onStage(stage: "microphone" | "connecting" | "live"): void;
  onMessage(message: ServerMessage): void;
  onTrouble(problem: MicrophoneProblem | null): void;
  onAgent(agent: { name: string; title: string }): void;
  onEnd(): void;
};

export class Talk {
  private call: BrowserCall | null = null;
  private microphone: MediaStream | null = null;
  private readonly player = new Audio();
  private readonly sound = new AudioContext(); // Made in the press of a button, so that it may sound.
  private agentLevel: LevelMeter | null = null;
  private stopWatching = () => {};
  private held = false;
  private over = false;
  private muting = 0;

  constructor(
    private readonly wanted: Wanted,
    private readonly listener: TalkListener,
  ) {}

  async start(): Promise<void> {
    try {
      this.listener.onStage("microphone");
      const microphone = await openMicrophone();
      this.microphone = microphone;
      if (this.over) return this.stop();
      this.listener.onStage("connecting");
      const server = await this.wanted.server();
      const offer = await fetchAgents(server);
      const agent = offer.agents.find((known) => known.name === this.wanted.agent);
      if (agent) this.listener.onAgent(agent);
      if (this.over) return this.stop();
      this.call = new BrowserCall(microphone, offer.ice_servers, this.listen(microphone), server);
      if (this.wanted.pushToTalk) {
        this.call.mute(!this.held);
        if (this.held) this.call.talk(true); // It was pressed while we were getting here.
      }
      await this.call.connect(this.wanted.agent, this.wanted.pushToTalk);
    } catch (error) {
      const over = this.over;
      this.finish(null);
      if (!over) this.listener.onTrouble(words(error));
    }
  }

  /** Nothing leaves the microphone while the button is not held. Counts from the first moment of the call on. */
  talk(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    window.clearTimeout(this.muting);
    if (!this.call) return;
    if (held) this.call.mute(false);
    else this.muting = window.setTimeout(() => this.call?.mute(true), tailMs);
    this.call.talk(held);
  }

  press(key: string): void {
    this.call?.press(key);
  }

  end(): void {
    if (this.call) this.call.end();
    else this.finish(null);
  }

  private listen(microphone: MediaStream) {
    return {
      onMessage: (message: ServerMessage) => this.listener.onMessage(message),
      onConnected: () => {
        this.listener.onStage("live");
        this.stopWatching(); // It may be the same call on another network.
        const listening = () =>
          (!this.wanted.pushToTalk || this.held) && (this.agentLevel?.rms() ?? 0) < voiceFloor;
        this.stopWatching = watchSilence(new LevelMeter(this.sound, microphone), listening, (isSilent) =>
          this.listener.onTrouble(isSilent ? kindly(silent) : null),
        );
      },
      onInterrupted: () => this.listener.onStage("connecting"),
      onAgentStream: (stream: MediaStream) => {
        this.player.srcObject = stream;
        void this.player.play();
        this.agentLevel = new LevelMeter(this.sound, stream);
      },
      onClosed: (reason: string) => this.finish(reason ? lost(reason) : null),
    };
  }

  private finish(problem: MicrophoneProblem | null): void {
    if (this.over) return;
    this.over = true;
    this.stop();
    this.listener.onEnd();
    if (problem) this.listener.onTrouble(problem);
  }

  private stop(): void {
    this.stopWatching();
    this.player.pause();
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    const call = this.call;
    this.call = null;
    call?.close("");
    if (this.sound.state !== "closed") void this.sound.close();
  }
}

function words(error: unknown): MicrophoneProblem {
  if (error instanceof MicrophoneError) return kindly(error.problem);
  const said = error instanceof Error ? error.message : String(error);
  // `fetch` throws a TypeError when there was no answer at all, or none that this page may read.
  if (error instanceof Refused || !(error instanceof TypeError)) return notTaken(said);
  return unreachable(said);
}
