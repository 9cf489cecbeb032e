/** The pages there are. Each is a file of its own that is fetched when it is first opened. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** `rest`: the address behind the page's own segment, `#/calls/ID` gives ["ID"]. */
export type PageProps = { rest: string[] };

export type PageEntry = {
  path: string;
  title: string;
  /** The permission without which the server would refuse all of it; "" for none. */
  needs: string;
  /** Reached by a link somebody was given, not by the navigation. */
  unlisted?: true;
  /** Of no use to any but the installation's own organisation. */
  forOperators?: true;
  view: LazyExoticComponent<ComponentType<PageProps>>;
};

export const pages: PageEntry[] = [
  { path: "overview", title: "Overview", needs: "calls:read", view: lazy(() => import("../pages/overview")) },
  { path: "live", title: "Live", needs: "calls:read", view: lazy(() => import("../pages/live")) },
  { path: "calls", title: "Calls", needs: "calls:read", view: lazy(() => import("../pages/calls")) },
  { path: "agents", title: "Agents", needs: "agents:read", view: lazy(() => import("../pages/agents")) },
  { path: "routes", title: "Routes", needs: "numbers:read", forOperators: true, view: lazy(() => import("../pages/routes")) },
  { path: "organisations", title: "Organisations", needs: "organisations:read", view: lazy(() => import("../pages/organisations")) },
  { path: "shared", title: "Shared call", needs: "", unlisted: true, view: lazy(() => import("../pages/shared")) },
  { path: "talk", title: "Talk", needs: "talk", view: lazy(() => import("../pages/talk")) },
];

/** What the bare address shows: whoever has just started a server wants to talk to it. */
export const first = "talk";
/** Instead, for whoever may not talk to agents. */
export const firstForReaders = "overview";
