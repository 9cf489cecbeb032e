import { type FormEvent, useEffect, useState } from "react";
import { useApi } from "../../api/useApi";

type Choice = { name: string; label: string; options: [string, string][] };

const choices: Choice[] = [
  {
    name: "outcome",
    label: "Outcome",
    options: ["contained", "escalated", "abandoned", "failed", "unfinished"].map((word) => [word, word]),
  },
  { name: "direction", label: "Direction", options: [["inbound", "inbound"], ["outbound", "outbound"]] },
  { name: "line", label: "Line", options: [["phone", "phone"], ["browser", "browser"], ["loopback", "loopback"]] },
  { name: "state", label: "State", options: [["live", "live"], ["complete", "complete"], ["cut_short", "cut short"]] },
];
const more = ["direction", "line", "state", "end_cause", "number", "longer", "shorter", "slower"];

/** Choosing asks at once; words are asked for when they are complete, by Enter or the button. */
export function Filters({ query, onChange }: { query: URLSearchParams; onChange(values: Record<string, string>): void }) {
  const agents = useApi<{ agents: { name: string }[] }>("/agents");
  const [opened] = useState(() => more.some((name) => query.get(name)));
  const names = [...new Set([...(agents.data?.agents.map((agent) => agent.name) ?? []), query.get("agent") ?? ""])];
  const agent: Choice = { name: "agent", label: "Agent", options: names.filter(Boolean).map((name) => [name, name]) };
  const choose = (choice: Choice) => (
    <label key={choice.name}>
      {choice.label}
      <select value={query.get(choice.name) ?? ""} onChange={(event) => onChange({ [choice.name]: event.target.value })}>
        <option value="">any</option>
        {choice.options.map(([value, words]) => (
          <option key={value} value={value}>{words}</option>
        ))}
      </select>
    </label>
  );
  const field = (name: string, label: string, type: string) => (
    <Field key={name} name={name} label={label} type={type} value={query.get(name) ?? ""} onChange={onChange} />
  );
  return (
    <search className="filters card">
      <Words value={query.get("words") ?? ""} onChange={onChange} />
      <div className="filter-row">
        {choose(agent)}
        {choices.slice(0, 1).map(choose)}
        {field("from", "From", "date")}
        {field("to", "To", "date")}
        <label className="tick">
          <input
            type="checkbox"
            checked={query.get("flagged") === "yes"}
            onChange={(event) => onChange({ flagged: event.target.checked ? "yes" : "" })}
          />
          Flagged
        </label>
      </div>
      <details open={opened}>
        <summary>More filters</summary>
        <div className="filter-row">
          {choices.slice(1).map(choose)}
          {field("end_cause", "Ended by", "text")}
          {field("number", "Number (E.164)", "tel")}
          {field("longer", "At least (seconds)", "number")}
          {field("shorter", "Less than (seconds)", "number")}
          {field("slower", "Answers slower than (ms, p95)", "number")}
        </div>
      </details>
    </search>
  );
}

function Words({ value, onChange }: { value: string; onChange(values: Record<string, string>): void }) {
  const [words, setWords] = useState(value);
  useEffect(() => setWords(value), [value]);
  function submit(event: FormEvent) {
    event.preventDefault();
    onChange({ words: words.trim() });
  }
  return (
    <form className="words" onSubmit={submit}>
      <label htmlFor="words">Words that were said</label>
      <input
        id="words"
        type="search"
        maxLength={200}
        placeholder={'appointment "next week" -cancel'}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <button type="submit" className="primary">Search</button>
    </form>
  );
}

function Field(props: { name: string; label: string; type: string; value: string; onChange(values: Record<string, string>): void }) {
  const [value, setValue] = useState(props.value);
  useEffect(() => setValue(props.value), [props.value]);
  const tell = () => value !== props.value && props.onChange({ [props.name]: value.trim() });
  return (
    <label>
      {props.label}
      <input
        type={props.type}
        min={props.type === "number" ? 0 : undefined}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onBlur={tell}
        onKeyDown={(event) => event.key === "Enter" && tell()}
      />
    </label>
  );
}
