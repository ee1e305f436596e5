// Mix: the requests that go on while a migration runs, each with values drawn from the snapshot. Without a configured mix
// every table is read and written by its key, which needs to know nothing of the application.

import type { Connection } from "../../engine/connection.ts";
import type { Tenancy } from "../../guarantees/tenancy.ts";
import { type Actor, service, signedIn } from "../../session/actor.ts";
import { quoteIdentifier, quoteLiteral } from "../../sql/identifier.ts";
import type { TrafficQuery } from "../../workload/rehearsal-plan.ts";
import { readStoredTables, type StoredTable } from "../data/stored-tables.ts";

/** One kind of request. */
export interface Request {
  readonly id: string;
  readonly weight: number;
  readonly text: string;
  /** Whether its errors are the application's own, and not those of a guess at what an application does. */
  readonly configured: boolean;
  /** At least one: who asks, and with which values; as the deployer where there is no actor. */
  readonly samples: readonly {
    readonly actor: Actor | undefined;
    readonly values: readonly (string | null)[];
  }[];
}

export interface Mix {
  readonly requests: readonly Request[];
  /** Requests that there is nothing to ask with yet, and why. */
  readonly left: readonly string[];
}

const mostSamples = 1000;

/** The configured requests that this snapshot can be asked, with their values. `superuser` is in the snapshot. */
export async function configuredMix(
  superuser: Connection,
  traffic: readonly TrafficQuery[],
  tenancy: Tenancy,
): Promise<Mix> {
  const requests: Request[] = [];
  const left: string[] = [];
  for (const { id, asker, text, samples, weight = 1 } of traffic) {
    const rows = await sampleRows(superuser, samples);
    if (typeof rows === "string") left.push(`${id}: its samples end in SQLSTATE ${rows}`);
    else if (rows.length === 0) left.push(`${id}: the snapshot has no row to ask with`);
    else
      requests.push({
        ...{ id, weight, text, configured: true },
        samples: rows.map((row) => {
          if (asker === "service") return { actor: service, values: row };
          const [tenant = "", person = "", ...values] = row.map((value) => value ?? "");
          return { actor: signedIn("a member", tenancy.claims({ id: person, tenant })), values };
        }),
      });
  }
  return { requests, left };
}

async function sampleRows(superuser: Connection, samples: string): Promise<(string | null)[][] | string> {
  try {
    const { rows } = await superuser.query({
      text: `select * from (${samples.trim().replace(/;$/, "")}) as sample limit ${mostSamples}`,
      rowMode: "array",
    });
    return (rows as unknown[][]).map((row) => row.map((value) => (value === null ? null : String(value))));
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? "none";
  }
}

/** A read and a write by its key for every table with a key and rows, as whoever runs migrations. */
export async function keyedMix(superuser: Connection): Promise<Mix> {
  const requests: Request[] = [];
  for (const table of await readStoredTables(superuser)) {
    const key = table.columns.filter(({ number }) => table.key.includes(number));
    if (key.length === 0 || /^(auth|storage|extensions|realtime)\./.test(table.name)) continue;
    const list = key.map(({ name }) => `${quoteIdentifier(name)}::text`).join(", ");
    const { rows } = await superuser.query({
      text: `select ${list} from ${table.name} tablesample system (${await sampledPercent(superuser, table)}) limit ${mostSamples}`,
      rowMode: "array",
    });
    const found =
      rows.length > 0
        ? rows
        : (
            await superuser.query({
              text: `select ${list} from ${table.name} limit ${mostSamples}`,
              rowMode: "array",
            })
          ).rows;
    if (found.length === 0) continue;
    const where = key
      .map(({ name, type }, index) => `${quoteIdentifier(name)} = $${index + 1}::${type}`)
      .join(" and ");
    const samples = (found as string[][]).map((values) => ({ actor: undefined, values }));
    const about = { weight: 1, configured: false, samples };
    const one = quoteIdentifier(key[0]?.name ?? "");
    requests.push({ ...about, id: `read ${table.name}`, text: `select * from ${table.name} where ${where}` });
    requests.push({
      ...about,
      id: `write ${table.name}`,
      // It locks the row as any update would, and changes nothing that the application could notice.
      text: `select ${one} from ${table.name} where ${where} for no key update`,
    });
  }
  return { requests, left: [] };
}

/** So much of the table that about as many rows are read as are kept. */
async function sampledPercent(superuser: Connection, { name }: StoredTable): Promise<number> {
  const { rows } = await superuser.query(
    `select greatest(reltuples, 1)::float8 as rows from pg_catalog.pg_class where oid = ${quoteLiteral(name)}::pg_catalog.regclass`,
  );
  return Math.min(100, (mostSamples * 3 * 100) / Math.max(1, (rows[0] as { rows: number }).rows));
}
