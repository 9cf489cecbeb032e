import { Component, type ReactNode } from "react";
import { problemFrom } from "../api/client";
import { Failure } from "./States";

/** A page that breaks takes nothing else down. Keyed by page, so that going elsewhere starts anew. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Failure problem={problemFrom(this.state.error)} onRetry={() => window.location.reload()} />;
  }
}
