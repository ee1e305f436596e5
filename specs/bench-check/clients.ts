// Clients: the same requests on the same server, by our stopwatch and by pgbench, there and back in each round.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Execution } from "../../harness/bench/bed.ts";
import type { Pair } from "../../harness/bench/paired.ts";
import type { Address } from "../../harness/engine/cluster.ts";
import { connect } from "../../harness/engine/connection.ts";
import { requestPreamble } from "../../harness/session/request.ts";
import { readRoleSettings } from "../../harness/session/role-settings.ts";
import { makeScratch } from "../engine/machines.ts";
import { runPgbench } from "./pgbench.ts";
import type { Order } from "./stopwatch-process.ts";

/** Whether the server keeps the statements, of each client. */
export interface Ways {
  readonly stopwatch: boolean;
  readonly pgbench: boolean;
}

export interface Clients extends AsyncDisposable {
  /** What one round of an execution takes: first pgbench, second the stopwatch. Both send the very same messages. */
  measure(execution: Execution, ways: Ways): Promise<Pair>;
}

/** Of one connection; those before have caches to fill and plans to make. */
const [warmUps, samples] = [40, 100];
const searchPath = ["public", "extensions"];
const stopwatchProcess = fileURLToPath(new URL("stopwatch-process.ts", import.meta.url));

/** Clients of the server at `address`; `program` is pgbench. */
export async function openClients(address: Address, program: string): Promise<Clients> {
  await using connection = await connect(address, { pipeline: true });
  const settings = await readRoleSettings(connection, address);
  const child = execa(process.execPath, ["--import", "tsx", stopwatchProcess], {
    buffer: false,
    stderr: "inherit",
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const byStopwatch = async (execution: Execution, prepared: boolean) => {
    const order: Order = { address, searchPath, execution, prepared, count: warmUps + samples };
    child.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error("the stopwatch's process has ended");
    return (JSON.parse(value) as number[]).slice(warmUps);
  };
  const byPgbench = async ({ actor, text, values }: Execution, prepared: boolean) => {
    await using scratch = await makeScratch();
    const path = searchPath.map((name) => `"${name}"`).join(", ");
    const { steps } = requestPreamble(actor, true, path, settings.get(actor.role) ?? [], {});
    const commands = [...steps, { text, values }, { text: "commit" }];
    const script = { commands, prepared, count: warmUps + samples };
    return (await runPgbench(program, address, script, scratch.folder)).slice(warmUps);
  };
  return {
    // There and back, so that what changes from moment to moment is shared.
    async measure(execution, { stopwatch, pgbench }) {
      const there = await byStopwatch(execution, stopwatch);
      const theirs = [await byPgbench(execution, pgbench), await byPgbench(execution, pgbench)];
      const back = await byStopwatch(execution, stopwatch);
      return { first: theirs.flat(), second: [...there, ...back] };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await child;
    },
  };
}
