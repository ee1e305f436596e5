import type { Named } from "../catalog/model.ts";
import type { Tenure } from "./ownership.ts";
import type { Person, Recipes } from "./recipes.ts";

export interface Tenant {
  readonly id: string;
  readonly people: readonly Person[];
}

export interface PopulationRequest {
  readonly tenants: readonly Tenant[];
  readonly tenancy: Tenure & {
    /** A person's claims; their app_metadata goes into the table of people. Default: the tenant column and the tenant. */
    readonly claims?: ((person: Person) => Record<string, unknown>) | undefined;
  };
  /** The same seed gives the same rows, as far as the database does not choose them itself. */
  readonly seed: number;
  readonly recipes?: Recipes | undefined;
  /** Rows in each tenant table for each person, where its keys allow; default 2. */
  readonly rowsPerPerson?: number | undefined;
  /** Numbers up to this one are in use as keys already, where the database had rows before; default 0. */
  readonly countFrom?: number | undefined;
}

export interface Failure extends Named {
  readonly sqlstate: string;
  readonly message: string;
}
