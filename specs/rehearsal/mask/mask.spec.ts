import { beforeAll, describe, expect, it } from "vitest";
import { difference } from "../../../harness/catalog/difference.ts";
import { type Picture, takePicture } from "../../../harness/catalog/picture.ts";
import { withConnection } from "../../../harness/engine/connection.ts";
import { type Masked, maskDatabase } from "../../../harness/rehearsal/mask/mask.ts";
import { planMask } from "../../../harness/rehearsal/mask/plan.ts";
import { loadSql } from "../../../harness/sql/load.ts";
import { openGround } from "../../ground.ts";

const ground = await openGround();
const address = ground.address(ground.superuserName);
const options = { key: "a secret", say: () => {} };

type Row = Record<string, unknown>;
const ask = (query: string, values: unknown[] = []) =>
  withConnection(address, async (connection) => (await connection.query<Row>(query, values)).rows);

/** Which of the values can be read in a file of the database. */
const foundIn = async (values: readonly string[]) => {
  const rows = await ask(
    `with files as materialized (
       select pg_read_binary_file('base/' || d.oid || '/' || f.name, 0, 1000000000, true) as bytes
       from pg_catalog.pg_database d cross join lateral pg_catalog.pg_ls_dir('base/' || d.oid) f (name)
       where d.datname = current_database())
     select value from unnest($1::text[]) value
     where exists (select from files where position(convert_to(value, 'UTF8') in bytes) > 0)`,
    [values],
  );
  return rows.map(({ value }) => value);
};
const planted = ["Secret", "secret", "SECRET", "SCRT", "+49171555", "e52d98c459819a11775936d8dfbb7929"];

let masked: Masked;
let before: { people: Row[]; picture: Picture; counts: Row[]; files: unknown[] };

const counts = `
  select c.oid::regclass::text as name, (xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || c.oid::regclass, false, true, '')))[1]::text as rows
  from pg_catalog.pg_class c where c.relkind in ('r', 'm') and c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace) order by 1`;
const people = "select *, address::text, network::text, card::text from public.people order by id";

beforeAll(async () => {
  await ground.run(loadSql(import.meta.url, "everything.sql"), ground.superuserName);
  await ground.run(loadSql(import.meta.url, "rows.sql"), ground.superuserName);
  await ask("checkpoint");
  const files = await foundIn(planted);
  const picture = await withConnection(address, takePicture);
  before = { people: await ask(people), picture, counts: await ask(counts), files };
  masked = await maskDatabase(address, options);
});

