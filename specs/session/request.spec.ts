import { describe, expect, it } from "vitest";
import { anon, claimless, impostor, member, service, withClaims } from "../../harness/session/actor.ts";
import { requestPreamble } from "../../harness/session/request.ts";
import { openGround } from "../ground.ts";

const ada = member({ id: "a0000000-0000-4000-8000-000000000001", orgId: "acme", name: "ada" });

describe("a request", () => {
  it("begins as PostgREST begins it: one transaction, one set_config of everything, in its order, all bound", () => {
    const preamble = requestPreamble(ada, false, '"public"', [["statement_timeout", "8s"]], {
      path: "/contacts",
      headers: { accept: "text/csv" },
      cookies: { a: "b" },
    });
    const claims = { sub: "a0000000-0000-4000-8000-000000000001", aud: "authenticated" };
    expect(preamble.steps).toEqual([
      { text: "begin isolation level read committed" },
      {
        text: `select ${[1, 3, 5, 7, 9, 11, 13, 15].map((n) => `set_config($${n}, $${n + 1}, true)`).join(", ")}`,
        values: [
          ...["search_path", '"public"'],
          ...["statement_timeout", "8s"],
          ...["role", "authenticated"],
          "request.jwt.claims",
          JSON.stringify({
            ...claims,
            app_metadata: { org_id: "acme" },
            user_metadata: {},
            role: "authenticated",
          }),
          ...["request.method", "POST"],
          ...["request.path", "/contacts"],
          ...["request.headers", '{"accept":"text/csv"}'],
          ...["request.cookies", '{"a":"b"}'],
        ],
      },
    ]);
  });

  it("that only reads begins read only, as GET", () => {
    const [begin, settings] = requestPreamble(ada, true, "", [], {}).steps;
    expect(begin?.text).toBe("begin isolation level read committed read only");
    expect(settings?.values).toContain("GET");
  });
});

describe("what the database sees of a request", async () => {
  const { sessions, superuserName } = await openGround();
  const see = `
    select session_user, current_user, current_setting('request.jwt.claims', true) as claims,
      current_setting('search_path') as search_path, current_setting('statement_timeout') as statement_timeout,
      current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as read_only`;
  const always = {
    session_user: "authenticator",
    search_path: '"public", "extensions"',
    isolation: "read committed",
    read_only: "off",
  };

  it.each([
    [ada, "authenticated", "8s", '{"app_metadata": {"org_id": "acme"}}'],
    [impostor({ id: "a", orgId: "acme", name: "impostor" }), "authenticated", "8s", '{"org_id": "acme"}'],
    [claimless, "authenticated", "8s", '{"role": "authenticated"}'],
    [anon, "anon", "3s", '{"role": "anon"}'],
    // No timeout of its own: that of the login role stays.
    [service, "service_role", "8s", '{"role": "service_role"}'],
  ])("is the role and the claims of $name", async ({ ...actor }, role, timeout, part) => {
    const outcome = await sessions.as(actor).tries(see);
    expect(outcome).toMatchObject({
      ok: true,
      rows: [{ ...always, current_user: role, statement_timeout: timeout }],
    });
    const claims = JSON.parse(String(outcome.ok && outcome.rows[0]?.claims));
    expect(claims).toMatchObject({ ...JSON.parse(part), role });
  });

  it.each(["", "{", "null", '"text"', '{"role": "service_role"}'])(
    "is the claims %j as they stand",
    async (claims) => {
      expect(await sessions.as(withClaims(claims)).reads(see)).toMatchObject([
        { ...always, current_user: "authenticated", claims, read_only: "on" },
      ]);
    },
  );

  it("is no claims at all when there are none to send", async () => {
    const fresh = await sessions.as(withClaims(undefined)).reads`
      select nullif(current_setting('request.jwt.claims', true), '') as claims`;
    expect(fresh).toEqual([{ claims: null }]);
  });

  it.each([superuserName, "supabase_auth_admin", "nobody", ""])(
    "is nothing of an actor of role '%s'",
    async (role) => {
      const attempt = sessions.as({ name: "intruder", role, claims: {} }).tries`select 1`;
      await expect(attempt).rejects.toMatchObject({ code: "SESSION_REFUSED" });
    },
  );
});
