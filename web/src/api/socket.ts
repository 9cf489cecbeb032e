/** A WebSocket of `/v1`: the credential goes along as a subprotocol, because a browser cannot set headers. */

import { credential } from "./client";

export function openSocket(path: string): WebSocket {
  const url = new URL(`/v1${path}`, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const shown = credential();
  const socket = new WebSocket(url, shown ? ["antiphon.v1", `antiphon.token.${shown}`] : ["antiphon.v1"]);
  socket.binaryType = "arraybuffer";
  return socket;
}
