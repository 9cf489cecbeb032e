/** The agents on offer. */

import { problemWords } from "./connection";
import { type Server, shown } from "./server";

export type Agent = { name: string; title: string; role: string; language: string; push_to_talk?: boolean };
export type Offer = { agents: Agent[]; ice_servers: RTCIceServer[] };

export async function fetchAgents(server: Server): Promise<Offer> {
  const response = await fetch(`${server.url}/api/agents`, { headers: shown(server) });
  if (!response.ok) throw new Error(await problemWords(response));
  const offer = (await response.json()) as { agents: Agent[]; ice_servers: Record<string, string | null>[] };
  // The browser refuses null where a credential is simply absent.
  const iceServers = offer.ice_servers.map((server) =>
    Object.fromEntries(Object.entries(server).filter(([, value]) => value !== null)),
  );
  return { agents: offer.agents, ice_servers: iceServers as unknown as RTCIceServer[] };
}
