import { describe, expect, it } from "vitest";
import { anon, claimless } from "../../harness/session/actor.ts";
import { rowsOf } from "../../harness/session/outcome.ts";
import { openSessions } from "../../harness/session/session.ts";
import { openGround } from "../ground.ts";

const { address, sessions } = await openGround();

describe("a survey", () => {
  const left = `
    select pg_backend_pid() as pid, current_user::text as role, current_setting('app.kept', true) as kept,
      nullif(current_setting('request.jwt.claims', true), '') as claims`;

  it("asks every connection, as its last request left it", async () => {
    await using forgetless = openSessions(address("authenticator"), { size: 3, forgetful: false });
    const ask = () =>
      forgetless.as(claimless).does`select set_config('app.kept', 'yes', false), pg_sleep(0.05)`;
    await Promise.all([ask(), ask(), ask()]);
    const seen = (await forgetless.survey(left)).flatMap((outcome) => rowsOf(outcome));
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(3);
    expect(seen.map(({ pid: _, ...rest }) => rest)).toEqual(
      Array(3).fill({ role: "authenticator", kept: "yes", claims: null }),
    );
  });

  it("waits for what is under way, and gives the connections back", async () => {
    await using forgetless = openSessions(address("authenticator"), { size: 1, forgetful: false });
    const asking = forgetless.as(anon).tries`select pg_sleep(0.1)`;
    expect(await forgetless.survey(left)).toHaveLength(1);
    await asking;
    const before = await forgetless.survey(left);
    expect(await forgetless.as(anon).reads`select pg_backend_pid() as pid`).toEqual([
      { pid: before[0]?.ok && before[0].rows[0]?.pid },
    ]);
  });

  it("answers with a refusal where the server refuses", async () => {
    await using forgetless = openSessions(address("authenticator"), { size: 1, forgetful: false });
    await forgetless.as(anon).tries`select 1`;
    expect(await forgetless.survey("select nonsense")).toMatchObject([{ ok: false, sqlstate: "42703" }]);
  });
});

describe("a plain text", () => {
  it("takes values for $1, $2, ..., in any order and more than once", async () => {
    const speaker = sessions.as(anon);
    const [row] = await speaker.reads("select $2::int + $1::int as sum, $1::text as one", "1", "2");
    expect(row).toEqual({ sum: 3, one: "1" });
    expect(await speaker.reads("select $1::text as nothing", null)).toEqual([{ nothing: null }]);
  });

  it("is repeated with its values written into it", async () => {
    const { repeat } = await sessions.as(anon).tries("select $1::text, $2::int", "it's", null);
    expect(repeat).toContain("select 'it''s'::text, null::int;");
  });

  it("without values is left as it is, whatever is in it", async () => {
    expect((await sessions.as(anon).tries("select '$1' as one")).repeat).toContain("select '$1' as one;");
  });
});
