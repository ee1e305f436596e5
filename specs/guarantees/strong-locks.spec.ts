import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../harness/engine/connection.ts";
import { Bystander } from "../../harness/guarantees/locks/bystander.ts";
import { watchStrongLocks } from "../../harness/guarantees/locks/strong-locks.ts";
import { parseScript } from "../../harness/migrations/script.ts";
import { openGround } from "../ground.ts";

const ground = await openGround();
const rows = 50;
let connection: Connection;
let reader: Bystander;

beforeAll(async () => {
  await ground.run(`
    create table public.small (id integer primary key, n integer, t text, u text);
    create table public.other (id integer primary key, small_id integer);
    create index small_n_u on public.small (n, u);
    insert into public.small select i, i, 'row ' || i, i from generate_series(1, ${rows}) i;
    insert into public.other select i, i from generate_series(1, ${rows}) i;
    analyze public.small, public.other`);
  connection = await connect(ground.address(ground.deployerName));
  reader = await Bystander.open(ground.address(ground.superuserName), "reader");
});

afterAll(async () => {
  await reader[Symbol.asyncDispose]();
  await connection.end();
});

/** What a script does -> the script -> what of it is a misuse. */
const scripts: readonly (readonly [fact: string, text: string, misuses: readonly string[]])[] = [
  ["a column without a default", "alter table small add column a integer", []],
  ["a column with a constant", "alter table small add column b integer default 1", []],
  [
    "a column with a value a row",
    "alter table small add column c uuid default gen_random_uuid()",
    ["small rewritten"],
  ],
  ["another type", "alter table small alter column n type bigint", ["small rewritten"]],
  ["NOT NULL, unproved", "alter table small alter column n set not null", ["small scanned"]],
  [
    "NOT NULL, proved by a check",
    "begin; alter table small add constraint k check (t is not null) not valid; commit; begin; alter table small validate constraint k; commit; begin; alter table small alter column t set not null; commit",
    [],
  ],
  ["a check", "alter table small add constraint d check (n > 0)", ["small scanned"]],
  [
    "a check, validated in the transaction that adds it",
    "alter table small add constraint e check (n > 0) not valid; alter table small validate constraint e",
    ["small scanned"],
  ],
  ["a unique constraint", "alter table small add constraint f unique (t)", ["small scanned"]],
  ["an index", "create index g on small (t)", []],
  [
    "an index under a lock",
    "lock table small in access exclusive mode; create index h on small (t)",
    ["small scanned"],
  ],
  ["an emptied table", "truncate other", ["other rewritten"]],
  [
    "rows read before the lock",
    "do $$ begin perform count(*) from small where t > ''; lock table small; end $$",
    [],
  ],
  [
    "rows read behind the lock",
    "do $$ begin lock table small; perform count(*) from small where t > ''; end $$",
    ["small scanned"],
  ],
  [
    "rows of one table read under the lock of another",
    "do $$ begin lock table other; perform count(*) from small where t > ''; lock table small; end $$",
    [],
  ],
  [
    "rows looked for by the second column of an index",
    "lock table small; do $$ begin perform count(*) from small where u = 'nothing'; end $$",
    ["small scanned"],
  ],
  ["rows counted in an index", "lock table small; select count(n) from small", ["small scanned"]],
  ["one row read by its key under the lock", "lock table small; select from small where id = 7", []],
  [
    "a lock that is tried again",
    "do $$ begin for i in 1..3 loop begin set local lock_timeout = '10ms'; lock table small; exit; exception when lock_not_available then perform pg_sleep(0.05); end; end loop; end $$",
    [],
  ],
  [
    "transactions of its own, each statement alone",
    "-- transaction: own\nalter table small alter column id set statistics 10; begin; alter table small alter column id type bigint; commit",
    ["small rewritten"],
  ],
  [
    "a command that no transaction takes",
    "-- transaction: own\nvacuum full small",
    ["small perhaps scanned"],
  ],
  [
    "an index that goes beside the traffic",
    "-- transaction: own\ncreate index concurrently j on small (t); drop index concurrently public.j",
    [],
  ],
  ["an index built beside the traffic", "-- transaction: own\ncreate index concurrently i on small (t)", []],
];

describe("a strong lock on a table with rows", () => {
  it.each(scripts)("%s", async (_, text, expected) => {
    const qualified = text.replaceAll(/\b(small|other)\b/g, "public.$1");
    const script = await parseScript(`${qualified};`, "script.sql", "script.sql");
    const tables = new Map([
      ["public.small", rows],
      ["public.other", rows],
    ]);
    const { misuses, error } = await watchStrongLocks(script, { connection, reader, tables });
    expect(error).toBeUndefined();
    expect(misuses.map(({ table, how }) => `${table.replace("public.", "")} ${how}`)).toEqual(expected);
  });

  it("an error ends the script, and leaves no transaction open", async () => {
    const script = await parseScript("select 1; select 1 / 0;", "script.sql", "script.sql");
    const { error } = await watchStrongLocks(script, {
      connection,
      reader,
      tables: new Map([["public.small", rows]]),
    });
    expect(error?.message).toBe("division by zero");
    await expect(connection.query("select 1")).resolves.toBeDefined();
  });
});
