import type { Verdict } from "../../guarantees/verdict.ts";
import type { Check } from "../findings.ts";

/** Everything that a rehearsal judges, in the order in which it is shown. */
const texts = {
  restore: {
    title: "the snapshot is restored whole",
    effect: "What is rehearsed is not what production holds.",
    remedy: "Look at the errors; supply what the server lacks, or take the dump again.",
  },
  apply: {
    title: "every pending migration applies",
    effect: "The deploy stops half-way, in front of everybody.",
    remedy: "Mend the statement, or the rows that it names, before the deploy.",
  },
  locks: {
    title: "no statement holds others up for long, or reads or rewrites a table while it does",
    effect: "Requests wait in line until the statement's transaction is over.",
    remedy:
      "CREATE INDEX CONCURRENTLY; NOT VALID first and VALIDATE later; change types by a new column; keep strong locks for short transactions of their own.",
  },
  traffic: {
    title: "requests go on while the migrations run",
    effect: "Users see time-outs and errors during the deploy.",
    remedy:
      "Split the statement that they waited for; keep what the application reads until it no longer does.",
  },
  queue: {
    title: "behind a long reader or writer a migration gives up before others have waited long",
    effect: "One slow report and one quick ALTER TABLE together stop the application.",
    remedy: "Set lock_timeout below what users bear, and run the file again when it gives up.",
  },
  data: {
    title: "no row is lost or changed but as intended",
    effect: "Data of production are gone or wrong, and nobody was told.",
    remedy:
      "Mend the statement, or write '-- changes data: schema.table[.column], because ...' into the migration.",
  },
  keys: {
    title: "every foreign key holds for every row",
    effect: "Rows point to nothing, and what joins them loses them.",
    remedy: "Remove or mend the rows, which are named by their keys.",
  },
  isolation: {
    title: "real tenants do not reach each other's rows, and reach their own",
    effect: "One customer sees another one's data.",
    remedy: "Mend the policy or the grant that the statement shows.",
  },
  rollback: {
    title: "the way back restores catalog and data, or refuses",
    effect: "A deploy that goes wrong cannot be undone, or its undoing loses rows.",
    remedy: "Complete the rollback script; have it refuse while there are rows that it would drop.",
  },
} as const;

export type CheckId = keyof typeof texts;

/** In the order in which they are shown. */
export const checkIds = Object.keys(texts) as readonly CheckId[];

/** The check of that id with its verdict. */
export function concludeCheck(id: CheckId, verdict: Verdict, durationMs: number): Check {
  return { id, ...texts[id], verdict, durationMs };
}
