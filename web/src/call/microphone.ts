/** Opening the microphone, and plain words for every way that can fail. */

export type MicrophoneProblem = { title: string; what: string; tips: string[] };

export class MicrophoneError extends Error {
  readonly problem: MicrophoneProblem;

  constructor(problem: MicrophoneProblem) {
    super(problem.title);
    this.problem = problem;
  }
}

export const insecure: MicrophoneProblem = {
  title: "This address is not secure enough for a microphone",
  what: "Browsers only give a microphone to pages that come over https, or from this very computer.",
  tips: [
    "On the computer that runs Antiphon, open http://127.0.0.1:8080/ instead.",
    "From another device, put Antiphon behind an https address.",
  ],
};

export const silent: MicrophoneProblem = {
  title: "We hear nothing from your microphone",
  what: "It is open, but it only sends silence.",
  tips: [
    "See whether a mute switch on the headset or keyboard is on.",
    "Choose another microphone in the browser's or the system's sound settings.",
    "Move closer and say a few words.",
  ],
};

const denied: MicrophoneProblem = {
  title: "The microphone is not allowed",
  what: "The browser was told not to let this page use the microphone, so the agent could not hear you.",
  tips: [
    "Click the icon left of the address and set Microphone to Allow.",
    "Then press Start again; nothing was recorded.",
    "If there is nothing to set, the system's privacy settings may keep the microphone from the browser.",
  ],
};

const missing: MicrophoneProblem = {
  title: "No microphone was found",
  what: "The browser sees no microphone on this device.",
  tips: ["Plug in a headset or microphone, or switch on its Bluetooth.", "Then press Start again."],
};

const busy: MicrophoneProblem = {
  title: "The microphone is in use",
  what: "Another program holds the microphone, or the device does not answer.",
  tips: ["Close other calls and recorders.", "Unplug the microphone and plug it in again.", "Then press Start again."],
};

/** Words for what `getUserMedia` threw. */
export function explain(error: unknown): MicrophoneProblem {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return denied;
  if (name === "NotFoundError" || name === "OverconstrainedError") return missing;
  if (name === "NotReadableError" || name === "AbortError") return busy;
  return {
    title: "The microphone could not be opened",
    what: error instanceof Error ? error.message : String(error),
    tips: ["Try again, or try another browser."],
  };
}

/** The caller's voice, echo-cancelled so that the agent does not hear itself. Throws MicrophoneError. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new MicrophoneError(insecure);
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) {
    throw new MicrophoneError(explain(error));
  }
}
