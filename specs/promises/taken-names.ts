import type { Schema } from "../../harness/catalog/model.ts";
import { key } from "../../harness/catalog/schema.ts";
import { qualify } from "../../harness/sql/identifier.ts";

/** Something that is in the way before the set is applied. */
export interface Obstacle {
  readonly name: string;
  /** Puts it there; a superuser runs it. */
  readonly sql: string;
  /** Takes it away again. */
  readonly undo: string;
  /** What the text of the migration holds that meets it. */
  readonly concerns: RegExp;
  /** What the error must name; of a list, any one. */
  readonly names: readonly (string | readonly string[])[];
}

/** For each table and enum that the set makes: another thing of that name, in public and in another schema. */
export function collisions(schema: Schema, schemaBefore: Schema): Obstacle[] {
  const before = new Set(schemaBefore.tables.map(key));
  const tables = schema.tables.filter((table) => table.schema === "public" && !before.has(key(table)));
  const enums = new Map<string, readonly string[]>();
  for (const { columns } of tables)
    for (const { category, baseType, enumLabels } of columns)
      if (category === "enum" && enumLabels) enums.set(baseType, enumLabels);
  return [
    ...tables.flatMap(({ name, columns }) => [
      {
        name: `a table public.${name} of another shape`,
        sql: `create table ${qualify("public", name)} (id integer)`,
        undo: `drop table ${qualify("public", name)}`,
        concerns: creation("table", name),
        names: [`public.${name}`, columns.map((column) => column.name).filter((column) => column !== "id")],
      },
      {
        name: `a table ${name} in another schema`,
        sql: `create schema elsewhere; create table ${qualify("elsewhere", name)} (id integer)`,
        undo: "drop schema elsewhere cascade",
        concerns: creation("table", name),
        names: [name, "elsewhere"],
      },
    ]),
    ...[...enums.keys()].flatMap((type) => [
      {
        name: `a type public.${type} with other labels`,
        sql: `create type ${qualify("public", type)} as enum ('other')`,
        undo: `drop type ${qualify("public", type)}`,
        concerns: creation("type", type),
        names: [type, "other"],
      },
      {
        name: `a type ${type} in another schema`,
        sql: `create schema elsewhere; create type ${qualify("elsewhere", type)} as enum ('other')`,
        undo: "drop schema elsewhere cascade",
        concerns: creation("type", type),
        names: [type, "elsewhere"],
      },
    ]),
  ];
}

function creation(kind: "table" | "type", name: string): RegExp {
  return new RegExp(`create ${kind} (if not exists )?public\\.${name}\\b`, "i");
}

/** Objects of the set, changed by hand after it was applied: applying it again must say what differs. */
export const substitutions: readonly Obstacle[] = [
  {
    name: "a column of another type",
    sql: "alter table public.contacts alter column notes type varchar(20)",
    undo: "alter table public.contacts alter column notes type text",
    concerns: creation("table", "contacts"),
    names: ["contacts", "notes"],
  },
  {
    name: "a column that may be NULL",
    sql: "alter table public.appointments alter column scheduled_at drop not null",
    undo: "alter table public.appointments alter column scheduled_at set not null",
    concerns: creation("table", "appointments"),
    names: ["appointments", "scheduled_at"],
  },
  {
    name: "another default",
    sql: "alter table public.contacts alter column lead_score set default 'hot'",
    undo: "alter table public.contacts alter column lead_score set default 'cold'",
    concerns: creation("table", "contacts"),
    names: ["contacts", "lead_score"],
  },
  {
    name: "a column too many that must be given",
    sql: "alter table public.contacts add column mandatory text not null",
    undo: "alter table public.contacts drop column mandatory",
    concerns: creation("table", "contacts"),
    names: ["contacts", "mandatory"],
  },
  {
    name: "a unique constraint on other columns",
    sql: `alter table public.contacts drop constraint uq_contacts_org_phone;
alter table public.contacts add constraint uq_contacts_org_phone unique (org_id, email)`,
    undo: `alter table public.contacts drop constraint uq_contacts_org_phone;
alter table public.contacts add constraint uq_contacts_org_phone unique (org_id, phone)`,
    concerns: creation("table", "contacts"),
    names: ["contacts", "uq_contacts_org_phone"],
  },
  {
    name: "a foreign key that cascades",
    sql: `alter table public.appointments drop constraint fk_appointments_contact_id;
alter table public.appointments add constraint fk_appointments_contact_id
  foreign key (org_id, contact_id) references public.contacts (org_id, id) on delete cascade`,
    undo: `alter table public.appointments drop constraint fk_appointments_contact_id;
alter table public.appointments add constraint fk_appointments_contact_id
  foreign key (org_id, contact_id) references public.contacts (org_id, id)`,
    concerns: creation("table", "appointments"),
    names: ["appointments", "fk_appointments_contact_id"],
  },
  {
    name: "an enum with its labels in another order",
    sql: "alter type public.notification_priority rename value 'low' to 'lowest'",
    undo: "alter type public.notification_priority rename value 'lowest' to 'low'",
    concerns: creation("type", "notification_priority"),
    names: ["notification_priority"],
  },
  {
    name: "an index of the same name on other columns",
    sql: `drop index public.idx_contacts_org_status_updated;
create index idx_contacts_org_status_updated on public.contacts (org_id, name, email)`,
    undo: `drop index public.idx_contacts_org_status_updated;
create index idx_contacts_org_status_updated on public.contacts (org_id, lead_status, updated_at desc)`,
    concerns: creation("table", "contacts"),
    names: ["contacts", "idx_contacts_org_status_updated"],
  },
];
