/** A picture the caller chooses, made small enough to be shown during a call. */

const longestSidePx = 1024; // Models look at no more than that.
const lengthMaxBytes = 500_000; // As the server has it.
const qualities = [0.8, 0.6, 0.4];

/** JPEG of a photograph or a picture file. Throws when the browser cannot read it or it stays too large. */
export async function shrink(file: File): Promise<ArrayBuffer> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSidePx / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const quality of qualities) {
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && blob.size <= lengthMaxBytes) return blob.arrayBuffer();
  }
  throw new Error("The picture is too large.");
}
