import { latencyOf } from "../latency.ts";
import type { LoadResult } from "../result.ts";
import type { Response } from "./inspector.ts";
import type { Call } from "./script.ts";

/** The times of ordinary calls; those of others say nothing about an application. */
export class Ledger {
  private readonly ms = new Map<number, number>();
  private count = 0;
  private failed = 0;

  /** `ms` is absent where the client could not time it. */
  take({ kind, number }: Call, { status }: Response, ms?: number): void {
    if (kind !== "ordinary") return;
    this.count += 1;
    if (status < 200 || status >= 300) this.failed += 1;
    // What is refused early would make the rest look fast.
    else if (ms !== undefined) this.ms.set(number, ms);
  }

  /** What the load was, over `seconds`; `inside` are the gateway's own times, by number. */
  result(
    seconds: number,
    connections: number,
    inside: ReadonlyMap<number, number>,
  ): Omit<LoadResult, "rate" | "dropped" | "lag"> {
    const server = [...this.ms.keys()].flatMap((number) => inside.get(number) ?? []);
    return {
      ...{ requests: this.count, failed: this.failed, seconds, connections },
      perSecond: this.count / seconds,
      client: latencyOf([...this.ms.values()]),
      server: latencyOf(server),
    };
  }
}
