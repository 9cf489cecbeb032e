import type { PageProps } from "../../app/pages";
import "../../styles/live.css";
import "../../styles/talk.css";
import { OneLiveCall } from "./Call";
import { LiveList } from "./List";

export default function Live({ rest }: PageProps) {
  const [id] = rest;
  return id ? <OneLiveCall key={id} id={id} /> : <LiveList />;
}
