import { type ChangeEvent, useRef } from "react";

/** Show the agent a picture: on a telephone the camera opens, elsewhere a file is chosen. */
export function ShowButton({ onShow }: { onShow: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = ""; // The same picture may be shown again.
    if (file) onShow(file);
  };
  return (
    <>
      <input ref={input} type="file" accept="image/*" capture="environment" hidden onChange={choose} />
      <button type="button" onClick={() => input.current?.click()}>
        Show a picture
      </button>
    </>
  );
}
