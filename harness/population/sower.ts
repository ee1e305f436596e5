import type { Connection } from "../catalog/connection.ts";
import { key } from "../catalog/schema.ts";
import type { Way } from "./demand.ts";
import { type DraftSources, draftRow, type Fullness, fullnesses, type Row } from "./draft.ts";
import type { Plot } from "./ownership.ts";
import type { Person } from "./recipes.ts";
import type { Failure, PopulationRequest, Tenant } from "./request.ts";
import { insertRows, type Refusal, readRows } from "./store.ts";

/** A table with the ways to satisfy its checks. */
export interface Field {
  readonly plot: Plot;
  readonly ways: readonly Way[];
}

interface Manner {
  readonly way: Way;
  readonly fullness: Fullness;
}

interface Place {
  readonly tenant: Tenant | undefined;
  readonly person: Person | undefined;
  readonly turn: number;
}

// How far to look for a combination of parents and labels that no key has yet.
const mostTurns = 16;

/** Fills one table after the other and remembers whose rows are where. Its connection is in a transaction. */
export class Sower {
  private readonly found = new Map<string, Map<string | undefined, Row[]>>();
  private readonly manners = new Map<string, Manner>();
  private readonly taken = new Map<string, Set<string>>();
  private readonly sources: DraftSources;
  private count: number;

  constructor(
    private readonly connection: Connection,
    private readonly request: PopulationRequest,
  ) {
    const { tenancy } = request;
    this.count = request.countFrom ?? 0;
    this.sources = {
      seed: request.seed,
      recipes: request.recipes ?? {},
      next: () => {
        this.count += 1;
        return this.count;
      },
      parents: (target, tenant) => [
        ...this.rowsOf(target, tenant),
        ...(tenant ? this.rowsOf(target, undefined) : []),
      ],
      metadata: (person) => tenancy.claims?.(person).app_metadata ?? { [tenancy.column]: person.tenant },
    };
  }

  rows(table: string, tenant: string): readonly Row[] {
    return this.rowsOf(table, tenant);
  }

  private rowsOf(table: string, tenant: string | undefined): readonly Row[] {
    return this.found.get(table)?.get(tenant) ?? [];
  }

  /** Gives the table its rows; answers why when a tenant, or a table of nobody's, is left without. */
  async sow(field: Field): Promise<Failure | undefined> {
    const { plot } = field;
    await this.look(plot);
    const places = this.placesOf(plot);
    let refusal: Refusal | undefined;
    if (places.length > 0) {
      refusal = await this.sowTogether(field, places);
      if (refusal) await this.sowOneByOne(field, places);
      await this.look(plot);
    }
    const bare = this.heirs(plot).filter((tenant) => this.rowsOf(key(plot.table), tenant?.id).length === 0);
    if (bare.length === 0) return undefined;
    const { schema, name } = plot.table;
    return {
      schema,
      name,
      ...(refusal ?? { sqlstate: "", message: "its keys leave room for no row of its own" }),
    };
  }

