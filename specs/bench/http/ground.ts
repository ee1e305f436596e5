// Ground: the project's own tables with two tenants in them, and a few queries over HTTP.
import { afterAll } from "vitest";
import type { HttpRequest } from "../../../harness/bench/http/measure.ts";
import type { Ground } from "../../../harness/guarantees/ground.ts";
import { prepareGround, prepareHost, readSubject } from "../../../harness/guarantees/ground.ts";
import type { Site } from "../../../harness/guarantees/site.ts";
import type { Place } from "../../../harness/workload/scale.ts";
import type { Query } from "../../../harness/workload/workload.ts";
import { sharedHost } from "../../ground.ts";
import { configuredProject } from "../../promises/subject.ts";

export const queries: readonly Query[] = [
  {
    id: "recent",
    title: "the contacts last updated",
    asker: "member",
    text: "select * from public.contacts order by updated_at desc limit 20",
    values: () => [],
  },
  {
    id: "body",
    title: "contacts as PostgREST asks for them",
    asker: "member",
    text: `
      select count(found.id) as page_total, coalesce(json_agg(found), '[]')::text as body
      from (select * from public.contacts where name > $1 limit $2) as found`,
    values: (_, draw) => [draw.oneOf(["A", "B"]), "10"],
  },
  {
    id: "inbox",
    title: "a person's notifications",
    asker: "member",
    text: "select * from public.notifications order by created_at desc limit 20",
    values: () => [],
  },
  {
    id: "contacts-of",
    title: "the backend's contacts of a tenant",
    asker: "service",
    text: "select id, org_id, name from public.contacts where org_id = $1 limit 10",
    values: ({ tenant }) => [tenant],
  },
  {
    id: "note",
    title: "a note on a contact",
    asker: "member",
    text: `
      update public.contacts set notes = $1
      where id = (select id from public.contacts order by id limit 1) returning org_id`,
    values: (_, draw) => [draw.oneOf(["called", null])],
    writes: true,
  },
];

export interface HttpGround {
  readonly site: Site;
  readonly places: readonly Place[];
  /** A short measurement of it all, by `queries`. */
  request(more?: Partial<HttpRequest>): HttpRequest;
}

/** The populated database, to be opened once at the top of a spec file; dropped after its last spec. */
export async function openHttpGround(): Promise<HttpGround> {
  const project = configuredProject();
  const silent = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };
  const subject = await readSubject(project);
  const host = await prepareHost(sharedHost(), subject, silent);
  const ground = await prepareGround(host, subject, silent, { seed: 20_250_110 });
  const site = await ground.open("populated");
  afterAll(() => site[Symbol.asyncDispose]());
  const places = placesOf(ground);
  return {
    site,
    places,
    request: (more = {}) => ({
      address: site.database.address("authenticator"),
      tenancy: ground.tenancy,
      personColumn: "user_id",
      ...{ queries, places, seed: 7, connections: 4, rate: 150, seconds: 1, poolSize: 2 },
      say: () => {},
      ...more,
    }),
  };
}

function placesOf({ society }: Ground): Place[] {
  return society.tenants.map(({ id, people }, index) => ({
    index,
    tenant: id,
    people: people.map((person) => person.id),
    rows: 1,
    role: "ordinary",
    today: new Date("2026-01-05"),
  }));
}
