import { afterAll, inject } from "vitest";
import { hasOwnState, migrationsOf, stateBefore } from "../../fixtures/rehearsal/state.ts";
import { type Connection, connect, withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase, type Database, freezeTemplate } from "../../harness/engine/database.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { readMigrations } from "../../harness/migrations/read.ts";

/** One of fixtures/rehearsal on the shared server, with the state before its pending migration. */
export interface Opened extends AsyncDisposable {
  readonly migration: Migration;
  readonly database: Database;
  /** The deployer's. */
  readonly connection: Connection;
}

/** The project of that name with so many items; its database is dropped when disposed of. */
export async function openProject(name: string, items = 200): Promise<Opened> {
  const [migration] = await readMigrations(migrationsOf({ name }));
  const database = hasOwnState({ name }) ? await makeState(name, items) : await cloneState(name, items);
  const connection = await connect(database.address(inject("shared").deployer));
  return {
    migration: migration as Migration,
    database,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function makeState(name: string, items: number): Promise<Database> {
  const shared = inject("shared");
  const database = await cloneDatabase(shared, shared.templates.open);
  const script = await stateBefore({ name }, items);
  await withConnection(database.address(shared.deployer), (connection) => connection.query(script));
  return database;
}

/** Of most projects it is the same one; by how many items it has. */
const states = new Map<number, Promise<Database>>();

async function cloneState(name: string, items: number): Promise<Database> {
  const shared = inject("shared");
  const known = states.get(items) ?? makeState(name, items);
  states.set(items, known);
  const { name: template } = await known;
  await freezeTemplate(shared, template);
  return cloneDatabase(shared, template);
}

afterAll(async () => {
  for (const state of states.values()) await (await state)[Symbol.asyncDispose]();
});
