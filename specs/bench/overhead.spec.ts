import { describe, expect, it } from "vitest";
import { asSuperuser, openTimer } from "../../harness/bench/bed.ts";
import { type Equipment, equip, readGuards } from "../../harness/bench/equipment.ts";
import { checkLogging, measureOverheads } from "../../harness/bench/overhead.ts";
import { takePicture } from "../../harness/catalog/picture.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { auditEntriesOf, readLogEntries } from "../../harness/engine/log-entries.ts";
import { signedIn } from "../../harness/session/actor.ts";
import type { Query } from "../../harness/workload/workload.ts";
import { sharedHost } from "../ground.ts";
import { makeMiniature, recent, ticketId } from "./miniature.ts";

const change: Query = {
  id: "change",
  title: "another subject",
  asker: "member",
  writes: true,
  text: "update public.tickets set subject = $1 where id = $2",
  values: (place) => ["other", ticketId(place, 0)],
};
const { readLog, pgaudit } = sharedHost();
const openMiniature = await makeMiniature();
const bed = await openMiniature(3_000, { queries: [recent, change] });
const role = `alter role authenticator in database ${bed.database.name}`;
const logged = (classes: string) =>
  asSuperuser(bed, (connection) => connection.query(`${role} set pgaudit.log = '${classes}'`));
const picture = () => asSuperuser(bed, (connection) => takePicture(connection, { cluster: true }));
const few = { rounds: 1, samples: 2, warmUps: 1, say: () => {} };
const measure = (mislogged?: string) => measureOverheads(bed, { ...few, mislogged });
const journal = () =>
  asSuperuser(
    bed,
    async (connection) => (await connection.query("select from public.journal")).rowCount ?? 0,
  );

if (!pgaudit) throw new Error("these specs need a server with pgAudit");
await logged("read, write");

describe("an arm of a comparison", () => {
  const person = bed.scale.median.people[0] as string;
  const actor = signedIn("a member", bed.tenancy.claims({ id: person, tenant: bed.scale.median.tenant }));

  /** What a read and a write come to in a database that is equipped so. */
  async function seenWith(equipment: Equipment) {
    const guards = await readGuards(bed);
    await asSuperuser(bed, (connection) => equip(connection, bed, guards, equipment));
    try {
      const entries = async () => auditEntriesOf(readLogEntries(await readLog(), bed.database.name)).length;
      const written = await journal();
      await using stopwatch = await openTimer(bed);
      const before = await entries();
      const all = "select id from public.tickets";
      const { rows } = await stopwatch.time({ actor, text: all, values: [] });
      const values = ["other", ticketId(bed.scale.median, 0)];
      await stopwatch.time({ actor, text: change.text, values, readOnly: false });
      return { rows, logged: (await entries()) > before, journal: (await journal()) - written };
    } finally {
      const whole = { rls: true, pgaudit: true, triggers: true };
      await asSuperuser(bed, (connection) => equip(connection, bed, guards, whole));
    }
  }

  const whole = { rls: true, pgaudit: true, triggers: true };
  const own = bed.scale.median.rows;
  it.each<[string, Equipment, Awaited<ReturnType<typeof seenWith>>]>([
    ["with everything", whole, { rows: own, logged: true, journal: 1 }],
    ["without policies", { ...whole, rls: false }, { rows: 3_000, logged: true, journal: 1 }],
    ["without pgAudit", { ...whole, pgaudit: false }, { rows: own, logged: false, journal: 1 }],
    ["without audit triggers", { ...whole, triggers: false }, { rows: own, logged: true, journal: 0 }],
  ])("%s differs from the others in that", async (_, equipment, seen) => {
    expect(await seenWith(equipment)).toEqual(seen);
  });
});

