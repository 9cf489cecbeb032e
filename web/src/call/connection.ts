/** One call: the peer connection, its data channel, and the few words the page may send. No screen in here. */

import { type ServerMessage, parseMessage } from "./messages";
import { type Server, shown } from "./server";

const gatheringMaxMs = 1500; // Candidates found by then are enough; a slow STUN server must not hold the call.
const reportEveryMs = 1000;
const pieceBytes = 16_000; // What every browser's data channel takes in one message.
const goodbyeMs = 150; // The word "end" needs a moment on the wire before the connection closes.
const hiccupMs = 1500; // A connection that is quiet for less comes back by itself.
const tryAgainMs = 2000;
const lostAfterMs = 13_000; // The server waits for 15 s.
const keysWaitingMax = 32; // Nobody presses more while a connection is made; what is beyond is dropped.

export type CallListener = {
  onMessage(message: ServerMessage): void;
  /** Also when the call has moved to another network. */
  onConnected(): void;
  /** The connection broke; another is being made. */
  onInterrupted(): void;
  onAgentStream(stream: MediaStream): void;
  /** `reason` is "" when this page or the agent ended the call in good order. */
  onClosed(reason: string): void;
};

/** The server's words when it refuses. */
export class Refused extends Error {}

type Answer = { line_id: string; sdp: string };
type Answered = (sdp: string) => Promise<Answer>;
type Link = { peer: RTCPeerConnection; channel: RTCDataChannel };

export class BrowserCall {
  private link: Link;
  private lineId = "";
  private closed = false;
  private ended = false;
  private reporting = 0;
  private buffered = { delayS: 0, count: 0 };
  private worry = 0;
  private interruptedAt = 0; // 0: all is well.
  private moving = false;
  private held: boolean | null = null; // null: the button was never pressed.
  private keysWaiting: string[] = [];

  constructor(
    private readonly microphone: MediaStream,
    private readonly iceServers: RTCIceServer[],
    private readonly listener: CallListener,
    private readonly server: Server,
  ) {
    this.link = this.newLink();
    window.addEventListener("pagehide", this.leave);
    window.addEventListener("online", this.moved);
  }

  /** `pushToTalk`: this page has a button (`talk`), whatever the agent's file says. */
  connect(agent: string, pushToTalk = false): Promise<void> {
    const address = `/calls/browser/${encodeURIComponent(agent)}/offer`;
    return this.connectBy((sdp) => this.ask(address, { sdp, push_to_talk: pushToTalk }));
  }

  /** `answered` takes our offer to whoever answers it. */
  async connectBy(answered: Answered): Promise<void> {
    const answer = await offered(this.link.peer, answered);
    this.lineId = answer.line_id;
    if (!this.closed) await this.link.peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  }

  press(key: string): void {
    if (!this.say(`dtmf:${key}`) && this.keysWaiting.length < keysWaitingMax) this.keysWaiting.push(key);
  }

  /** At any time of the call: the server is told as soon as it can be, and again on another network. */
  talk(held: boolean): void {
    this.held = held;
    this.say(`talk:${held ? "down" : "up"}`);
  }

  /** A JPEG or PNG; whether the agent sees it comes as a message. */
  show(picture: ArrayBuffer): void {
    const { channel } = this.link;
    if (channel.readyState !== "open") return;
    this.say(`image:${picture.byteLength}`);
    for (let at = 0; at < picture.byteLength; at += pieceBytes) {
      channel.send(picture.slice(at, at + pieceBytes));
    }
  }

  mute(muted: boolean): void {
    for (const track of this.microphone.getAudioTracks()) track.enabled = !muted;
  }

