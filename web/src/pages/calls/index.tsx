import type { PageProps } from "../../app/pages";
import "../../styles/calls.css";
import { CallPage } from "./CallPage";
import { CallListPage } from "./CallListPage";

/** All calls, or the one the address names. */
export default function Calls({ rest }: PageProps) {
  const [callId] = rest;
  return callId ? <CallPage key={callId} callId={callId} /> : <CallListPage />;
}
