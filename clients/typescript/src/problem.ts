/** What the server answers when it refuses (RFC 9457). */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** How to put it right, where the server knows; else "". */
    readonly fix: string,
    /** Of a 429: when to ask again. */
    readonly retryAfterS: number | null,
  ) {
    super(`${status}: ${detail}${fix ? ` (${fix})` : ""}`);
    this.name = "ApiError";
  }

  static async of(response: Response): Promise<ApiError> {
    const after = response.headers.get("retry-after") ?? "";
    const problem = await response
      .json()
      .then((body: unknown) => (typeof body === "object" && body !== null ? body : {}))
      .catch(() => ({}));
    const { detail, fix } = problem as { detail?: unknown; fix?: unknown };
    return new ApiError(
      response.status,
      typeof detail === "string" && detail ? detail : response.statusText,
      typeof fix === "string" ? fix : "",
      /^\d+$/.test(after) ? Number(after) : null,
    );
  }
}
