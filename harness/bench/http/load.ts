// Load: calls made for some seconds, and what came of each. Closed: a connection asks again as soon as it is answered.
// Open: calls are due at times of their own, whether or not the ones before were answered.

import type { Response } from "./inspector.ts";
import type { Call } from "./script.ts";

export interface Load {
  readonly origin: string;
  readonly connections: number;
  readonly seconds: number;
  next(): Call;
  /** What came of a call, and how long it took; `ms` is absent where it could not be timed. */
  take(call: Call, response: Response, ms?: number): void;
  readonly signal?: AbortSignal | undefined;
}

/** There was no answer. */
export const lost: Response = { status: 0, body: "" };
/** How long a client waits for an answer. */
export const patienceMs = 10_000;
