/** The server of this page, with what its reader signed in with. */

import type { Server } from "../call/server";
import { credential } from "./client";

export function ourServer(): Server {
  return { url: "", credential: credential() };
}
