import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../engine/cluster.ts";
import { openDirect } from "../../session/session.ts";
import { loadSql } from "../../sql/load.ts";
import type { Gateway } from "./gateway.ts";

/** Asked on each connection of a pool: what requests have left on it. */
export const leftoverSql = loadSql(import.meta.url, "leftovers.sql");
const openTransactions = loadSql(import.meta.url, "open-transactions.sql");

/** What was looked at, and what was found. */
export interface Leftovers {
  readonly connections: number;
  /** "role service_role", "request.jwt.claims", "an open transaction": one entry a connection and kind. */
  readonly found: readonly string[];
}

/** Longer than a transaction takes whose client is gone already. */
const lingeringMs = 500;

/** What the requests of a gateway, whose clients are all gone, left on its connections to the database. */
export async function findLeftovers(gateway: Gateway, authenticator: Address): Promise<Leftovers> {
  const looks = await gateway.survey();
  // A connection cannot tell of itself whether it was inside a transaction before it was asked.
  const open = await staysOpen(authenticator);
  const found = looks.flatMap((look) => {
    // 25P02 and its like: a transaction that failed is still there, and nothing else can be asked.
    if (!look.ok) return [look.sqlstate === "25P02" ? "a failed transaction" : `error ${look.sqlstate}`];
    const left = look.rows.flatMap(({ what }) => (typeof what === "string" ? [what] : []));
    return open.has(look.rows[0]?.pid) ? ["an open transaction", ...left] : left;
  });
  return { connections: looks.length, found };
}

/** The connections on which a transaction is open and stays so; others are about to end theirs. */
async function staysOpen(authenticator: Address): Promise<ReadonlySet<unknown>> {
  await using outside = openDirect(authenticator, { size: 1 });
  const look = () => outside.reads(openTransactions);
  const before = await look();
  if (before.length === 0) return new Set();
  await sleep(lingeringMs);
  const same = (await look()).filter(({ pid, begun }) =>
    before.some((one) => one.pid === pid && one.begun === begun),
  );
  return new Set(same.map(({ pid }) => pid));
}
