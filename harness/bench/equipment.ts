// Equipment: what guards and records a database besides its tables; each part can be gone without for a while.

import type { Connection } from "../engine/connection.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import { loadSql } from "../sql/load.ts";
import { asSuperuser, type Bed } from "./bed.ts";

/** What connections that are opened from now on go with. */
export interface Equipment {
  readonly rls: boolean;
  readonly pgaudit: boolean;
  readonly triggers: boolean;
}

/** What there is to be turned off and on again; names are in SQL. */
export interface Guards {
  /** Tables of the workload under row level security. */
  readonly tables: readonly string[];
  /** Triggers that write the audit log. */
  readonly triggers: readonly { readonly table: string; readonly name: string }[];
  /** `pgaudit.log` of whoever requests come in as; undefined where it is not set, or the server has no pgAudit. */
  readonly pgauditLog: string | undefined;
}

const query = loadSql(import.meta.url, "guards.sql");

/** What guards the tables of the bed's workload. */
export async function readGuards({ workload, ...bed }: Bed): Promise<Guards> {
  const tables = workload.sheets.map(
    ({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
  );
  return asSuperuser({ workload, ...bed }, async (connection) => {
    const { rows } = await connection.query<{
      tables: string[];
      triggers: { table: string; name: string }[];
      pgaudit_log: string | null;
    }>(query, [tables, workload.auditFunction ?? ""]);
    const [row] = rows;
    return {
      tables: row?.tables ?? [],
      triggers: row?.triggers ?? [],
      pgauditLog: row?.pgaudit_log ?? undefined,
    };
  });
}

/** The database is equipped so, for connections that are opened from now on; nobody may be in it meanwhile. */
export async function equip(
  connection: Connection,
  bed: Bed,
  { tables, triggers, pgauditLog }: Guards,
  wanted: Equipment,
): Promise<void> {
  const state = (on: boolean) => (on ? "enable" : "disable");
  const role = `alter role authenticator in database ${quoteIdentifier(bed.database.name)}`;
  const commands = [
    ...tables.map((table) => `alter table ${table} ${state(wanted.rls)} row level security`),
    ...triggers.map(({ table, name }) => `alter table ${table} ${state(wanted.triggers)} trigger ${name}`),
    ...(pgauditLog === undefined
      ? []
      : [`${role} set pgaudit.log = ${quoteLiteral(wanted.pgaudit ? pgauditLog : "none")}`]),
  ];
  if (commands.length > 0) await connection.query(`begin; ${commands.join("; ")}; commit`);
}
