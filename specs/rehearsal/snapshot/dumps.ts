// Dumps: small databases with everything that a dump has trouble with, and what pg_dump makes of them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { inject } from "vitest";
import { fingerprint, type Picture, takePicture } from "../../../harness/catalog/picture.ts";
import { readSchema } from "../../../harness/catalog/schema.ts";
import { connect, withConnection } from "../../../harness/engine/connection.ts";
import { cloneDatabase, type Database } from "../../../harness/engine/database.ts";
import type { Machine } from "../../../harness/engine/machine.ts";
import { thisOwner, writeOwner } from "../../../harness/engine/owner.ts";
import { digestData } from "../../../harness/guarantees/digest.ts";
import { type Restored, restoreSnapshot } from "../../../harness/rehearsal/snapshot/restore.ts";
import { sniffSnapshot } from "../../../harness/rehearsal/snapshot/snapshot.ts";

/** A value that no message may quote. */
export const secret = "Zebra-4711-Quagga";

/** Odd but legal; `secret` is among the rows. */
export const oddSchema = String.raw`
create type public.mood as enum ('sad', 'ok');
create table public.people (
  id bigint generated always as identity primary key,
  org uuid not null default gen_random_uuid(),
  name text,
  phone text unique,
  age integer check (age > 0),
  feels public.mood,
  data jsonb,
  seen timestamptz
);
create table public.notes (id serial primary key, person bigint not null references public.people on delete cascade, note text);
create table public.nothing (a int);
create table public."Odd ""Name" (";" text);
alter table public.people enable row level security;
create policy own on public.people for select to authenticated using (org = auth.uid());
-- What default privileges gave is taken back from one table, and must not come back.
revoke all on public.notes from anon, authenticated;
create function public.twice(x int) returns int language sql immutable begin atomic select case when x > 0 then 2 * x else 0 end; end;
create function public.odd() returns trigger language plpgsql as $_$
begin
  -- ; $$ '
  new.note := replace(new.note, '\.', E'\\.');
  /*
\.
\! echo never
  */
  return new;
exception when others then return new;
end $_$;
create view public.names with (security_invoker = true) as select id, name from public.people;
create materialized view public.counts as select count(*) as people from public.people;
create rule quiet as on delete to public.nothing do instead (select 1; select 2);
create index on public.notes (person, lower(note));
comment on table public.people is 'it''s; a \ comment';
insert into public.people (name, phone, age, feels, data, seen) values
  ('${secret}', '1', 1, 'ok', '{"a": "\\"}', 'infinity'),
  (E'tab\tand\nline\\N', '2', null, null, null, now()),
  ('\.', '3', 3, 'sad', '[]', '4713-01-01 BC'),
  (E'\\.\n\\.\n', null, 4, null, '"x"', null),
  ('', null, null, null, null, null),
  ('🦓 עברית', null, null, null, null, null);
insert into public.people (name, age) select repeat(md5(i::text), 40), i from generate_series(1, 300) as i;
insert into public.notes (person, note) select id, name from public.people;
insert into public."Odd ""Name" values (';'), ('--'), ('$$');
`;

/** A database with the platform and, by default, `oddSchema` in it. */
export async function makeSource(schema = oddSchema): Promise<Database> {
  const shared = inject("shared");
  const database = await cloneDatabase(shared, shared.templates.open);
  await withConnection(database.address(shared.deployer), (connection) => connection.query(schema));
  return database;
}

/** What pg_dump makes of the database, in `to`. */
export async function dump(database: Database, to: string, ...args: readonly string[]): Promise<string> {
  const { superuser, clientBinaries = "/usr/bin" } = inject("shared");
  const { host, port, user, password } = superuser;
  await execa(join(clientBinaries, "pg_dump"), [`--file=${to}`, ...args, `--dbname=${database.name}`], {
    env: {
      ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, LC_ALL: "C" },
      ...(password === undefined ? {} : { PGPASSWORD: password }),
    },
  });
  return to;
}

export async function compress(file: string, kind: "gz" | "zst", contents: Uint8Array): Promise<string> {
  await writeFile(file, kind === "gz" ? gzipSync(contents) : zstdStored(contents));
  return file;
}

/** A frame of Zstandard whose blocks are stored as they are, with no checksum: RFC 8878, section 3.1.1. */
function zstdStored(contents: Uint8Array): Buffer {
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38])];
  const most = 100_000;
  for (let at = 0; ; at += most) {
    const block = contents.subarray(at, at + most);
    const last = at + most >= contents.length;
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (last ? 1 : 0), 0, 3);
    parts.push(head, Buffer.from(block));
    if (last) return Buffer.concat(parts);
  }
}

interface State {
  readonly fingerprint: string;
  readonly picture: Picture;
  readonly data: ReadonlyMap<string, string>;
  /** Of sequences. */
  readonly positions: readonly unknown[];
}

/** Catalog and rows of a database. */
export async function stateOf(database: Database): Promise<State> {
  await using connection = await connect(database.address(inject("shared").superuser.user));
  const picture = await takePicture(connection);
  const { tables } = await readSchema(connection);
  const data = await digestData(connection, tables);
  const { rows: positions } = await connection.query(
    "select schemaname, sequencename, last_value from pg_sequences order by 1, 2",
  );
  return { picture, fingerprint: fingerprint(picture), data, positions };
}

interface Options {
  readonly signal?: AbortSignal;
  readonly machine?: Machine;
}

/** The snapshot at `path`, restored on the shared server by two sessions. */
export async function restore(path: string, options: Options = {}): Promise<Restored> {
  const { clientBinaries, ...shared } = inject("shared");
  const host = { ...shared, ...(clientBinaries === undefined ? {} : { clientBinaries }) };
  return restoreSnapshot(host, await sniffSnapshot(path), {
    platform: { platform: "supabase", privileges: "open" },
    jobs: 2,
    say: () => {},
    ...options,
  });
}

/** The databases that this spec file has made; those of others come and go at the same time. */
export async function ownDatabases(): Promise<string[]> {
  const { rows } = await withConnection(inject("shared").superuser, (superuser) =>
    superuser.query<{ name: string }>(
      `select datname::text as name from pg_catalog.pg_database
       where pg_catalog.shobj_description(oid, 'pg_database') = $1 order by 1`,
      [writeOwner(thisOwner())],
    ),
  );
  return rows.map(({ name }) => name);
}
