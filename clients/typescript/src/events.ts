/** Live events, one after the other, for `for await`. */

export type LiveEvent =
  | { type: "ready"; organisation: string }
  /** Listened too slowly: so many are lost. */
  | { type: "missed"; count: number }
  | {
      type: "call.started" | "call.ended" | "agent.published" | "feedback.given";
      id: string;
      at_ms: number;
      data: Record<string, unknown>;
    };

/** The server closed the connection: 4401 for a credential that is not, or no longer, good; see docs/api.md. */
export class EventsClosed extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
  ) {
    super(`${code}: ${reason || "the connection is gone"}`);
    this.name = "EventsClosed";
  }
}

const doneCode = 1000;
const waitingMax = 1000; // Whoever takes them so slowly had better ask the API how things are.

/** Leaving the loop closes the connection. Throws EventsClosed when the server, or the network, does. */
export async function* listen(
  make: typeof WebSocket,
  url: string,
  credential: string,
): AsyncGenerator<LiveEvent, void, undefined> {
  const protocols = ["antiphon.v1", ...(credential ? [`antiphon.token.${credential}`] : [])];
  const socket = new make(url, protocols);
  const waiting: LiveEvent[] = [];
  let closed: EventsClosed | null = null;
  let wake = () => {};
  socket.onmessage = ({ data }) => {
    if (waiting.length < waitingMax) waiting.push(JSON.parse(String(data)) as LiveEvent);
    else closed ??= new EventsClosed(doneCode, "events are not taken");
    wake();
  };
  socket.onclose = ({ code, reason }) => {
    closed ??= new EventsClosed(code, reason);
    wake();
  };
  try {
    for (;;) {
      const event = waiting.shift();
      if (event) yield event;
      else if (closed) throw closed;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    socket.close(doneCode);
  }
}
