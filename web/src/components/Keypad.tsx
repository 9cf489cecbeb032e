const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const names: Record<string, string> = { "*": "star", "#": "pound" };

export function Keypad({ onPress }: { onPress: (key: string) => void }) {
  return (
    <div className="keypad" role="group" aria-label="Keypad">
      {keys.map((key) => (
        <button key={key} type="button" aria-label={names[key] ?? key} onClick={() => onPress(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
