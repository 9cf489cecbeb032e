/** A unified diff, by signs and by colours. */
export function Diff({ text }: { text: string }) {
  if (!text) return <p className="hint">Nothing has changed.</p>;
  return (
    <pre className="diff" tabIndex={0} aria-label="What changes">
      {text.split("\n").map((line, at) => (
        <span key={at} data-kind={kind(line)}>
          {line}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

function kind(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@")) return "head";
  return line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same";
}
