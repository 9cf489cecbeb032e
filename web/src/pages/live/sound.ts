/** The sound of a call one listens in on: pieces from the server, played a little behind as they come. */

const cushionS = 0.2; // What a network may be late by without a gap.
const behindMaxS = 0.8; // More than that is skipped: who listens wants to hear now.
const far = 0.35; // How much of each side is heard in the other ear: apart, but not at arm's length.

export type SoundFormat = { encoding: string; sample_rate_hz: number };

/** ITU-T G.711 mu-law, a byte a sample, to -1…1. */
export function fromMulaw(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = ~(bytes[at] ?? 0) & 0xff;
    const magnitude = ((((byte & 0x0f) << 3) + 0x84) << ((byte & 0x70) >> 4)) - 0x84;
    samples[at] = (byte & 0x80 ? -magnitude : magnitude) / 32768;
  }
  return samples;
}

/** Signed 16-bit little-endian to -1…1. */
export function fromL16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(Math.floor(bytes.length / 2));
  for (let at = 0; at < samples.length; at++) samples[at] = view.getInt16(2 * at, true) / 32768;
  return samples;
}

/** The caller's and the agent's half of a piece. */
export function channels(piece: ArrayBuffer, format: SoundFormat): [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] {
  const bytes = new Uint8Array(piece);
  const half = Math.floor(bytes.length / 2);
  const decode = format.encoding === "mulaw" ? fromMulaw : fromL16;
  return [decode(bytes.subarray(0, half)), decode(bytes.subarray(half, 2 * half))];
}

export class CallSound {
  private readonly context = new AudioContext();
  private nextS = 0;

  constructor(private readonly format: SoundFormat) {
    void this.context.resume();
  }

  play(piece: ArrayBuffer): void {
    const [caller, agent] = channels(piece, this.format);
    if (!caller.length) return;
    const nowS = this.context.currentTime;
    if (this.nextS > nowS + behindMaxS) return;
    if (this.nextS < nowS) this.nextS = nowS + cushionS;
    const buffer = this.context.createBuffer(2, caller.length, this.format.sample_rate_hz);
    const left = buffer.getChannelData(0);
    const right = buffer.getChannelData(1);
    for (let at = 0; at < caller.length; at++) {
      const [one, other] = [caller[at] ?? 0, agent[at] ?? 0];
      left[at] = one + far * other;
      right[at] = other + far * one;
    }
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.start(this.nextS);
    this.nextS += buffer.duration;
  }

  close(): void {
    void this.context.close();
  }
}
