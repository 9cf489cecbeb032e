/** How loud a stream is, measured without sending it anywhere. */

export const voiceFloor = 0.002; // About -54 dBFS: no voice near a microphone stays below this.

export class LevelMeter {
  private readonly analyser: AnalyserNode;
  private readonly source: MediaStreamAudioSourceNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(context: AudioContext, stream: MediaStream) {
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source = context.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
  }

  /** Root mean square of the last 20 ms or so, 0 to 1. */
  rms(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.sqrt(sum / this.samples.length);
  }

  close(): void {
    this.source.disconnect();
  }
}

/** RMS to a share of the meter, 0 to 1, on a scale that follows the ear (-60 to 0 dBFS). */
export function meterShare(rms: number): number {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, 1 + (20 * Math.log10(rms)) / 60));
}