  /** A row that has not been inserted, made the way that the server accepted; undefined where keys leave no room. */
  fresh({ plot, ways }: Field, tenant: string, person: Person | undefined): Row | undefined {
    const manner = this.manners.get(key(plot.table)) ?? { way: ways[0] ?? {}, fullness: "full" };
    const people = this.request.tenants.find(({ id }) => id === tenant)?.people ?? [];
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const someone = person ?? people[turn % people.length];
      const row = draftRow({ plot, tenant, person: someone, turn, ...manner, newcomer: true }, this.sources);
      if (this.isFree(plot, row)) return row;
    }
    return undefined;
  }

  /** Reads what is in the table now, and whose it is. */
  async look(plot: Plot): Promise<void> {
    const { table, owner } = plot;
    const groups = new Map<string | undefined, Row[]>();
    const put = (tenant: string | undefined, row: Row) =>
      groups.set(tenant, [...(groups.get(tenant) ?? []), row]);
    const { tenants } = this.request;
    if (owner.by === "nobody") {
      for (const row of await readRows(this.connection, table, { limit: 20 })) put(undefined, row);
    } else {
      const owners = new Map<string, string>();
      let column = owner.by === "parent" ? "" : owner.column;
      let target = column;
      if (owner.by === "tenant") for (const { id } of tenants) owners.set(id, id);
      if (owner.by === "person")
        for (const { id, people } of tenants) for (const person of people) owners.set(person.id, id);
      if (owner.by === "parent") {
        const { foreignKey } = owner;
        const place = foreignKey.columns.length - 1;
        column = foreignKey.columns[place] as string;
        target = foreignKey.target.columns[place] as string;
        for (const { id } of tenants) {
          for (const row of this.rowsOf(key(foreignKey.target), id)) owners.set(row[target] ?? "", id);
        }
      }
      if (owners.size > 0) {
        const rows = await readRows(this.connection, table, { column, values: [...owners.keys()] });
        for (const row of rows) put(owners.get(row[column] ?? ""), row);
      }
    }
    this.found.set(key(table), groups);
    for (const rows of groups.values()) for (const row of rows) this.take(plot, row);
  }

  private heirs(plot: Plot): readonly (Tenant | undefined)[] {
    return plot.owner.by === "nobody" ? [undefined] : this.request.tenants;
  }

  /** For whom a row is wanted: nobody twice where a table of nobody's is empty; each tenant's people in turn. */
  private placesOf(plot: Plot): Place[] {
    const each = this.request.rowsPerPerson ?? 2;
    return this.heirs(plot).flatMap((tenant) => {
      const there = this.rowsOf(key(plot.table), tenant?.id);
      const people = tenant?.people ?? [];
      if (plot.isTenants) return there.length > 0 ? [] : [{ tenant, person: people[0], turn: 0 }];
      if (plot.isPeople) {
        const missing = people.filter(({ id }) => !there.some((row) => row.id === id));
        return missing.map((person, turn) => ({ tenant, person, turn }));
      }
      const wanted = tenant === undefined ? 2 - Math.min(2, there.length) : Math.max(1, people.length) * each;
      return Array.from({ length: wanted }, (_, turn) => ({
        tenant,
        person: people[turn % people.length],
        turn,
      }));
    });
  }

  /** All rows in one statement, in the first manner that the server accepts; else its first refusal. */
  private async sowTogether(field: Field, places: readonly Place[]): Promise<Refusal | undefined> {
    let first: Refusal | undefined;
    for (const manner of mannersOf(field)) {
      const rows = this.draftAll(field.plot, places, manner);
      if (rows.length === 0) return undefined;
      const refusal = await insertRows(this.connection, field.plot.table, rows);
      if (refusal === undefined) {
        this.manners.set(key(field.plot.table), manner);
        return undefined;
      }
      for (const row of rows) this.release(field.plot, row);
      first ??= refusal;
    }
    return first;
  }

  /** Saves what can be saved where some rows stand in others' way. */
  private async sowOneByOne(field: Field, places: readonly Place[]): Promise<void> {
    for (const place of places) {
      for (const manner of mannersOf(field)) {
        const [row] = this.draftAll(field.plot, [place], manner);
        if (row === undefined) break;
        if ((await insertRows(this.connection, field.plot.table, [row])) === undefined) {
          this.manners.set(key(field.plot.table), manner);
          break;
        }
        this.release(field.plot, row);
      }
    }
  }

  /** A draft for each place, without those that would repeat a key; the keys are taken. */
  private draftAll(plot: Plot, places: readonly Place[], manner: Manner): Row[] {
    return places.flatMap(({ tenant, person, turn }) => {
      for (let shift = 0; shift < mostTurns; shift += 1) {
        const row = draftRow(
          { plot, tenant: tenant?.id, person, turn: turn + shift, ...manner },
          this.sources,
        );
        if (!this.isFree(plot, row)) continue;
        this.take(plot, row);
        return [row];
      }
      return [];
    });
  }

  private isFree(plot: Plot, row: Row): boolean {
    return tuplesOf(plot, row).every(([unique, tuple]) => !this.taken.get(unique)?.has(tuple));
  }

  private take(plot: Plot, row: Row): void {
    for (const [unique, tuple] of tuplesOf(plot, row)) {
      this.taken.set(unique, (this.taken.get(unique) ?? new Set()).add(tuple));
    }
  }

  private release(plot: Plot, row: Row): void {
    for (const [unique, tuple] of tuplesOf(plot, row)) this.taken.get(unique)?.delete(tuple);
  }
}

/** Every manner, the likeliest first: defaults stay the database's before they are given. */
function mannersOf({ plot, ways }: Field): Manner[] {
  // The platform's own table of people has many columns that mean something to it when they are set.
  const order = plot.isPeople ? (["sparse", "full", "explicit"] as const) : fullnesses;
  return order.flatMap((fullness) => ways.map((way) => ({ way, fullness })));
}

/** The row's values in each whole unique key; a null makes a key that repeats nothing. */
function tuplesOf({ table }: Plot, row: Row): [unique: string, tuple: string][] {
  return table.uniques
    .filter((unique) => unique.predicate === null && !unique.hasExpressions)
    .filter((unique) => unique.columns.every((name) => typeof row[name] === "string"))
    .map((unique) => [
      `${key(table)} ${unique.name}`,
      JSON.stringify(unique.columns.map((name) => row[name])),
    ]);
}
