import type { Connection } from "../../engine/connection.ts";
import { loadSql } from "../../sql/load.ts";
import type { OldTable } from "./facts.ts";

const listTables = loadSql(import.meta.url, "old-tables.sql");

/** The tables of a snapshot, and how to know them again whatever they are called by then. */
export class OldTables {
  readonly all: readonly OldTable[];
  private readonly byOid: ReadonlyMap<number, OldTable>;
  private readonly indexNames: ReadonlyMap<number, string>;

  private constructor(rows: readonly Row[]) {
    this.all = rows.map(({ oid, name, rows }) => ({ oid, name, rows }));
    this.byOid = new Map(this.all.map((table) => [table.oid, table]));
    this.indexNames = new Map(rows.flatMap(({ indexes }) => indexes.map(({ oid, name }) => [oid, name])));
  }

  /** Those of the connection's database, the snapshot before anything was applied to it; it must have been analyzed. */
  static async read(connection: Connection): Promise<OldTables> {
    return new OldTables((await connection.query(listTables)).rows as Row[]);
  }

  /** The old table of that OID; undefined where the migrations made it. */
  get(oid: number): OldTable | undefined {
    return this.byOid.get(oid);
  }

  /** The name that the table or index of that OID had in the snapshot; undefined where it is new. */
  nameOf(oid: number): string | undefined {
    return this.byOid.get(oid)?.name ?? this.indexNames.get(oid);
  }
}

type Row = OldTable & { readonly indexes: readonly { readonly oid: number; readonly name: string }[] };
