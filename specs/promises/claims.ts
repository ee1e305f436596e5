import fc from "fast-check";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { withClaims } from "../../harness/session/actor.ts";

/** How many malformed claims a gate draws; many draws are alike. */
const shapes = 1500;
/** How many of them, the known ones first, also try each table: what the function answers decides for the others. */
const reaching = 250;
const writing = 150;

const answer = "select public.auth_org_id() as org";
const noAnswer = JSON.stringify({ org: null });

/** A member's whole reach in one statement: what the function answers, and how many rows each table shows. */
const reach = `select (select public.auth_org_id()) as org,
  (select count(*) from public.organizations)::int as organizations,
  (select count(*) from public.contacts)::int as contacts,
  (select count(*) from public.appointments)::int as appointments,
  (select count(*) from public.notifications)::int as notifications`;
const nothing = JSON.stringify({
  org: null,
  organizations: 0,
  contacts: 0,
  appointments: 0,
  notifications: 0,
});

const changes = [
  "update public.contacts set notes = notes",
  "delete from public.contacts",
  "update public.appointments set service_type = service_type",
  "delete from public.appointments",
];

/** Claims of any malformed shape give no tenant, raise nothing, and reach and change nothing. */
export async function provesFailingClosed(trial: Trial): Promise<void> {
  const drawn = fc.sample(malformed(trial.tenant), { numRuns: shapes, seed: trial.seed });
  const claims = [...new Set([...known(trial.tenant), ...drawn])];
  const sessions = trial.site.sessions;
  const reads = await sessions.attempt(
    claims.map((text, index) => ({ actor: withClaims(text), sql: index < reaching ? reach : answer })),
  );
  reads.forEach((outcome, index) => {
    const seen = outcome.ok ? JSON.stringify(outcome.rows[0]) : `${outcome.sqlstate} ${outcome.message}`;
    const wanted = index < reaching ? nothing : noAnswer;
    trial.proof.weigh(seen === wanted, `claims ${shown(claims[index])} give ${seen}`, outcome);
  });
  const sample = claims.slice(0, writing);
  const writes = await sessions.attempt(
    sample.flatMap((text) => changes.map((sql) => ({ actor: withClaims(text), sql }))),
  );
  writes.forEach((outcome, index) => {
    trial.proof.weigh(
      outcome.ok && outcome.count === 0,
      `with claims ${shown(sample[Math.floor(index / changes.length)])}: ${changes[index % changes.length]} ${
        outcome.ok ? `changes ${outcome.count} rows` : `raises ${outcome.sqlstate} ${outcome.message}`
      }`,
      outcome,
    );
  });
  // Nothing is planted either, for the tenant that they may have meant.
  const inserts = sample.flatMap((text) =>
    [trial.tenant, "00000000-0000-0000-0000-000000000000"].map((org) => ({
      text,
      actor: withClaims(text),
      sql: `insert into public.contacts (org_id, name) values ('${org}', 'somebody')`,
    })),
  );
  (await sessions.attempt(inserts)).forEach((outcome, index) => {
    trial.proof.weigh(
      !outcome.ok && outcome.sqlstate === "42501",
      `with claims ${shown(inserts[index]?.text)}: an insert ${outcome.ok ? "is accepted" : `raises ${outcome.sqlstate} ${outcome.message}`}`,
      outcome,
    );
  });
  // A connection on which no claims were ever set knows no such setting.
  await using fresh = trial.site.openSessions({ size: 1 });
  const unset = await fresh.as(withClaims(undefined, "a member whose claims were never set")).tries(reach);
  trial.proof.weigh(
    unset.ok && JSON.stringify(unset.rows[0]) === nothing,
    `without any claims: ${unset.ok ? JSON.stringify(unset.rows[0]) : `${unset.sqlstate} ${unset.message}`}`,
    unset.repeat,
  );
  // The same claims, well-formed, reach the rows: what was denied above is there.
  const valid = JSON.stringify(trial.ground.tenancy.claims(trial.ground.society.member));
  const [control] = await sessions.attempt([{ actor: withClaims(valid), sql: reach }]);
  const row = control?.ok ? control.rows[0] : undefined;
  if (row?.org !== trial.tenant || row?.contacts === 0)
    trial.proof.broke("well-formed claims reach nothing either", control?.repeat ?? reach);
}

