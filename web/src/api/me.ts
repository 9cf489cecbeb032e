/** Who is signed in, for every page that shows or hides something by it. */

import { createContext, useContext } from "react";

export type Me = {
  kind: "local" | "key" | "person" | "token";
  subject: string;
  organisation: string;
  organisation_name: string;
  permissions: string[];
  good_until_ms: number | null;
};

export const MeContext = createContext<Me | null>(null);

export function useMe(): Me | null {
  return useContext(MeContext);
}

/** Of the organisation that runs the installation. */
export const isOperators = (me: Me): boolean => me.organisation === "default";

export function useMay(permission: string): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
