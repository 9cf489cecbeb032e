import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Interruption, Peaks } from "../../api/calls";
import { type ApiProblem, fetchApi, problemFrom } from "../../api/client";
import type { Resource } from "../../api/useApi";
import { atTime, lasted } from "../../app/words";
import { Failure } from "../../components/States";

const laneHeight = 50;

type Given = {
  path: string;
  peaks: Resource<Peaks>;
  interruptions: Interruption[];
  /** Where to go; a new count means again, to the same place too. */
  seek: { ms: number; count: number };
  /** The moment of the call that is heard now. */
  onTime(atMs: number): void;
};

/** The recording: the caller above, the agent below. Its outline comes at once, its sound when it is wanted. */
export function Player({ peaks, ...given }: Given) {
  if (peaks.problem?.status === 404) return <p className="hint">This call was not recorded, or its time is over.</p>;
  if (peaks.problem) return <Failure problem={peaks.problem} onRetry={peaks.reload} />;
  if (!peaks.data) return <section className="player card" aria-label="Recording" aria-busy="true" />;
  return <Recording {...given} peaks={peaks.data} />;
}

function Recording({ path, peaks, interruptions, seek, onTime }: Omit<Given, "peaks"> & { peaks: Peaks }) {
  const sound = useSound(path);
  const audio = useRef<HTMLAudioElement>(null);
  const [atMs, setAtMs] = useState(0);
  const [playing, setPlaying] = useState(false);
  const goTo = (ms: number) => {
    const bounded = Math.max(0, Math.min(ms, peaks.duration_ms));
    setAtMs(bounded);
    onTime(bounded + peaks.since_ms);
    if (audio.current && sound.url) audio.current.currentTime = bounded / 1000;
  };
  useEffect(() => {
    if (seek.count) goTo(seek.ms - peaks.since_ms);
    // Only a new wish moves the sound; what `goTo` closes over changes with every frame.
  }, [seek]);
  useEffect(() => {
    if (!sound.url || !audio.current) return;
    audio.current.currentTime = atMs / 1000;
    void audio.current.play();
  }, [sound.url]);
  const toggle = () => {
    if (!sound.url) return sound.fetch();
    if (playing) audio.current?.pause();
    else void audio.current?.play();
  };
  return (
    <section className="player card" aria-label="Recording">
      <Waveform peaks={peaks} atMs={atMs} interruptions={interruptions} onSeek={goTo} />
      <div className="player-row">
        <button type="button" className="primary" onClick={toggle} aria-busy={sound.loading}>
          {playing ? "Pause" : "Play"}
        </button>
        <label className="position">
          <span className="hidden-words">Position</span>
          <input
            type="range"
            min={0}
            max={peaks.duration_ms}
            step={100}
            value={atMs}
            aria-valuetext={`${lasted(atMs)} of ${lasted(peaks.duration_ms)}`}
            onChange={(event) => goTo(Number(event.target.value))}
          />
        </label>
        <output>
          {lasted(atMs)} / {lasted(peaks.duration_ms)}
        </output>
      </div>
      {sound.problem && <Failure problem={sound.problem} onRetry={sound.fetch} />}
      <p className="hint">
        Kept until {atTime(Date.parse(peaks.retain_until))}
        {peaks.complete ? "" : "; cut short by a crash"}. Consent:{" "}
        {Object.entries(peaks.consent).map(([name, value]) => `${name} ${String(value)}`).join(", ") || "not written down"}.
      </p>
      <audio
        ref={audio}
        src={sound.url || undefined}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(event) => {
          const ms = Math.round(event.currentTarget.currentTime * 1000);
          setAtMs(ms);
          onTime(ms + peaks.since_ms);
        }}
      />
    </section>
  );
}

function Waveform(props: { peaks: Peaks; atMs: number; interruptions: Interruption[]; onSeek(ms: number): void }) {
  const { peaks, atMs, interruptions } = props;
  const width = Math.max(peaks.caller.length, 1);
  const lanes = useMemo(() => [outline(peaks.caller, 0), outline(peaks.agent, laneHeight)], [peaks]);
  const x = (ms: number) => (ms / Math.max(1, peaks.duration_ms)) * width;
  const seek = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width: drawn } = event.currentTarget.getBoundingClientRect();
    props.onSeek(((event.clientX - left) / drawn) * peaks.duration_ms);
  };
  return (
    // The slider below is the same for the keyboard; to a screen reader an outline tells nothing.
    <svg
      className="waveform"
      viewBox={`0 0 ${width} ${laneHeight * 2}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      data-points={peaks.caller.length}
      onPointerDown={seek}
    >
      <path className="caller-lane" d={lanes[0]} />
      <path className="agent-lane" d={lanes[1]} />
      {interruptions.map((one) => (
        <line
          key={one.at_ms}
          className={one.kind}
          x1={x(one.at_ms - peaks.since_ms)}
          x2={x(one.at_ms - peaks.since_ms)}
          y1="0"
          y2={laneHeight * 2}
        />
      ))}
      <line className="playhead" x1={x(atMs)} x2={x(atMs)} y1="0" y2={laneHeight * 2} />
    </svg>
  );
}

/** One closed path, mirrored about the middle of its lane. */
function outline(peaks: number[], top: number): string {
  const middle = top + laneHeight / 2;
  const reach = (peak: number) => Math.max(0.4, (peak / 100) * (laneHeight / 2 - 1));
  const up = peaks.map((peak, index) => `L${index} ${(middle - reach(peak)).toFixed(1)}`);
  const down = peaks.map((peak, index) => `L${index} ${(middle + reach(peak)).toFixed(1)}`).reverse();
  return `M0 ${middle}${up.join("")}${down.join("")}Z`;
}

/** The sound is fetched with the credential, which an <audio> of its own could not show. */
function useSound(path: string) {
  const [state, setState] = useState<{ url: string; loading: boolean; problem: ApiProblem | null }>({
    url: "",
    loading: false,
    problem: null,
  });
  useEffect(() => () => URL.revokeObjectURL(state.url), [state.url]);
  const fetch = () => {
    if (state.loading) return;
    setState({ url: "", loading: true, problem: null });
    fetchApi(`${path}/recording`)
      .then((response) => response.blob())
      .then(
        (blob) => setState({ url: URL.createObjectURL(blob), loading: false, problem: null }),
        (error: unknown) => setState({ url: "", loading: false, problem: problemFrom(error) }),
      );
  };
  return { ...state, fetch };
}
