import { key } from "../../harness/catalog/schema.ts";
import { targetsOf } from "../../harness/guarantees/isolation/isolation.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { withoutComments, wordsOf } from "../../harness/guarantees/words.ts";
import { withClaims } from "../../harness/session/actor.ts";

/** Names under which applications keep a tenant; the function's own words are tried besides. */
const usualNames = [
  "org_id",
  "orgId",
  "organization_id",
  "organization",
  "org",
  "tenant_id",
  "tenant",
  "account_id",
];
const usualSettings = [
  "request.jwt.claim.org_id",
  "request.jwt.claim.app_metadata",
  "request.org_id",
  "request.headers",
  "request.cookies",
  "app.org_id",
  "app.current_org_id",
];

const answer = sql`select public.auth_org_id() as org`;

/** Another tenant's id in any place but app_metadata.org_id of the claims gives nothing, and takes nothing away. */
export async function provesNoOtherSource(trial: Trial): Promise<void> {
  const { tenant, otherTenant, memberId, ground } = trial;
  const routine = ground.schema.routines.find((one) => key(one) === "public.auth_org_id");
  const words = wordsOf([routine?.source ?? ""]).filter((word) => !/[^\w.-]/.test(word));
  const names = [...new Set([...usualNames, ...words.filter((word) => !word.includes("."))])];
  const settings = [...new Set([...usualSettings, ...words.filter((word) => word.includes("."))])].filter(
    (name) => name.includes(".") && name !== "request.jwt.claims",
  );
  const everywhere = Object.fromEntries(names.map((name) => [name, otherTenant]));
  const { org_id: _, ...besideIt } = everywhere;
  const places = [
    ["user_metadata", { user_metadata: everywhere }],
    ["the top level", besideTheRest(everywhere)],
    ["app_metadata under other names", { app_metadata: besideIt }],
    ["app_metadata, deeper", { app_metadata: { org: everywhere, app_metadata: everywhere } }],
    [
      "raw_app_meta_data and raw_user_meta_data",
      { raw_app_meta_data: everywhere, raw_user_meta_data: everywhere },
    ],
  ] as const satisfies readonly (readonly [string, Record<string, unknown>])[];
  const truth = ground.tenancy.claims(ground.society.member);
  for (const [place, forged] of places) {
    await trial.sees(
      withClaims(JSON.stringify({ sub: memberId, ...forged }), "an impostor"),
      `a tenant forged in ${place} gives nothing`,
      answer,
      [{ org: null }],
    );
    const app_metadata = Object.assign({}, "app_metadata" in forged ? forged.app_metadata : {}, {
      org_id: tenant,
    });
    await trial.sees(
      withClaims(JSON.stringify({ ...truth, ...forged, app_metadata }), "an impostor"),
      `a tenant forged in ${place} does not replace the true one`,
      answer,
      [{ org: tenant }],
    );
  }
  for (const setting of settings)
    for (const value of [otherTenant, JSON.stringify({ ...everywhere, "x-org-id": otherTenant })])
      for (const [claims, org] of [
        ["{}", null],
        [JSON.stringify(truth), tenant],
      ] as const)
        await trial.sees(
          withClaims(claims, "an impostor"),
          `the setting ${setting} gives nothing`,
          [sql`select set_config(${setting}, ${value}, true)`, answer],
          [{ org }],
        );
  // What the table of users says is not what the token says.
  const profile = JSON.stringify({ org_id: otherTenant });
  await trial.given(
    sql`update auth.users set raw_user_meta_data = ${profile}::jsonb, raw_app_meta_data = ${profile}::jsonb where id = ${memberId}`,
  );
  for (const [claims, org] of [
    [JSON.stringify({ sub: memberId, role: "authenticated" }), null],
    [JSON.stringify(truth), tenant],
  ] as const)
    await trial.sees(withClaims(claims, "a member"), "the table of users gives nothing", answer, [{ org }]);
}

/** Policies of the tenants' tables ask that function, and read no claims of their own. */
export function provesOneSource(trial: Trial): void {
  const { ground, proof } = trial;
  for (const { table, label } of targetsOf(ground))
    for (const { name, using, check } of table.policies) {
      const text = withoutComments(`${using ?? ""} ${check ?? ""}`);
      const own = /\bjwt\b|current_setting|_metadata|_meta_data/.exec(text);
      proof.weigh(
        own === null,
        `the policy ${name} on ${label} decides by ${own?.[0]}, not by auth_org_id(): ${text.trim()}`,
        `select * from pg_policies where policyname = '${name}';`,
      );
    }
}

/** As claims at the top level; what the token says of itself stays. */
function besideTheRest(everywhere: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(everywhere).filter(
      ([name]) => !["sub", "role", "app_metadata", "user_metadata"].includes(name),
    ),
  );
}