describe("a masked database", () => {
  it("has every text replaced", async () => {
    const now = await ask(people);
    expect(now.length).toBe(301);
    const columns =
      "email login name phone country tags profile raw initials address network card photo sheet extra contact found";
    for (const column of [...columns.split(" "), "shout", "number", "token", "site", "notes"]) {
      const same = now.filter((row, index) => {
        const was = before.people[index]?.[column];
        return was !== null && String(was) !== "" && JSON.stringify(row[column]) === JSON.stringify(was);
      });
      expect([column, same.length]).toEqual([column, 0]);
    }
  });

  it("holds none of the values in any of its files, where they could be read before", async () => {
    await ask("checkpoint");
    expect(before.files).toEqual(planted);
    expect(await foundIn(planted)).toEqual([]);
  });

  it("has no values in its statistics, which are there", async () => {
    const [told] = await ask(
      `select count(*)::int as columns, count(*) filter (where concat(most_common_vals, histogram_bounds, most_common_elems) ~* 'secret')::int as telling
       from pg_catalog.pg_stats where schemaname = 'public'`,
    );
    expect(told?.telling).toBe(0);
    expect(told?.columns).toBeGreaterThan(20);
  });

  it("has the rows and the schema that it had, triggers and identities included", async () => {
    expect(await ask(counts)).toEqual(before.counts);
    const now = await withConnection(address, takePicture);
    expect(difference(before.picture, now).map(({ line }) => line)).toEqual([]);
    expect(
      await ask(
        "select tgenabled, relreplident from pg_trigger t join pg_class c on c.oid = tgrelid where relname = 'ledger'",
      ),
    ).toEqual([{ tgenabled: "A", relreplident: "d" }]);
  });

  it("keeps what equals what, across columns, documents, types and references", async () => {
    const [joined] = await ask(`select
      (select count(*)::int from public.ledger join public.people on by_email = email) as mails,
      (select count(*)::int from auth.users u join public.people p on u.email = p.email and u.phone = p.phone) as users,
      (select count(*)::int from public.people where profile ->> 'full_name' = name) as documents,
      (select count(*)::int from public.events e join public.people p on p.name = e.who) as partitions,
      (select count(*)::int from public.people p join public.countries c on p.country = c.code) as countries,
      (select count(*)::int from public.notices n join public.events e using (kind, at)) as notices,
      (select count(*)::int from public.mails m join public.people p using (email)) as views,
      (select count(*)::int from public.people where shout = upper(name)) as computed,
      (select count(*)::int from public.people where row_key like '00000000-0000-4000-8000-%') as keys`);
    expect(joined).toEqual({
      ...{ mails: 20, users: 20, documents: 300, partitions: 100, countries: 200, notices: 100 },
      ...{ views: 301, computed: 301, keys: 300 },
    });
  });

  it("keeps the words of the schema, and what is no text", async () => {
    const grouped = (rows: readonly Row[], name: string) => rows.map((row) => row[name]);
    const now = await ask(people);
    for (const column of ["status", "mood", "born", "id"])
      expect(grouped(now, column)).toEqual(grouped(before.people, column));
    expect(grouped(now, "profile").map((one) => (one as Row | null)?.role)).toEqual(
      grouped(before.people, "profile").map((one) => (one as Row | null)?.role),
    );
    expect(await ask("select distinct raw_app_meta_data as claims from auth.users")).toEqual([
      { claims: { org_id: "00000000-0000-4000-8000-000000000001", role: "owner" } },
    ]);
  });

  it("has each of a dense set replaced by one of it: no old value stands in a new one's way", async () => {
    const codes = (await ask("select code from public.codes")).map(({ code }) => String(code));
    const numbers = codes.filter((code) => /^[1-9]\d$/.test(code));
    expect(new Set(numbers).size).toBe(90);
    expect(numbers).not.toEqual([...numbers].sort());
    expect(new Set(codes.filter((code) => /^[a-z]$/.test(code))).size).toBe(26);
    expect(await ask("select from public.codes where mark <> code")).toEqual([]);
  });

  it("has other large objects of the same size", async () => {
    const [told] = await ask(
      "select length(lo_get(oid)) as size, position('Secret'::bytea in lo_get(oid)) as at from pg_largeobject_metadata",
    );
    expect(told).toEqual({ size: 150_000, at: 0 });
  });

  it("is told by its columns: which were masked, which stayed and why", () => {
    const why = new Map(masked.kept.map(({ column, why }) => [column, why]));
    expect(masked.masked).toEqual(
      expect.arrayContaining([
        "auth.users.email",
        "public.people.contact",
        "public.people.tags",
        "public.events.who",
      ]),
    );
    expect(masked.masked.filter((column) => why.has(column) || column.startsWith("public.events_"))).toEqual(
      [],
    );
    expect(
      Object.fromEntries(
        [...why].filter(([column]) =>
          /^public\.(people\.(id|born|shout)|events|notices|schema_)/.test(column),
        ),
      ),
    ).toEqual({
      "public.events.at": "timestamp with time zone holds no text",
      "public.events.kind": "it decides which partition a row is in",
      "public.notices.at": "timestamp with time zone holds no text",
      "public.notices.kind": "it refers to public.events.kind, which stays",
      "public.people.born": "date holds no text",
      "public.people.id": "uuid holds no text",
      "public.people.shout": "it is computed anew from the others",
      "public.schema_migrations.statements": "the table says which migrations were applied",
      "public.schema_migrations.version": "the table says which migrations were applied",
    });
    expect(masked.rows).toBe(619);
  });

  it("shows shapes that an application knows", async () => {
    const [row] = await ask(
      "select email, phone, number, site from public.people where phone is not null limit 1",
    );
    expect(row?.email).toMatch(/^[a-z]{6}\.[a-z]{6}\d+@[a-z]{6}-[a-z]{4}\.[a-z]{4}$/);
    expect(row?.phone).toMatch(/^\+[1-9]\d{11}$/);
    expect(row?.number).toMatch(/^INV-\d{5}$/);
    expect(row?.site).toMatch(/^https:\/\/[a-z]{6}-[a-z]{4}\.[a-z]{4}\/\d+$/);
  });
});

describe("a column to keep", () => {
  const plan = (keep: string[]) => withConnection(address, (connection) => planMask(connection, keep));

  it("stays with what refers to it", async () => {
    const { kept } = await plan(["public.countries.code"]);
    expect(kept).toEqual(
      expect.arrayContaining([
        { column: "public.countries.code", why: "the configuration keeps it" },
        { column: "public.people.country", why: "it refers to public.countries.code, which stays" },
      ]),
    );
  });

  it("must be there", async () => {
    await expect(plan(["public.people.nme", "public.people.name"])).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      what: "there is no such column to keep unmasked: public.people.nme",
    });
  });
});

describe("masking that comes to nothing", () => {
  const odd = "select x from public.odd order by x limit 1";

  beforeAll(async () => {
    await ground.run(
      `create table public.odd (x text, constraint begins check (left(x, 3) = 'abc'));
       insert into public.odd select 'abc Secret ' || n || repeat('x', 1000) from generate_series(1, 3000) n`,
      ground.superuserName,
    );
  });

  it("names the constraint that refuses a value, and nothing of the row", async () => {
    const refused = await maskDatabase(address, options).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({
      code: "CONFIG_INVALID",
      what: "a check, begins, refuses what a value would be replaced by (SQLSTATE 23514)",
      where: "public.odd",
    });
    expect(refused).not.toHaveProperty("cause");
    expect((await ask(odd))[0]?.x).toContain("abc Secret 1");
  });

  it("leaves the table it was at as it was when it is ended", async () => {
    const ending = new AbortController();
    const reason = new Error("enough");
    const say = (detail: string) => {
      if (detail.startsWith("public.odd")) ending.abort(reason);
    };
    await expect(maskDatabase(address, { ...options, say, signal: ending.signal })).rejects.toBe(reason);
    expect((await ask(odd))[0]?.x).toContain("abc Secret 1");
    expect(
      await ask(
        "select from pg_stat_activity where application_name like 'tenantproof mask%' and datname = current_database()",
      ),
    ).toEqual([]);
  });

  it("comes to something when the column is kept", async () => {
    const { kept } = await maskDatabase(address, { ...options, keep: ["public.odd.x"] });
    expect(kept).toContainEqual({ column: "public.odd.x", why: "the configuration keeps it" });
    expect((await ask(odd))[0]?.x).toContain("abc Secret 1");
  });
});
