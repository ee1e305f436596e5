import { describe, expect, it } from "vitest";
import { openDoor, type Route } from "../../../harness/bench/http/door.ts";
import { type Gateway, openGateway } from "../../../harness/bench/http/gateway.ts";
import { findLeftovers } from "../../../harness/bench/http/leftovers.ts";
import { openGatewayThread } from "../../../harness/bench/http/thread.ts";
import { leaveUnsigned, newTrust, sign, verifierOf } from "../../../harness/bench/http/tokens.ts";
import type { Succeeded } from "../../../harness/session/outcome.ts";
import { openGround } from "../../ground.ts";

const { address, run, superuser } = await openGround();
await run(`
  create table public.secrets (owner text, word text not null check (word <> 'forbidden'));
  alter table public.secrets enable row level security;
  create policy own on public.secrets to authenticated
    using (owner = current_setting('request.jwt.claims')::json ->> 'sub')
    with check (owner = current_setting('request.jwt.claims')::json ->> 'sub');
  grant select, insert on public.secrets to authenticated, service_role;
  revoke all on public.secrets from anon;
  insert into public.secrets values ('ada', 'apple'), ('bob', 'banana');
`);

const route = (id: string, text: string, takes: number, more: Partial<Route> = {}): Route => ({
  ...{ id, text, takes, asker: "member", writes: false },
  ...more,
});
const routes = [
  route("words", "select word from public.secrets order by word", 0),
  route("like", "select word from public.secrets where word like $1 or word = $2", 2),
  route("all", "select word from public.secrets order by word", 0, { asker: "service" }),
  route("add", "insert into public.secrets values ($1, $2) returning word", 2, { writes: true }),
  route("cast", "select word::int from public.secrets", 0),
  route("slow", "select pg_sleep(10)", 0, { timeoutMs: 20 }),
  route("wait", "select pg_sleep(0.4)", 0),
  route("broken", "select nonsense from public.secrets", 0),
  route("me", "select current_user::text as role, current_setting('request.jwt.claims')::json as claims", 0),
];
const trust = newTrust();
const authenticator = address("authenticator");
const plan = { address: authenticator, routes, trust, poolSize: 2, waitMs: 10_000 };
const adas = { sub: "ada", role: "authenticated" };
const tokenOf = (sub: string) => sign({ sub, role: "authenticated" }, trust);
const [ada, service] = [await tokenOf("ada"), await sign({ role: "service_role" }, trust)];

const open = (more: Partial<typeof plan> = {}) => {
  const all = { ...plan, ...more };
  return openGateway({ routes, door: openDoor(authenticator, all), verify: verifierOf(trust) });
};

async function ask({ origin }: Gateway, path: string, token?: string, method = "GET") {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    "x-request-id": "1",
  };
  const response = await fetch(`${origin}/q/${path}`, { method, headers });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

const given = (...values: readonly (string | null)[]) =>
  `values=${encodeURIComponent(JSON.stringify(values))}`;

type Refused = readonly [who: string, status: number, token: () => Promise<string | undefined>, path: string];

