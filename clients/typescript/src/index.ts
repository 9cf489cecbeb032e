/** The API of an Antiphon server, typed from its OpenAPI document. */

export { Antiphon, type Options } from "./client.js";
export { ApiError } from "./problem.js";
export { EventsClosed, type LiveEvent } from "./events.js";
export type { components, operations, paths } from "./schema.js";
