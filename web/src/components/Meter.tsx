import { useEffect, useRef } from "react";
import { type LevelMeter, meterShare } from "../call/levels";

const bars = 14;

/** A level that moves with the voice; drawn outside React, since it changes sixty times a second. */
export function Meter({ meter, label, tone }: { meter: LevelMeter | null; label: string; tone: string }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      const lit = meter ? Math.round(meterShare(meter.rms()) * bars) : 0;
      element.current?.childNodes.forEach((node, index) => {
        (node as HTMLElement).dataset.lit = String(index < lit);
      });
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [meter]);
  return (
    <div className="meter" data-tone={tone} role="img" aria-label={`${label} level`}>
      <span className="meter-label">{label}</span>
      <div className="meter-bars" ref={element}>
        {Array.from({ length: bars }, (_, index) => (
          <i key={index} />
        ))}
      </div>
    </div>
  );
}