describe("a gateway", () => {
  it("answers with the rows that the token's claims let through", async () => {
    await using gateway = await open();
    expect(await ask(gateway, "words", ada)).toEqual({ status: 200, body: [{ word: "apple" }] });
    expect(await ask(gateway, "words", await tokenOf("bob"))).toEqual({
      status: 200,
      body: [{ word: "banana" }],
    });
    expect(await ask(gateway, "words", await tokenOf("nobody"))).toEqual({ status: 200, body: [] });
    expect(await ask(gateway, "all", service)).toEqual({
      status: 200,
      body: [{ word: "apple" }, { word: "banana" }],
    });
    expect(await ask(gateway, `like?${given("a%", null)}`, ada)).toEqual({
      status: 200,
      body: [{ word: "apple" }],
    });
    expect(await ask(gateway, "me", ada)).toMatchObject({
      body: [{ role: "authenticated", claims: { sub: "ada", aud: "authenticated" } }],
    });
  });

  it("commits what is posted, and only that", async () => {
    await using gateway = await open();
    expect(await ask(gateway, `add?${given("ada", "avocado")}`, ada)).toMatchObject({ status: 405 });
    expect(await ask(gateway, `add?${given("ada", "avocado")}`, ada, "POST")).toMatchObject({ status: 200 });
    expect(await ask(gateway, `add?${given("bob", "beetroot")}`, ada, "POST")).toMatchObject({ status: 403 });
    const { count } = (await superuser.does`delete from public.secrets where word = 'avocado'`) as Succeeded;
    expect(count).toBe(1);
    expect(await superuser.reads`select word from public.secrets order by word`).toHaveLength(2);
  });

  it.each<Refused>([
    ["nobody, as role anon", 401, async () => undefined, "words"],
    ["a token that has expired", 401, () => sign(adas, trust, "1 second ago"), "words"],
    ["a token of another secret", 401, () => sign(adas, newTrust()), "words"],
    ["a token without a signature", 401, async () => leaveUnsigned(adas, trust), "words"],
    ["a token for others", 401, () => sign(adas, { ...trust, audience: "others" }), "words"],
    ["a token of a role that is none of ours", 403, () => sign({ role: "supabase_admin" }, trust), "words"],
    ["what is no token", 401, async () => "x", "words"],
    ["a member who asks for the backend", 403, () => tokenOf("ada"), "all"],
    ["nobody who asks for the backend", 401, async () => undefined, "all"],
  ])("refuses %s with %i", async (_, status, token, path) => {
    await using gateway = await open();
    const { status: answered, body } = await ask(gateway, path, await token());
    expect(answered).toBe(status);
    expect(JSON.stringify(body)).not.toMatch(/apple|banana|secrets/);
  });

  it.each([
    ["unknown", 404],
    ["like", 400],
    [`like?${given("a")}`, 400],
    ["like?values=nonsense", 400],
    ["like?values=%5B1,2%5D", 400],
    ["cast", 400],
    ["slow", 504],
    ["broken", 500],
  ])("answers %s with %i, without SQL and without rows", async (path, status) => {
    await using gateway = await open();
    const { status: answered, body } = await ask(gateway, path, ada);
    expect(answered).toBe(status);
    expect(Object.keys(body).filter((key) => !["status", "sqlstate"].includes(key))).toEqual([]);
    expect(await findLeftovers(gateway, authenticator)).toMatchObject({ found: [] });
  });

  it("answers 503 when no connection becomes free in time, and never runs what it refused", async () => {
    await using gateway = await open({ poolSize: 1, waitMs: 50 });
    const first = ask(gateway, "wait", ada);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask(gateway, `add?${given("ada", "late")}`, ada, "POST")).toEqual({
      status: 503,
      body: { status: 503 },
    });
    expect(await first).toMatchObject({ status: 200 });
    expect(await ask(gateway, "words", ada)).toEqual({ status: 200, body: [{ word: "apple" }] });
  });

  it("answers 503 when it has lost its connection, and goes on with another", async () => {
    await using gateway = await open({ poolSize: 1 });
    const first = ask(gateway, "wait", ada);
    const end = () => superuser.reads`
      select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'authenticator' and datname = current_database() and query like '%pg_sleep(0.4)%'`;
    await expect.poll(end).toHaveLength(1);
    expect(await first).toMatchObject({ status: 503 });
    expect(await ask(gateway, "words", ada)).toMatchObject({ status: 200 });
  });
});

describe("a gateway in a thread", () => {
  const connected = () => superuser.reads`
    select pid from pg_stat_activity where datname = current_database() and usename = 'authenticator'`;

  it("answers as one in this thread does, tells its times, and leaves nothing", async () => {
    const gateway = await openGatewayThread(plan);
    expect(await ask(gateway, "words", ada)).toEqual({ status: 200, body: [{ word: "apple" }] });
    expect(await ask(gateway, "words", "x")).toMatchObject({ status: 401 });
    const times = await gateway.times();
    expect([...times.keys()]).toEqual([1]);
    expect(times.get(1)).toBeGreaterThan(0);
    expect((await gateway.times()).size).toBe(0);
    expect(await findLeftovers(gateway, authenticator)).toEqual({ connections: 1, found: [] });
    await gateway[Symbol.asyncDispose]();
    await expect(ask(gateway, "words", ada)).rejects.toThrow();
    await expect.poll(connected).toEqual([]);
  });
});
