import { afterAll, describe, expect, it } from "vitest";
import type { RegressionResult } from "../../../harness/bench/result.ts";
import type { Query } from "../../../harness/workload/workload.ts";
import { sharedHost } from "../../ground.ts";
import { type Edit, openSchemas } from "./schemas.ts";

const schemas = await openSchemas(sharedHost());
afterAll(() => schemas[Symbol.asyncDispose]());
const unedited = await schemas.make();
const [recent, add] = ["contacts-recent", "contact-add"].map((wanted) =>
  schemas.queries.find(({ id }) => id === wanted),
) as [Query, Query];

async function compare(edits: readonly Edit[], queries: readonly Query[], base = unedited) {
  return schemas.compare(base, await schemas.make(edits), queries);
}

const found = ({ queries }: RegressionResult, { id }: Query) => queries.find((query) => query.id === id);
const contacts = "create_contacts_table";
const claims = "create_auth_org_id_function";
const using = "using (org_id = (select public.auth_org_id()))";
const timeout = 240_000;

describe("a regression is found, and its cause named:", { timeout }, () => {
  it("an index that was dropped", async () => {
    const result = await compare(
      [{ file: contacts, to: "drop index public.idx_contacts_org_updated" }],
      [recent],
    );
    const query = found(result, recent);
    expect(query?.verdict).toBe("slower");
    expect(query?.causes[0]).toMatch(
      /^index idx_contacts_org_updated on public\.contacts was removed; the query reads [\d,]+ rows instead of 50$/,
    );
    expect(query?.causes.at(-1)).toMatch(/^in the plan, "Index Scan using idx_contacts_org_updated/);
    expect(result.changes).toEqual([expect.stringMatching(/^- index public\.idx_contacts_org_updated/)]);
  });

  it("a policy that asks for the claims of each row", async () => {
    const edits = [{ file: contacts, from: using, to: "using (org_id = public.auth_org_id())" }];
    const query = found(await compare(edits, [recent]), recent);
    expect(query?.verdict).toBe("slower");
    expect(query?.causes[0]).toMatch(
      /^policy contacts_select_own on public\.contacts: \(select public\.auth_org_id\(\)\) became public\.auth_org_id\(\), evaluated for each row that no index rules out, called (twice|\d+ times) instead of once/,
    );
  });

  it("a claim function that does more", async () => {
    const from = "  -- user_metadata and the top level";
    const to = `  perform pg_catalog.count(*) from pg_catalog.pg_attribute;\n${from}`;
    const query = found(await compare([{ file: claims, from, to }], [recent]), recent);
    expect(query?.verdict).toBe("slower");
    expect(query?.causes[0]).toMatch(
      /^function public\.auth_org_id\(\) has another body; the query touches \d+ pages instead of \d+$/,
    );
  });

  it("a claim function in plpgsql that was in SQL", async () => {
    const to = `create or replace function public.auth_org_id() returns uuid language sql stable as
      $$ select (current_setting('request.jwt.claims', true)::jsonb #>> '{app_metadata,org_id}')::uuid $$`;
    const query = found(await compare([], [recent], await schemas.make([{ file: claims, to }])), recent);
    expect(query?.verdict).toBe("slower");
    expect(query?.causes[0]).toMatch(/^function public\.auth_org_id\(\) is plpgsql now, was sql/);
  });

  it("a trigger that sleeps", async () => {
    const to = `
      create function public.slow_down() returns trigger language plpgsql as
        'begin perform pg_catalog.pg_sleep(0.001); return new; end';
      create trigger slow_down before insert on public.contacts for each row execute function public.slow_down()`;
    const result = await compare([{ file: contacts, to }], [recent, add]);
    const query = found(result, add);
    expect(query?.verdict).toBe("slower");
    expect(query?.causes[0]).toMatch(
      /^trigger slow_down on public\.contacts was added: \d+\.\d+ ms of \d+\.\d+ ms are spent in it/,
    );
    expect(["same", "unknown"]).toContain(found(result, recent)?.verdict);
  });
});

it("edits that change no answer and no cost make nothing slower", { timeout }, async () => {
  const to = `comment on table public.contacts is 'Other words.';
    alter index public.idx_contacts_org_updated rename to idx_contacts_by_update;
    alter table public.contacts add column nickname text`;
  const edits = [
    { file: contacts, from: `${using};`, to: "using ((select public.auth_org_id()) = org_id);" },
    { file: contacts, to },
  ];
  const text = "select nickname from public.contacts";
  const added: Query = {
    ...{ id: "nicknames", title: "all nicknames", asker: "member", text },
    values: () => [],
  };
  const result = await compare(edits, [recent, add, added]);
  // What a busy machine hides is no finding.
  for (const { verdict } of result.queries) expect(["same", "unknown"]).toContain(verdict);
  const causes = found(result, recent)?.causes;
  expect(causes).toContain("index idx_contacts_org_updated was renamed to idx_contacts_by_update");
  expect(result.incomparable).toEqual([
    { id: added.id, title: added.title, why: expect.stringContaining('column "nickname" does not exist') },
  ]);
});