  /** Hang up. */
  end(): void {
    this.ended = true;
    this.say("end");
    window.setTimeout(() => this.close(""), goodbyeMs);
  }

  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    window.clearInterval(this.reporting);
    window.clearTimeout(this.worry);
    window.removeEventListener("pagehide", this.leave);
    window.removeEventListener("online", this.moved);
    for (const track of this.microphone.getTracks()) track.stop();
    this.link.peer.close();
    this.listener.onClosed(reason);
  }

  private take(data: unknown): void {
    const message = parseMessage(data);
    if (!message) return;
    if (message.type === "end") this.ended = true;
    this.listener.onMessage(message);
  }

  private newLink(): Link {
    const peer = new RTCPeerConnection({ iceServers: this.iceServers });
    const channel = peer.createDataChannel("events");
    const isOurs = () => this.link.peer === peer;
    channel.onopen = () => isOurs() && this.catchUp();
    channel.onmessage = (event) => this.take(event.data);
    channel.onclose = () => {
      if (isOurs() && !this.interruptedAt) this.close(this.ended ? "" : "The connection was closed.");
    };
    for (const track of this.microphone.getAudioTracks()) peer.addTrack(track, this.microphone);
    peer.ontrack = (event) => {
      this.listener.onAgentStream(event.streams[0] ?? new MediaStream([event.track]));
    };
    peer.onconnectionstatechange = () => {
      if (isOurs()) this.follow(peer.connectionState);
    };
    return { peer, channel };
  }

  private async ask(address: string, offer: { sdp: string; push_to_talk?: boolean }): Promise<Answer> {
    const response = await fetch(this.server.url + address, {
      method: "POST",
      headers: { "content-type": "application/json", ...shown(this.server) },
      body: JSON.stringify({ type: "offer", ...offer }),
    });
    if (!response.ok) throw new Refused(await problemWords(response));
    return (await response.json()) as Answer;
  }

  private follow(state: RTCPeerConnectionState): void {
    window.clearTimeout(this.worry);
    if (state === "connected") {
      this.interruptedAt = 0;
      this.listener.onConnected();
      window.clearInterval(this.reporting);
      this.reporting = window.setInterval(() => void this.reportFarEnd(), reportEveryMs);
    } else if (state === "disconnected") {
      this.worry = window.setTimeout(this.moved, hiccupMs);
    } else if (state === "failed") {
      this.moved();
    }
  }

  /** Another network, or a connection that broke: go on with the call over a new one, while there is hope. */
  private readonly moved = (): void => {
    if (this.closed || this.ended || this.moving || !this.lineId) return;
    window.clearTimeout(this.worry);
    if (!this.interruptedAt) {
      this.interruptedAt = Date.now();
      this.listener.onInterrupted();
    } else if (Date.now() - this.interruptedAt > lostAfterMs) {
      this.close("The connection to the server failed.");
      return;
    }
    this.moving = true;
    void this.move().finally(() => {
      this.moving = false;
      if (this.interruptedAt) this.worry = window.setTimeout(this.moved, tryAgainMs);
    });
  };

  private async move(): Promise<void> {
    const next = this.newLink();
    try {
      const address = `/calls/browser/lines/${this.lineId}/offer`;
      const answer = await offered(next.peer, (sdp) => this.ask(address, { sdp }));
      if (this.closed) throw new Refused("");
      const old = this.link;
      this.link = next;
      this.buffered = { delayS: 0, count: 0 };
      old.peer.close();
      await next.peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    } catch (error) {
      next.peer.close();
      // The server's word is final; no word at all may mean that there is no network yet.
      if (error instanceof Refused) this.close("The connection to the server failed.");
    }
  }

  /** Tell the server how late its audio is heard here, so that it does not believe us ahead of our ears. */
  private async reportFarEnd(): Promise<void> {
    let buffer: number | null = null;
    let tripS = 0;
    for (const report of (await this.link.peer.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "audio") {
        const delayS = Number(report.jitterBufferDelay ?? 0);
        const count = Number(report.jitterBufferEmittedCount ?? 0);
        const played = count - this.buffered.count;
        if (played > 0) buffer = (delayS - this.buffered.delayS) / played;
        this.buffered = { delayS, count };
      } else if (report.type === "candidate-pair" && report.nominated) {
        tripS = Number(report.currentRoundTripTime ?? 0);
      }
    }
    if (buffer !== null) this.say(`far_end:${Math.round((buffer + tripS / 2) * 1000)}`);
  }

  /** What was pressed while there was no channel, or one whose last words may have been lost. */
  private catchUp(): void {
    if (this.held !== null) this.talk(this.held);
    for (const key of this.keysWaiting.splice(0)) this.press(key);
  }

  /** Whether there was a channel to say it on. */
  private say(words: string): boolean {
    const { channel } = this.link;
    if (channel.readyState !== "open") return false;
    channel.send(words);
    return true;
  }

  /** The page goes away: a request that outlives it, in case the data channel's word does not. */
  private readonly leave = (): void => {
    this.say("end");
    const line = `${this.server.url}/calls/browser/lines/${this.lineId}`;
    if (this.lineId) void fetch(line, { method: "DELETE", keepalive: true });
    this.link.peer.close();
  };
}

async function offered(peer: RTCPeerConnection, answered: Answered): Promise<Answer> {
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  return answered(peer.localDescription?.sdp ?? "");
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (peer.iceGatheringState === "complete") return resolve();
    const timer = window.setTimeout(resolve, gatheringMaxMs);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      window.clearTimeout(timer);
      resolve();
    });
  });
}

/** The words of a problem document, or what HTTP says. */
export async function problemWords(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: string; fix?: string };
    return [problem.detail, problem.fix].filter(Boolean).join(" ") || response.statusText;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}