describe("overheads", () => {
  it("are told of each guard, and leave the guards as they were", async () => {
    const before = await picture();
    const written = await journal();
    const found = await measure();
    expect(found.map(({ id, queries }) => [id, queries.map((one) => one.id)])).toEqual([
      ...[
        ["rls", ["recent"]],
        ["pgaudit", ["recent"]],
        ["both", ["recent"]],
      ],
      ...[
        ["rls", ["recent"]],
        ["pgaudit", ["recent"]],
        ["both", ["recent"]],
      ],
      ["audit triggers", ["change"]],
    ]);
    expect(found.map(({ mostRatio }) => mostRatio)).toEqual([
      ...[0.05, 0.1, 0.15, undefined, undefined, undefined, undefined],
    ]);
    for (const { all, judgement } of found) {
      expect(all.rounds.length).toBeGreaterThan(0);
      expect(judgement.why).not.toMatch(/pgAudit wrote/);
    }
    expect(await picture()).toEqual(before);
    expect(await journal()).toBe(written);
  });

  it("are judged by the whole interval", async () => {
    const slow =
      "create or replace function public.own_team() returns uuid language plpgsql stable as $$ begin perform pg_sleep(0.005); return (current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'org_id')::uuid; end $$";
    const definition = await asSuperuser(bed, async (connection) => {
      const { rows } = await connection.query(
        "select pg_get_functiondef('public.own_team'::regproc) as text",
      );
      await connection.query(slow);
      return rows[0].text as string;
    });
    const found = await measure();
    await asSuperuser(bed, (connection) => connection.query(definition));
    const [rls] = found;
    expect(rls).toMatchObject({
      id: "rls",
      judgement: { outcome: "fail", why: expect.stringMatching(/: more than 5% and [\d.]+ ms$/) },
    });
    expect(rls?.all.effect.estimate).toBeGreaterThan(2);
  });

  it("of a pgAudit that is not at work are told by nobody", async () => {
    const found = await measure("nothing was logged");
    const outcomes = found.filter(({ id }) => id === "pgaudit" || id === "both");
    expect(outcomes).toHaveLength(4);
    for (const { judgement } of outcomes)
      expect(judgement).toEqual({ outcome: "inconclusive", why: "nothing was logged" });
    expect(found.find(({ id }) => id === "rls")?.judgement.why).not.toBe("nothing was logged");
  });

  it("leave the guards as they were when a query is refused, too", async () => {
    const before = await picture();
    const refused: Query = { ...recent, text: "select * from public.nowhere" };
    const broken = { ...bed, workload: { ...bed.workload, queries: [refused] } };
    await expect(measureOverheads(broken, { ...few, mislogged: undefined })).rejects.toMatchObject({
      code: "WORKLOAD_REFUSED",
    });
    expect(await picture()).toEqual(before);
  });

  it("of what is not there are left out", async () => {
    await asSuperuser(bed, (connection) => connection.query(`${role} reset pgaudit.log`));
    await withConnection(bed.superuser, (connection) =>
      connection.query("alter table public.tickets disable trigger written_down"),
    );
    expect((await measure()).map(({ id }) => id)).toEqual(["rls", "rls"]);
  });
});

describe("pgAudit", () => {
  it.each([
    ["is at work where it logs the query", "read, write", undefined],
    ["is not where it logs nothing", "none", /^pgAudit wrote 0 entries for 1 requests: it is not at work$/],
  ])("%s", async (_, classes, why) => {
    await logged(classes);
    const before = await picture();
    const found = await checkLogging(bed, readLog);
    expect(await picture()).toEqual(before);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(why);
  });

  it("is not at work where it logs only what the bench asks beside the query", async () => {
    // A query that reads nothing leaves no entry of the class that the opening of a session and its claims leave.
    await logged("read");
    const calls = {
      ...recent,
      text: "call public.nothing()",
      unprotected: { text: "call public.nothing()", added: () => [] },
    };
    await asSuperuser(bed, (connection) =>
      connection.query("create procedure public.nothing() language sql begin atomic end"),
    );
    const silent = { ...bed, workload: { ...bed.workload, queries: [calls] } };
    expect(await checkLogging(silent, readLog)).toMatch(/^pgAudit wrote 0 entries for 1 requests/);
  });
});
