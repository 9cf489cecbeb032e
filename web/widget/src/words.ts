/** Everything the widget says. A host page may replace any of it (`element.words = { … }`), to speak its language. */

import { type MicrophoneProblem, insecure, silent } from "../../src/call/microphone";

export const english = {
  start: "Talk to us",
  connecting: "Connecting…",
  microphone: "Allow the microphone…",
  hold: "Hold to talk",
  listening: "Listening… release when done",
  open: "Listening, just speak",
  speaking: "Speaking",
  thinking: "One moment…",
  end: "End the call",
  captions: "Captions",
  you: "You",
  agent: "Agent",
  ended: "The call has ended.",
  machine: "You talk to a machine.",
  interrupted: "interrupted",
  hint: "Hold the button while you speak, or press it once to begin and once more when you are done.",
};

export type Words = typeof english;

/** What the talk page says of microphones is for whoever runs the server; a visitor can only do so much. */
const forVisitors = new Map<MicrophoneProblem, MicrophoneProblem>([
  [
    insecure,
    {
      title: "The microphone needs a secure page",
      what: "Browsers only give a microphone to pages that come over https.",
      tips: ["Open this page with https:// at the beginning of its address."],
    },
  ],
  [silent, silent],
]);

export function kindly(problem: MicrophoneProblem): MicrophoneProblem {
  const known = forVisitors.get(problem) ?? problem;
  const tips = known.tips.map((tip) => tip.replace("press Start again", "press the button again"));
  if (window.self !== window.top && known.title.includes("not allowed")) {
    tips.push("This page is inside another one, which may have to allow the microphone too.");
  }
  return { ...known, tips };
}

export function lost(reason: string): MicrophoneProblem {
  return { title: "The call was cut off", what: reason, tips: ["Press the button to call again."] };
}

export function notTaken(reason: string): MicrophoneProblem {
  return { title: "The call was not taken", what: reason, tips: ["Try again in a moment."] };
}

export function unreachable(reason: string): MicrophoneProblem {
  return {
    title: "We cannot be reached just now",
    what: reason,
    tips: ["See whether you are online.", "Then press the button again."],
  };
}
