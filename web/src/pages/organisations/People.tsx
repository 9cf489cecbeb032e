import { type FormEvent, useState } from "react";
import { type ApiProblem, problemFrom, request } from "../../api/client";
import { useMay, useMe } from "../../api/me";
import { useApi } from "../../api/useApi";
import { onDay } from "../../app/words";
import { Failure, Loading } from "../../components/States";

type Member = { id: string; email: string; role: string; joined: boolean; created_at_ms: number };

const roles = ["owner", "builder", "operator", "reviewer", "auditor"];

/** Those who come in by the identity provider, and as what; of one's own organisation. */
export function People() {
  const may = useMay("members:read");
  const mayWrite = useMay("members:write");
  const me = useMe();
  const { data, problem, reload } = useApi<{ members: Member[] }>(may ? "/members" : null);
  const [trouble, setTrouble] = useState<ApiProblem | null>(null);
  if (!may) return null;
  const act = (path: string, method: "POST" | "PATCH" | "DELETE", body?: unknown) =>
    request(`/members${path}`, { method, ...(body ? { body } : {}) }).then(
      () => {
        setTrouble(null);
        reload();
        return true;
      },
      (error: unknown) => {
        setTrouble(problemFrom(error));
        reload(); // What was chosen and refused is not shown as if it were so.
        return false;
      },
    );
  return (
    <section className="card people" aria-labelledby="people">
      <h2 id="people">People of {me?.organisation_name || "your organisation"}</h2>
      {problem && <Failure problem={problem} onRetry={reload} />}
      {!data && !problem && <Loading />}
      {data?.members.length === 0 && <p className="hint">Nobody has been invited; whoever comes shows a key.</p>}
      {data && data.members.length > 0 && (
        <table className="stacked">
          <caption className="hidden-words">People</caption>
          <thead>
            <tr>
              <th scope="col">E-mail</th>
              <th scope="col">Role</th>
              <th scope="col">Since</th>
              <th scope="col"><span className="hidden-words">Acts</span></th>
            </tr>
          </thead>
          <tbody>
            {data.members.map((one) => (
              <tr key={one.id}>
                <th scope="row" data-title="E-mail">{one.email}</th>
                <td data-title="Role">
                  {mayWrite ? (
                    <RoleChoice label={`Role of ${one.email}`} role={one.role} onChoose={(role) => void act(`/${encodeURIComponent(one.id)}`, "PATCH", { role })} />
                  ) : (
                    one.role
                  )}
                </td>
                <td data-title="Since">{onDay(one.created_at_ms)}{one.joined ? "" : ", not yet here"}</td>
                <td data-title="">
                  {mayWrite && (
                    <button type="button" className="quiet" onClick={() => void act(`/${encodeURIComponent(one.id)}`, "DELETE")}>
                      Remove<span className="hidden-words"> {one.email}</span>
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {mayWrite && <Invite onInvite={(email, role) => act("", "POST", { email, role })} />}
      {trouble && <Failure problem={trouble} />}
    </section>
  );
}

function RoleChoice({ label, role, onChoose }: { label: string; role: string; onChoose(role: string): void }) {
  return (
    <select aria-label={label} value={role} onChange={(event) => onChoose(event.target.value)}>
      {roles.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}

function Invite({ onInvite }: { onInvite(email: string, role: string): Promise<boolean> }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("reviewer");
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (await onInvite(email.trim(), role)) setEmail("");
  }
  return (
    <form className="controls start" onSubmit={(event) => void submit(event)}>
      <label>
        E-mail <input type="email" required maxLength={320} value={email} onChange={(event) => setEmail(event.target.value)} />
      </label>
      <label>
        Role <RoleChoice label="Role of the invited" role={role} onChoose={setRole} />
      </label>
      <button type="submit" disabled={!email.trim()}>Invite</button>
    </form>
  );
}
