/** Whose agents are called, and what is shown there. */

export type Server = {
  /** Without a slash at its end; "" is the server this page came from. */
  url: string;
  /** A token or key; "" where none is asked for. */
  credential: string;
};

export function shown(server: Server): Record<string, string> {
  return server.credential ? { authorization: `Bearer ${server.credential}` } : {};
}
