// Miniature: tickets of teams and notes on tickets, guarded and indexed as they should be. What a spec wants to be found is
// broken in it by hand.
import { afterAll, inject } from "vitest";
import { asSuperuser, type Bed, fillBed, openBed } from "../../harness/bench/bed.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { createDatabase, freezeTemplate } from "../../harness/engine/database.ts";
import { idOf } from "../../harness/workload/draw.ts";
import { type Place, scaleOf } from "../../harness/workload/scale.ts";
import type { Query, Sheet, Workload } from "../../harness/workload/workload.ts";
import { sharedHost } from "../ground.ts";
import { configuredProject } from "../promises/subject.ts";
import { seed, today } from "./beds.ts";

const schema = `
  create type public.state as enum ('open', 'closed');
  create table public.teams (id uuid primary key);
  create table public.tickets (
    id uuid primary key,
    org_id uuid not null references public.teams on delete cascade,
    state public.state not null,
    subject text not null,
    changed_at timestamptz not null
  );
  create index tickets_recent on public.tickets (org_id, changed_at desc);
  comment on index public.tickets_recent is 'It''s for the list.';
  create table public.notes (
    id uuid primary key,
    ticket_id uuid not null references public.tickets on delete cascade,
    body text
  );
  create index notes_of_ticket on public.notes (ticket_id);
  create table public.journal (of_ticket uuid, at timestamptz not null default now());
  create function public.write_down() returns trigger language plpgsql security definer set search_path = '' as $$
    begin insert into public.journal (of_ticket) values (new.id); return new; end $$;
  create trigger written_down after insert or update on public.tickets
    for each row execute function public.write_down();
  create function public.own_team() returns uuid language plpgsql stable set search_path = '' as $$
    begin return (current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'org_id')::uuid; end $$;
  alter table public.tickets enable row level security;
  create policy own_tickets on public.tickets to authenticated
    using (org_id = (select public.own_team())) with check (org_id = (select public.own_team()));`;

export const ticketId = (place: Place, n: number) => idOf("ticket", place.index * 10_000_000 + n);

const teams: Sheet = {
  schema: "public",
  name: "teams",
  columns: ["id"],
  rowsOf: () => 1,
  row: ({ tenant }) => [tenant],
};
const tickets: Sheet = {
  schema: "public",
  name: "tickets",
  columns: ["id", "org_id", "state", "subject", "changed_at"],
  row: (place, n, draw) => [
    ticketId(place, n),
    place.tenant,
    draw.happens(0.1) ? "open" : "closed",
    `subject ${draw.between(0, 1_000_000)}`,
    new Date(place.today.getTime() - draw.between(0, 1_000_000_000)).toISOString(),
  ],
};
const notes: Sheet = {
  schema: "public",
  name: "notes",
  columns: ["id", "ticket_id", "body"],
  row: (place, n) => [idOf("note", place.index * 10_000_000 + n), ticketId(place, n), "called back"],
};

/** Somebody's newest tickets, which an index serves. */
export const recent: Query = {
  id: "recent",
  title: "the 20 tickets last changed",
  asker: "member",
  text: "select * from public.tickets order by changed_at desc limit 20",
  values: () => [],
  targetMs: 1_000,
  unprotected: {
    text: "select * from public.tickets where org_id = $1 order by changed_at desc limit 20",
    added: ({ tenant }) => [tenant],
  },
};

export const miniature: Workload = {
  sheets: [teams, tickets, notes],
  queries: [recent],
  auditFunction: "public.write_down",
  sizes: [],
  chores: [],
  removals: [],
};

/** The miniature without rows; a clone of it that is filled is a bed. */
export async function makeMiniature(): Promise<(rows: number, workload?: Partial<Workload>) => Promise<Bed>> {
  const { templates, deployer } = inject("shared");
  const cluster = sharedHost();
  const database = await createDatabase(cluster, { template: templates.open, owner: deployer });
  await withConnection(database.address(deployer), (connection) => connection.query(schema));
  await freezeTemplate(cluster, database.name);
  const beds: Bed[] = [];
  afterAll(async () => {
    for (const one of [...beds, database]) await one[Symbol.asyncDispose]();
  });
  const { tenancy } = configuredProject();
  return async (rows, more = {}) => {
    const workload = { ...miniature, ...more };
    const scale = scaleOf(rows, 20, today);
    const bed = await openBed({ cluster, template: database.name, workload, scale, tenancy, deployer, seed });
    beds.push(bed);
    await fillBed(bed, () => {});
    return bed;
  };
}

/** What `use` answers while the schema is broken by `breaks`; `mends` is what makes it whole again. */
export async function whileBroken<T>(
  bed: Bed,
  { breaks, mends }: { readonly breaks: string; readonly mends: string },
  use: () => Promise<T>,
): Promise<T> {
  await asSuperuser(bed, (connection) => connection.query(breaks));
  try {
    return await use();
  } finally {
    await asSuperuser(bed, (connection) => connection.query(mends));
  }
}
