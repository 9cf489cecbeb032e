/** The elements of the widget, put together without markup in strings: words of callers are only ever text. */

import type { MicrophoneProblem } from "../../src/call/microphone";

const svgNames = "http://www.w3.org/2000/svg";

export function markup() {
  const captions = element("div", "panel captions");
  captions.setAttribute("role", "log");
  captions.setAttribute("part", "captions");
  captions.tabIndex = 0; // What scrolls must be reachable by keyboard.
  const trouble = element("div", "panel trouble");
  trouble.setAttribute("role", "alert");
  trouble.setAttribute("part", "trouble");
  const label = element("span");
  const talk = button("talk", "button");
  talk.append(microphone(), label);
  const end = button("end", "end");
  const state = element("span", "only-heard");
  state.setAttribute("role", "status");
  const hint = element("p", "hint");
  const row = element("div", "row");
  row.append(end, talk);
  const box = element("div", "box");
  box.append(captions, trouble, hint, row, state); // The row last: in a corner nothing moves it.

  function complain(problem: MicrophoneProblem | null): void {
    trouble.hidden = !problem;
    trouble.replaceChildren();
    if (!problem) return;
    const title = element("strong");
    title.textContent = problem.title;
    const what = element("p");
    what.textContent = problem.what;
    const tips = element("ul");
    for (const tip of problem.tips) {
      const item = element("li");
      item.textContent = tip;
      tips.append(item);
    }
    trouble.append(title, what, tips);
  }

  complain(null);
  return { box, captions, talk, label, end, hint, state, complain };
}

function element(name: string, classes = ""): HTMLElement {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  return made;
}

function button(classes: string, part: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = classes;
  made.setAttribute("part", part);
  return made;
}

function microphone(): SVGElement {
  const picture = document.createElementNS(svgNames, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("fill", "none");
  picture.setAttribute("stroke", "currentColor");
  picture.setAttribute("stroke-width", "2");
  picture.setAttribute("stroke-linecap", "round");
  const path = document.createElementNS(svgNames, "path");
  path.setAttribute("d", "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4");
  picture.append(path);
  return picture;
}
