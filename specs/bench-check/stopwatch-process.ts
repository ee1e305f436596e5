// The stopwatch in a process of its own, as a bench has it: around specs there is much that makes any client slower.
// Reads one order a line, and answers each with a line: what its executions took, in milliseconds.
import { createInterface } from "node:readline";
import type { Execution } from "../../harness/bench/bed.ts";
import type { Address } from "../../harness/engine/cluster.ts";
import { openStopwatch } from "../../harness/session/stopwatch.ts";

export interface Order {
  readonly address: Address;
  readonly searchPath: readonly string[];
  readonly execution: Execution;
  readonly prepared: boolean;
  /** Executions on one new connection. */
  readonly count: number;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { address, searchPath, execution, prepared, count } = JSON.parse(line) as Order;
  await using stopwatch = await openStopwatch(address, { searchPath });
  const times: number[] = [];
  while (times.length < count) times.push((await stopwatch.time({ ...execution, prepared })).elapsedMs);
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
