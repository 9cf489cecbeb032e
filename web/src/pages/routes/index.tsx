import { useMay } from "../../api/me";
import { useApi } from "../../api/useApi";
import { href } from "../../app/router";
import { Page } from "../../components/Page";
import { Empty, Failure, Loading } from "../../components/States";
import { Wide } from "../../components/Wide";
import "../../styles/calls.css";
import "../../styles/agents.css";
import "../../styles/access.css";
import { Explain } from "./Explain";
import { RoutesFile } from "./RoutesFile";
import { type Route, type Routes, type Rule, answerWords, whenWords } from "./shapes";

/** Which agent answers which number, when, and for whom. */
export default function RoutesPage() {
  const { data, problem, reload } = useApi<Routes>("/routes");
  const mayWrite = useMay("numbers:write");
  return (
    <Page title="Routes">
      {problem && <Failure problem={problem} onRetry={reload} />}
      {!data && !problem && <Loading />}
      {data && !data.in_force && (
        <Empty title="No routes are in force">
          <p>
            Agents are called by their names. Start the server with <code>antiphon serve --routes FILE</code> to have numbers, hours and shares decide.
          </p>
        </Empty>
      )}
      {data?.in_force && (
        <>
          <p className="hint">
            By the clock of {data.time_zone}
            {data.calls_max > 0 && `; ${data.calls_max} calls at once at most`}. The first rule that holds answers.
          </p>
          {data.changed && (
            <p role="status" className="notice">
              The file says something else by now. It is in force from the next start of the server on.
            </p>
          )}
          <div className="route-cards">
            {data.routes.map((route) => (
              <RouteCard key={route.name} route={route} />
            ))}
          </div>
          <Explain />
          {mayWrite && <RoutesFile routes={data} onWritten={reload} />}
        </>
      )}
    </Page>
  );
}

function RouteCard({ route }: { route: Route }) {
  return (
    <section className="card route-card" aria-label={`Route ${route.name}`}>
      <h2>{route.name}</h2>
      <ul className="to" aria-label="Who is called">
        {route.to.map((called) => (
          <li key={called}>{called === "*" ? "all others" : called}</li>
        ))}
      </ul>
      {route.limit > 0 && <p className="hint">{route.limit} calls at once at most</p>}
      <Wide label={`Rules of ${route.name}, table`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">When</th>
              <th scope="col">Who answers</th>
            </tr>
          </thead>
          <tbody>
            {route.rules.map((rule, index) => (
              <tr key={`${index} ${rule.name}`}>
                <th scope="row">{rule.name || index + 1}</th>
                <td>{whenWords(rule)}</td>
                <td><WhoAnswers rule={rule} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

/** Callers are shared out, always the same ones to the same agent; a bar for each share. */
function WhoAnswers({ rule }: { rule: Rule }) {
  const shares = Object.entries(rule.agents);
  if (!shares.length) return <>{answerWords(rule.answer)}</>;
  return (
    <ul className="rule-answer">
      {shares.map(([agent, percent]) => (
        <li key={agent}>
          <a href={href(["agents", agent])}>{agent}</a>
          {shares.length > 1 && (
            <>
              {" "}
              {percent} % of callers
              <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect width="100" height="4" />
                <rect className="value" width={percent} height="4" />
              </svg>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
