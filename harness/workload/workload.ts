// Workload: what an application asks of its database, how fast it wants the answers, and how much is in there.
// Query: one statement of the application as it goes over the wire, with another draw of its values each time.
// Sheet: how the rows of one table are made, at any scale. Chore: what is run every week or month while others work.
// Removal: a delete that takes others' rows with it.

import type { Named } from "../catalog/model.ts";
import type { Draw } from "./draw.ts";
import type { Place } from "./scale.ts";

/** Who asks: somebody signed in, under row level security, or the backend. */
export type Asker = "member" | "service";

export interface Query {
  /** Kebab-case, unique in the workload. */
  readonly id: string;
  /** What it is for: "the 50 contacts last updated". */
  readonly title: string;
  readonly asker: Asker;
  /** With $1, $2, ...; their types are the server's to find out, as PostgREST leaves them. */
  readonly text: string;
  /** The values of one execution, in text form. */
  readonly values: (place: Place, draw: Draw) => readonly (string | null)[];
  /** The 99th percentile of its latency must be below; absent: nobody has promised any. Milliseconds. */
  readonly targetMs?: number;
  /** Whether it writes; such a transaction is committed. Default false. */
  readonly writes?: boolean;
  /**
   * The same question with the tenancy written out, for where no policy adds it; `values` are followed by those that it
   * adds. Absent: what the policies cost this query cannot be told.
   */
  readonly unprotected?: {
    readonly text: string;
    readonly added: (place: Place, person: string) => readonly string[];
  };
  /** Rows of tables or indexes that it may read besides those that its plan returns or counts; default 0. */
  readonly mayPassOver?: number;
}

/** A value of a COPY in text form; null is NULL. */
export type Cell = string | null;

export interface Sheet extends Named {
  readonly columns: readonly string[];
  /** How many rows the place has; default its share of the scale's rows, and none for the one that is removed. */
  readonly rowsOf?: (place: Place) => number;
  /** The row of that number, from 0, of the place; the same for the same arguments. */
  readonly row: (place: Place, n: number, draw: Draw) => readonly Cell[];
}

/** What a table takes for 1,000 rows, indexes included. */
export interface Size extends Named {
  /** What somebody said; shown beside what is measured. Kilobytes. */
  readonly saidKb?: number;
  /** More than that breaks the promise. Kilobytes. */
  readonly mostKb: number;
}

export interface Chore {
  readonly id: string;
  readonly title: string;
  /** One statement, outside any transaction. */
  readonly sql: string;
  readonly as: "deployer" | "service";
  /** The table that others read and write meanwhile. */
  readonly table: Named;
  /** How long others may wait for a lock; milliseconds. */
  readonly longestWaitMs: number;
}

export interface Removal {
  readonly id: string;
  readonly title: string;
  readonly as: "member" | "service" | "deployer";
  /** Of one row, with $1, ...; it is rolled back. */
  readonly text: string;
  readonly values: (place: Place, draw: Draw) => readonly string[];
  /** Milliseconds: at the 99th percentile where it is repeated often, and each time where it is not. */
  readonly targetMs: number;
  /** Where: in the median or the largest tenant, or in the one that was made to be removed. */
  readonly where: "median" | "largest" | "removed";
  /** How often it is measured; default 300. */
  readonly times?: number;
}

export interface Workload {
  /** In the order in which foreign keys let them be filled. */
  readonly sheets: readonly Sheet[];
  readonly queries: readonly Query[];
  /** Settings that the host has in production and queries are planned under; the database that is measured has them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The column that says whose a row is, where only one person of the tenant may see it; absent: there is none. */
  readonly personColumn?: string;
  /** The function, `schema.name`, of the triggers that write the audit log; what these cost is measured. */
  readonly auditFunction?: string;
  readonly sizes: readonly Size[];
  readonly chores: readonly Chore[];
  readonly removals: readonly Removal[];
}