/** The shapes that the promise names, and those that have fooled parsers. */
function known(tenant: string): string[] {
  const within = (org: unknown) => JSON.stringify({ app_metadata: { org_id: org } });
  return [
    "",
    " ",
    "null",
    "true",
    "7",
    '"text"',
    "[]",
    "{}",
    "{",
    "not json",
    JSON.stringify({ org_id: tenant }),
    JSON.stringify({ user_metadata: { org_id: tenant } }),
    JSON.stringify({ app_metadata: null }),
    JSON.stringify({ app_metadata: tenant }),
    JSON.stringify({ app_metadata: [tenant] }),
    JSON.stringify({ app_metadata: [{ org_id: tenant }] }),
    JSON.stringify({ app_metadata: JSON.stringify({ org_id: tenant }) }),
    JSON.stringify({ app_metadata: { ORG_ID: tenant } }),
    JSON.stringify({ app_metadata: { app_metadata: { org_id: tenant } } }),
    ...[null, "", " ", 0, 1, true, [], [tenant], {}, { org_id: tenant }].map(within),
    within(`${tenant} `),
    within(` ${tenant}`),
    within(`{${tenant}}`),
    within(`${tenant}\n`),
    within(tenant.replaceAll("-", "")),
    within(tenant.slice(1)),
    within(`${tenant}0`),
    within(`${tenant}' or true --`),
    within("\u0000"),
    `{"app_metadata":{"org_id":"${tenant}"}`,
    `{'app_metadata':{'org_id':'${tenant}'}}`,
    `{"app_metadata":{"org_id":"\\u0000${tenant}"}}`,
    "[".repeat(20_000),
    `${"[".repeat(9_000)}${"]".repeat(9_000)}`,
    within("x".repeat(200_000)),
  ];
}

/** Claims that do not carry a tenant where they must: any JSON, JSON cut short, and the right path with a wrong value. */
function malformed(tenant: string): fc.Arbitrary<string> {
  const notTheTenant = fc.oneof(
    fc.jsonValue().filter((value) => !isUuid(value)),
    fc.string().filter((value) => !isUuid(value)),
    fc.integer({ min: 0, max: tenant.length - 1 }).map((length) => tenant.slice(0, length)),
    fc.string({ minLength: 1, maxLength: 3 }).map((tail) => tenant + tail),
    fc.constant([tenant]),
  );
  const path = notTheTenant.map((org) => JSON.stringify({ app_metadata: { org_id: org } }));
  const elsewhere = fc
    .constantFrom("user_metadata", "metadata", "App_Metadata", "org", "")
    .map((place) => JSON.stringify({ org_id: tenant, [place]: { org_id: tenant } }));
  const cut = fc
    .integer({ min: 0, max: 60 })
    .map((length) => JSON.stringify({ app_metadata: { org_id: tenant } }).slice(0, length));
  return fc
    .oneof(path, elsewhere, cut, fc.json(), fc.string())
    .filter((text) => !text.includes("\u0000") && text.isWellFormed() && !carriesTenant(text));
}

function isUuid(value: unknown): boolean {
  return (
    typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)
  );
}

function carriesTenant(text: string): boolean {
  try {
    return isUuid(JSON.parse(text)?.app_metadata?.org_id);
  } catch {
    return false;
  }
}

function shown(text: string | undefined): string {
  const value = JSON.stringify(text ?? "");
  return value.length > 120 ? `${value.slice(0, 120)}...` : value;
}
