import type { Proof } from "../../guarantees/proof.ts";
import type { QueueTest } from "../queue.ts";
import type { TrafficSummary } from "../traffic/summary.ts";
import type { FileRun, Waiter } from "../watch/facts.ts";
import { sqlMode } from "../watch/lock-modes.ts";
import { toldMs } from "./words.ts";

/** Nobody's request waits long while the migrations run, and none fails that did not before. */
export function judgeTraffic(
  { summary, files }: { readonly summary: TrafficSummary; readonly files: readonly FileRun[] },
  maxStallMs: number,
  proof: Proof,
): void {
  const { phases, longestStall, newErrors, asked } = summary;
  if (asked.length === 0) {
    proof.doubted("there was nothing to ask this snapshot");
    return;
  }
  const during = phases.find(({ phase }) => phase === "during");
  const before = phases.find(({ phase }) => phase === "before");
  proof.held(during?.requests ?? 0);
  if (during && during.requests === 0) {
    // Nobody is held up for longer than all of it takes.
    if (during.seconds * 1000 < maxStallMs) proof.held();
    else proof.doubted("no request came while the migrations ran");
  }
  const waits = files.flatMap(({ file, waiters }) => waiters.map((waiter) => ({ file, waiter })));
  const worst = [...waits].sort((a, b) => b.waiter.waitedMs - a.waiter.waitedMs)[0];
  if (longestStall && longestStall.ms >= maxStallMs) {
    const cause = worst ? `; ${toldWait(worst.file, worst.waiter)}` : "; nobody waited for a lock";
    const what = `a request (${longestStall.id}) took ${toldMs(longestStall.ms)}${cause}`;
    // A machine that is as slow without any migration says nothing of the migration.
    if (!worst && before && before.longest >= maxStallMs / 2)
      proof.doubted(
        `${what}, and one took ${toldMs(before.longest)} before any migration: the machine is busy`,
      );
    else
      proof.broke(
        what,
        worst ? `-- ${worst.file}:${worst.waiter.line ?? 1}` : "-- see the traffic beside it",
      );
  }
  // By name and column an application may ask otherwise than we guess.
  for (const { id, sqlstate, times, phase, configured } of newErrors)
    if (!configured && /^42/.test(sqlstate))
      proof.doubted(
        `${id} ends in SQLSTATE ${sqlstate} ${phase} the migrations: name the application's requests in rehearsal.traffic`,
      );
    else
      proof.broke(
        `${times} of the requests ${id} ended in SQLSTATE ${sqlstate} ${phase} the migrations, and none before`,
        `-- ${id}`,
      );
}

function toldWait(file: string, { table, mode, waitedMs, line }: Waiter): string {
  return `${file}:${line ?? 1} had it wait for ${sqlMode(mode)} on ${table} for ${toldMs(waitedMs)}`;
}

/** Behind somebody who uses a table for long, a migration gives up before others have waited long behind it. */
export function judgeQueues(tests: readonly QueueTest[], maxStallMs: number, proof: Proof): void {
  proof.held(Math.max(1, tests.length));
  for (const { file, table, mode, bystander, stallMs, waitedMs, gaveUp, untried } of tests)
    if (untried !== undefined) proof.doubted(`${file} behind ${bystander} of ${table}: ${untried}`);
    else if (stallMs >= maxStallMs)
      proof.broke(
        `${file} waits for ${mode} on ${table} behind ${bystander}${gaveUp ? ` until it gives up (SQLSTATE ${gaveUp})` : ` for ${toldMs(waitedMs)} and more`}; whoever came next waited ${toldMs(stallMs)}`,
        `-- in one session: begin; lock table ${table} in ${bystander === "a long reader" ? "access share" : "row exclusive"} mode;\n-- in another: ${file}\n-- in a third: select 1 from ${table} limit 1; -- waits`,
      );
    else if (waitedMs > 0)
      proof.measured(
        `${file} behind ${bystander} of ${table}: others waited ${toldMs(stallMs)} at most${gaveUp ? `, then it gave up (SQLSTATE ${gaveUp}): run it again` : ""}`,
      );
}
