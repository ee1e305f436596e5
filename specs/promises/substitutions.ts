import type { Table } from "../../harness/catalog/model.ts";
import { key } from "../../harness/catalog/schema.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import { qualify, quoteIdentifier } from "../../harness/sql/identifier.ts";
import { creation, type Obstacle } from "./taken-names.ts";

/** An object of the set, changed by hand after it was applied: applying it again must say what differs. */
export interface Substitution extends Obstacle {
  readonly undo: string;
  /** Those of one group are told in one error. */
  readonly group: string;
}

/** For each table and enum that the set made: the same names, with another shape. */
export function substitutionsIn({ schema, schemaBefore, plan }: Ground): readonly Substitution[] {
  const before = new Set(schemaBefore.tables.map(key));
  // A table that is made LIKE a legacy one has the shape of that, whichever it was.
  const isLikeAnother = ({ name }: Table) =>
    plan.some(({ text }) => new RegExp(`create table public\\.${name}\\s*\\(\\s*like\\b`, "i").test(text));
  const tables = schema.tables.filter(
    (table) => table.schema === "public" && !before.has(key(table)) && !isLikeAnother(table),
  );
  return [...tables.flatMap(changesOf), ...tables.flatMap(policiesOf), ...enumsOf(tables), ...others];
}

function changesOf(table: Table): Substitution[] {
  const relation = qualify(table.schema, table.name);
  const of = (name: string, object: string, sql: string, undo: string): Substitution => ({
    name: `${name} of ${key(table)}`,
    sql: `alter table ${relation} ${sql}`,
    undo: `alter table ${relation} ${undo}`,
    concerns: creation("table", table.name),
    names: [table.name, object],
    group: key(table),
  });
  const column = (test: (one: Table["columns"][number]) => boolean) => table.columns.filter(test).slice(0, 1);
  const keyed = new Set([...table.primaryKey, ...table.uniques.flatMap(({ columns }) => columns)]);
  return [
    of("a column too many", "somebody_s", "add column somebody_s text", "drop column somebody_s"),
    ...column((one) => one.hasDefault).map(({ name, default: value }) => {
      const named = `alter column ${quoteIdentifier(name)}`;
      return of("another default", name, `${named} drop default`, `${named} set default ${value}`);
    }),
    ...column((one) => one.notNull && !keyed.has(one.name) && one.type !== "text").map(({ name }) => {
      const named = `alter column ${quoteIdentifier(name)}`;
      return of("a column that may be NULL", name, `${named} drop not null`, `${named} set not null`);
    }),
    ...column((one) => one.type === "text" && !keyed.has(one.name)).map(({ name }) => {
      const named = `alter column ${quoteIdentifier(name)}`;
      return of("a column of another type", name, `${named} type varchar(20)`, `${named} type text`);
    }),
    ...table.checks.map(({ name, definition }) => {
      const drop = `drop constraint ${quoteIdentifier(name)}, add constraint ${quoteIdentifier(name)}`;
      return of("another check", name, `${drop} check (true)`, `${drop} ${definition}`);
    }),
    ...table.foreignKeys.map(({ name, columns, target, onDelete }) => {
      const list = (names: readonly string[]) => names.map(quoteIdentifier).join(", ");
      const add = (action: string) =>
        `drop constraint ${quoteIdentifier(name)}, add constraint ${quoteIdentifier(name)} foreign key (${list(columns)})
          references ${qualify(target.schema, target.name)} (${list(target.columns)}) on delete ${action}`;
      return of(
        "another foreign key",
        name,
        add(onDelete === "cascade" ? "restrict" : "cascade"),
        add(onDelete),
      );
    }),
    ...(table.rls
      ? [of("no row security", "row security", "disable row level security", "enable row level security")]
      : []),
  ];
}

function policiesOf(table: Table): Substitution[] {
  return table.policies.flatMap(({ name, using }) => {
    if (using === null) return [];
    const policy = `alter policy ${quoteIdentifier(name)} on ${qualify(table.schema, table.name)}`;
    return [
      {
        name: `a policy of ${key(table)} that lets everything pass`,
        sql: `${policy} using (${using} or true)`,
        undo: `${policy} using (${using})`,
        concerns: new RegExp(`create policy ${name}\\b`, "i"),
        names: [name],
        group: `policies of ${key(table)}`,
      },
    ];
  });
}

function enumsOf(tables: readonly Table[]): Substitution[] {
  const enums = new Map<string, readonly string[]>();
  for (const { columns } of tables)
    for (const { category, baseType, enumLabels } of columns)
      if (category === "enum" && enumLabels) enums.set(baseType, enumLabels);
  return [...enums].map(([type, [first = ""]]) => ({
    name: `an enum ${type} with another label`,
    sql: `alter type ${qualify("public", type)} rename value '${first}' to 'other'`,
    undo: `alter type ${qualify("public", type)} rename value 'other' to '${first}'`,
    concerns: creation("type", type),
    names: [type],
    group: `type ${type}`,
  }));
}

const others: readonly Substitution[] = [
  {
    name: "a unique constraint on other columns",
    sql: `alter table public.contacts drop constraint uq_contacts_org_phone,
  add constraint uq_contacts_org_phone unique (org_id, email)`,
    undo: `alter table public.contacts drop constraint uq_contacts_org_phone,
  add constraint uq_contacts_org_phone unique (org_id, phone)`,
    concerns: creation("table", "contacts"),
    names: ["contacts", "uq_contacts_org_phone"],
    group: "public.contacts",
  },
  {
    name: "an index of the same name on other columns",
    sql: `drop index public.idx_contacts_org_status_updated;
create index idx_contacts_org_status_updated on public.contacts (org_id, name, email)`,
    undo: `drop index public.idx_contacts_org_status_updated;
create index idx_contacts_org_status_updated on public.contacts (org_id, lead_status, updated_at desc)`,
    concerns: creation("table", "contacts"),
    names: ["contacts", "idx_contacts_org_status_updated"],
    group: "public.contacts",
  },
  {
    name: "a unique index too many, which refuses rows",
    sql: "create unique index uq_contacts_one_each on public.contacts (org_id, name)",
    undo: "drop index public.uq_contacts_one_each",
    concerns: creation("table", "contacts"),
    names: ["contacts", "uq_contacts_one_each"],
    group: "public.contacts",
  },
  {
    name: "a column of another type of the orphans, one that the set added",
    sql: "alter table public.processed_webhook_events_orphans alter column orphan_reason type varchar(20)",
    undo: "alter table public.processed_webhook_events_orphans alter column orphan_reason type text",
    concerns: creation("table", "processed_webhook_events_orphans"),
    names: ["processed_webhook_events_orphans", "orphan_reason"],
    group: "public.processed_webhook_events_orphans",
  },
  {
    name: "a function auth.org_id() that answers otherwise",
    sql: "create function auth.org_id() returns uuid language sql as 'select null::uuid'",
    undo: "drop function auth.org_id()",
    concerns: /create function auth\.org_id\b/i,
    names: ["auth.org_id"],
    group: "auth.org_id",
  },
];
