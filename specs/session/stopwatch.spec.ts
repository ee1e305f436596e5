import fc from "fast-check";
import { expect, it } from "vitest";
import { member, service } from "../../harness/session/actor.ts";
import { type Answer, FrameReader } from "../../harness/session/frames.ts";
import { openStopwatch } from "../../harness/session/stopwatch.ts";
import { openGround } from "../ground.ts";

const ground = await openGround();
const ada = member({
  id: "00000000-0000-4000-8000-000000000001",
  orgId: "00000000-0000-4000-8000-00000000000a",
});
await ground.run(`
  create table public.thing (id integer primary key, label text);
  insert into public.thing select n, repeat('x', 40000) from generate_series(1, 20) n;
  grant select, insert on public.thing to authenticated, service_role`);

for (const prepared of [false, true])
  it(`times requests that are ${prepared ? "prepared" : "not prepared"} and counts their rows, however long they are`, async () => {
    await using stopwatch = await openStopwatch(ground.address("authenticator"));
    for (const rows of [0, 1, 20, 7, 20]) {
      const request = {
        actor: ada,
        text: "select * from public.thing where id <= $1",
        values: [String(rows)],
      };
      const timing = await stopwatch.time({ ...request, prepared });
      expect(timing.rows).toBe(rows);
      expect(timing.elapsedMs).toBeGreaterThan(0);
    }
  });

it("asks as the actor, each time anew", async () => {
  await using stopwatch = await openStopwatch(ground.address("authenticator"));
  const text =
    "select 1 where current_user = $1 and coalesce(current_setting('request.jwt.claims', true)::json ->> 'sub', '') = $2";
  const asked = async (actor: typeof ada, role: string, sub: string) =>
    (await stopwatch.time({ actor, text, values: [role, sub], prepared: true })).rows;
  expect(await asked(ada, "authenticated", String((ada.claims as { sub: string }).sub))).toBe(1);
  expect(await asked(service, "service_role", "")).toBe(1);
  expect(await asked(ada, "service_role", "")).toBe(0);
});

it("commits what was not said to be read only, and only that", async () => {
  await using stopwatch = await openStopwatch(ground.address("authenticator"));
  const insert = { actor: service, text: "insert into public.thing values ($1)", values: ["100"] };
  await expect(stopwatch.time(insert)).rejects.toMatchObject({ code: "WORKLOAD_REFUSED" });
  await stopwatch.time({ ...insert, readOnly: false });
  expect(await ground.superuser.reads`select id from public.thing where id = 100`).toHaveLength(1);
});

it("says what the server refused, and goes on", async () => {
  await using stopwatch = await openStopwatch(ground.address("authenticator"));
  const good = {
    actor: ada,
    text: "select id from public.thing where id = $1",
    values: ["3"],
    prepared: true,
  };
  await stopwatch.time(good);
  await expect(stopwatch.time({ ...good, values: ["three"] })).rejects.toMatchObject({
    code: "WORKLOAD_REFUSED",
    what: expect.stringContaining("22P02"),
  });
  expect((await stopwatch.time(good)).rows).toBe(1);
});

it("says that the server is gone", async () => {
  const stopwatch = await openStopwatch(ground.address("authenticator"), {
    setup: ["set application_name = 'to be ended'"],
  });
  const waiting = stopwatch.time({ actor: ada, text: "select pg_sleep(30)", values: [] });
  const lost = expect(waiting).rejects.toMatchObject({ code: "ENGINE_LOST" });
  await ground.superuser.does(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'",
  );
  await lost;
  await stopwatch[Symbol.asyncDispose]();
});

it("reads the same out of the server's messages wherever they are cut", () => {
  const frame = (type: string, body: Buffer) => {
    const header = Buffer.alloc(5);
    header.write(type, 0);
    header.writeUInt32BE(4 + body.length, 1);
    return Buffer.concat([header, body]);
  };
  const error = frame("E", Buffer.from("SERROR\0C42501\0Mdenied\0\0"));
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((body) => frame("D", Buffer.from(body))),
    fc.constantFrom(
      frame("1", Buffer.alloc(0)),
      frame("C", Buffer.from("SELECT 1\0")),
      error,
      frame("Z", Buffer.from("I")),
    ),
  );
  const read = (chunks: readonly Buffer[]) => {
    const answers: Answer[] = [];
    const reader = new FrameReader((answer) => answers.push(answer));
    for (const chunk of chunks) reader.read(chunk);
    return answers;
  };
  fc.assert(
    fc.property(
      fc.array(message),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      (messages, cuts) => {
        const whole = Buffer.concat(messages);
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          chunks.push(whole.subarray(at, at + length));
          at += length;
        }
        expect(read(chunks)).toEqual(read([whole]));
        const ends = messages.filter((one) => one[0] === "Z".charCodeAt(0)).length;
        expect(read(chunks)).toHaveLength(ends);
      },
    ),
  );
});
