// Script: a file of SQL, read and parsed. Migration: a script that changes a schema, with what it requires.
// Rollback: the script that takes a migration back. Plan: migrations in the order in which they run.
// Way: how a file goes to the server: pasted whole, statement by statement as psql does, or wrapped in a transaction.
import type { Script } from "./script.ts";

export interface Migration extends Script {
  /** For people: "create contacts table". */
  readonly title: string;
  readonly rollback: Script | undefined;
}

/** Migrations in an order in which each comes after all that it requires. */
export type Plan = readonly Migration[];
