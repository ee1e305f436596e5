// What a project says of how its migrations reach production; all of it may be left out.

import type { Asker } from "./workload.ts";

/** One request of the application, asked again and again while a migration runs. */
export interface TrafficQuery {
  /** Kebab-case, unique among the traffic. */
  readonly id: string;
  readonly title: string;
  readonly asker: Asker;
  /** With $1, $2, ... */
  readonly text: string;
  /**
   * A query whose rows are the values to ask with, as text, in the order of $1, $2, ...; of a member's request its first
   * two columns are the tenant and the person who asks. Run once as a superuser in the snapshot; at most 1,000 rows are kept.
   */
  readonly samples: string;
  /** How often beside the others; default 1. */
  readonly weight?: number;
}

/** What is run, statement by statement, where a file stops with this SQLSTATE as it should; then the file runs again. */
export interface Remedy {
  /** The file's name, with or without .sql. */
  readonly file: string;
  readonly sqlstate: string;
  readonly statements: readonly string[];
}

export interface RehearsalPlan {
  readonly traffic?: readonly TrafficQuery[];
  readonly remedies?: readonly Remedy[];
  /** The setting that lets a rollback drop rows, and its value; default tenantproof.allow_data_loss = on. */
  readonly lossSetting?: { readonly name: string; readonly value: string };
  /** Columns, `schema.table.column`, that --mask leaves as they are. */
  readonly unmasked?: readonly string[];
}
