import type { Named } from "../catalog/model.ts";

export type Command = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** Somebody who can sign in: their id in auth.users, and the tenant they belong to. */
export interface Person {
  readonly id: string;
  readonly tenant: string;
}

/** How the subject decides who belongs where; all that experiments assume about it. */
export interface Tenancy {
  /** The table of tenants, and its key. */
  readonly tenants: Named & { readonly key: string };
  /** The column that names the tenant in every other tenant table. */
  readonly column: string;
  /** The claims of a signed-in person, as their JWT would carry them. */
  claims(person: Person): Record<string, unknown>;
  /** What members need: `schema.table` -> commands; a tenant table that is absent here is none of theirs. */
  readonly access: Readonly<Record<string, readonly Command[]>>;
  /** Tables whose tenant column is a record of what was, not a reference: `schema.table` -> why. */
  readonly records: Readonly<Record<string, string>>;
  /** How the subject answers an attempt to change a row's tenant. */
  readonly immutable: { readonly sqlstate: string; readonly message: string };
}
