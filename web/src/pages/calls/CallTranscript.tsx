import { useEffect, useRef } from "react";
import { delayed, lasted } from "../../app/words";
import { type Said, currentLine } from "./story";

type Given = {
  story: Said[];
  agent: string;
  atMs?: number;
  onSeek?: (ms: number) => void;
};

/** Everything in here was said by callers and models: it is text, whatever it looks like. */
export function CallTranscript({ story, agent, atMs = -1, onSeek }: Given) {
  const current = currentLine(story, atMs);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const line = list.current?.children[current] as HTMLElement | undefined;
    // Within its own list only: the page must not jump away under whoever reads elsewhere.
    if (line && list.current) list.current.scrollTop = line.offsetTop - list.current.offsetTop - 60;
  }, [current]);
  if (!story.length) return <p className="hint">Nobody said a word.</p>;
  return (
    <ol className="said" ref={list} tabIndex={0} aria-label="Transcript">
      {story.map((line, index) => (
        <li key={line.key} data-speaker={line.speaker} aria-current={index === current ? "true" : undefined}>
          <p className="who">
            {onSeek ? (
              <button type="button" className="at" onClick={() => onSeek(line.atMs)}>
                <span className="hidden-words">Go to </span>
                {lasted(line.atMs)}
              </button>
            ) : (
              <span className="at">{lasted(line.atMs)}</span>
            )}{" "}
            {line.speaker === "agent" ? agent : line.speaker === "caller" ? "Caller" : "Heard, not a turn"}
            {line.responseMs !== null && <small> answered after {delayed(line.responseMs)}</small>}
          </p>
          <p>
            {line.text}
            {line.interrupted && <span className="cut"> — interrupted</span>}
            {line.lost && (
              <>
                {" "}
                <span className="hidden-words">Not heard: </span>
                <s>{line.lost}</s>
              </>
            )}
          </p>
        </li>
      ))}
    </ol>
  );
}
