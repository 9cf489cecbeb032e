/** One call: the peer connection, its data channel, and the few words the page may send. No screen in here. */

import { type ServerMessage, parseMessage } from "./messages";
import { type Server, ownServer, shown } from "./server";

const gatheringMaxMs = 1500; // Candidates found by then are enough; a slow STUN server must not hold the call.
const reportEveryMs = 1000;
const pieceBytes = 16_000; // What every browser's data channel takes in one message.
const goodbyeMs = 150; // The word "end" needs a moment on the wire before the connection closes.

export type CallListener = {
  onMessage(message: ServerMessage): void;
  onConnected(): void;
  onAgentStream(stream: MediaStream): void;
  /** `reason` is "" when this page or the agent ended the call in good order. */
  onClosed(reason: string): void;
};

/** The server's words when it refuses. */
export class Refused extends Error {}

export class BrowserCall {
  private readonly peer: RTCPeerConnection;
  private readonly channel: RTCDataChannel;
  private lineId = "";
  private closed = false;
  private ended = false;
  private reporting = 0;
  private buffered = { delayS: 0, count: 0 };

  constructor(
    private readonly microphone: MediaStream,
    iceServers: RTCIceServer[],
    private readonly listener: CallListener,
    private readonly server: Server = ownServer,
  ) {
    this.peer = new RTCPeerConnection({ iceServers });
    this.channel = this.peer.createDataChannel("events");
    this.channel.onmessage = (event) => this.take(event.data);
    this.channel.onclose = () => this.close(this.ended ? "" : "The connection was closed.");
    for (const track of microphone.getAudioTracks()) this.peer.addTrack(track, microphone);
    this.peer.ontrack = (event) => {
      const stream = event.streams[0] ?? new MediaStream([event.track]);
      listener.onAgentStream(stream);
    };
    this.peer.onconnectionstatechange = () => this.follow(this.peer.connectionState);
    window.addEventListener("pagehide", this.leave);
  }

  /** `pushToTalk`: this page has a button (`talk`), whatever the agent's file says. */
  connect(agent: string, pushToTalk = false): Promise<void> {
    return this.connectBy(async (sdp) => {
      const response = await fetch(`${this.server.url}/calls/browser/${encodeURIComponent(agent)}/offer`, {
        method: "POST",
        headers: { "content-type": "application/json", ...shown(this.server) },
        body: JSON.stringify({ type: "offer", sdp, push_to_talk: pushToTalk }),
      });
      if (!response.ok) throw new Refused(await problemWords(response));
      return (await response.json()) as { line_id: string; sdp: string };
    });
  }

  /** `answered` takes our offer to whoever answers it. */
  async connectBy(answered: (sdp: string) => Promise<{ line_id: string; sdp: string }>): Promise<void> {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await this.gathered();
    const answer = await answered(this.peer.localDescription?.sdp ?? "");
    this.lineId = answer.line_id;
    if (!this.closed) await this.peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  }

  press(key: string): void {
    this.say(`dtmf:${key}`);
  }

  talk(held: boolean): void {
    this.say(`talk:${held ? "down" : "up"}`);
  }

  /** A JPEG or PNG; whether the agent sees it comes as a message. */
  show(picture: ArrayBuffer): void {
    if (this.channel.readyState !== "open") return;
    this.say(`image:${picture.byteLength}`);
    for (let at = 0; at < picture.byteLength; at += pieceBytes) {
      this.channel.send(picture.slice(at, at + pieceBytes));
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
    window.removeEventListener("pagehide", this.leave);
    for (const track of this.microphone.getTracks()) track.stop();
    this.peer.close();
    this.listener.onClosed(reason);
  }

  private take(data: unknown): void {
    const message = parseMessage(data);
    if (!message) return;
    if (message.type === "end") this.ended = true;
    this.listener.onMessage(message);
  }

  private follow(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      this.listener.onConnected();
      this.reporting = window.setInterval(() => void this.reportFarEnd(), reportEveryMs);
    } else if (state === "failed") {
      this.close("The connection to the server failed.");
    }
  }

  /** Tell the server how late its audio is heard here, so that it does not believe us ahead of our ears. */
  private async reportFarEnd(): Promise<void> {
    let buffer: number | null = null;
    let tripS = 0;
    for (const report of (await this.peer.getStats()).values()) {
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

  private say(words: string): void {
    if (this.channel.readyState === "open") this.channel.send(words);
  }

  /** The page goes away: a request that outlives it, in case the data channel's word does not. */
  private readonly leave = (): void => {
    this.say("end");
    const line = `${this.server.url}/calls/browser/lines/${this.lineId}`;
    if (this.lineId) void fetch(line, { method: "DELETE", keepalive: true });
    this.peer.close();
  };

  private gathered(): Promise<void> {
    return new Promise((resolve) => {
      if (this.peer.iceGatheringState === "complete") return resolve();
      const timer = window.setTimeout(resolve, gatheringMaxMs);
      this.peer.addEventListener("icegatheringstatechange", () => {
        if (this.peer.iceGatheringState !== "complete") return;
        window.clearTimeout(timer);
        resolve();
      });
    });
  }
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
