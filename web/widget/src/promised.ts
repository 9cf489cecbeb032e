/** Compiles only while the element is what `widget.d.ts` tells the users of the package. */

import type { AntiphonVoice as Promised } from "../widget";
import type { AntiphonVoice } from "./element";

type Kept = Pick<Promised, "getToken" | "pushToTalk" | "start" | "end" | "talk" | "press">;

export const kept = (element: AntiphonVoice): Kept => element;
