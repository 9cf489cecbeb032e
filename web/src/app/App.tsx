import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { type ApiProblem, onSignedOut, problemFrom, request } from "../api/client";
import { type Me, MeContext } from "../api/me";
import { Boundary } from "../components/Boundary";
import { Page } from "../components/Page";
import { Failure, Loading } from "../components/States";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";
import { first, firstForReaders, pages } from "./pages";
import { href, useRoute } from "./router";

/** `shut`: whoever was in has to show again who he is; until then his page is kept, and not seen. */
type Entry =
  | { state: "asking" }
  | { state: "stranger" }
  | { state: "in"; me: Me }
  | { state: "shut"; me: Me }
  | { state: "failed"; problem: ApiProblem };

/** Which page, and whether its reader has to say who he is first. */
export function App() {
  const { segments } = useRoute();
  const [entry, askAgain, enter] = useEntry();
  const me = "me" in entry ? entry.me : null;
  const readsOnly = me !== null && !me.permissions.includes("talk");
  const here = segments[0] ?? (readsOnly ? firstForReaders : first);
  return (
    <MeContext value={me}>
      <Shell here={here} me={me}>
        <Boundary key={here}>
          <Suspense fallback={<Loading />}>
            <Content here={here} rest={segments.slice(1)} entry={entry} askAgain={askAgain} enter={enter} />
          </Suspense>
        </Boundary>
      </Shell>
    </MeContext>
  );
}

function Content(props: { here: string; rest: string[]; entry: Entry; askAgain(): void; enter(me: Me): void }) {
  const page = pages.find((known) => known.path === props.here);
  if (!page) {
    return (
      <Page title="No such page">
        <p>
          Perhaps you want the <a href={href(["calls"])}>calls</a>.
        </p>
      </Page>
    );
  }
  if (page.needs === "") return <page.view rest={props.rest} />;
  if (props.entry.state === "asking") return <Loading />;
  if (props.entry.state === "stranger") return <SignIn onSignedIn={props.enter} />;
  if (props.entry.state === "failed") {
    return (
      <Page title={page.title}>
        <Failure problem={props.entry.problem} onRetry={props.askAgain} />
      </Page>
    );
  }
  const shut = props.entry.state === "shut";
  const whose = props.entry.me.organisation; // Another's hands find nothing of it.
  return (
    <>
      {shut && <SignIn again onSignedIn={props.enter} />}
      <div className="kept" hidden={shut} key={whose}>
        <page.view rest={props.rest} />
      </div>
    </>
  );
}

function useEntry(): [Entry, () => void, (me: Me) => void] {
  const [entry, setEntry] = useState<Entry>({ state: "asking" });
  const ask = useCallback(() => {
    setEntry({ state: "asking" });
    request<Me>("/me").then(
      (me) => setEntry({ state: "in", me }),
      (error: unknown) => {
        const problem = problemFrom(error);
        setEntry(problem.status === 401 ? { state: "stranger" } : { state: "failed", problem });
      },
    );
  }, []);
  useEffect(ask, [ask]);
  const held = useRef<Element | null>(null);
  useEffect(
    () =>
      onSignedOut((why) => {
        held.current ??= document.activeElement; // The first time, before anything was asked.
        setEntry((known) => (why === "expired" && "me" in known ? { state: "shut", me: known.me } : { state: "stranger" }));
      }),
    [],
  );
  const state = entry.state;
  useEffect(() => {
    if (state !== "in") return;
    if (held.current instanceof HTMLElement && held.current.isConnected) held.current.focus();
    held.current = null;
  }, [state]);
  return [entry, ask, useCallback((me: Me) => setEntry({ state: "in", me }), [])];
}
