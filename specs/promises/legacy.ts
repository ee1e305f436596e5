import type { Connection } from "../../harness/catalog/connection.ts";

/** What an application has before the set: see fixtures/legacy/baseline.sql. */
export const legacyTables = ["call_logs", "calls", "processed_webhook_events"] as const;

/** Two organizations that exist later, and one that never does. */
export const [first, second, unknown] = [1, 2, 3].map(
  (number) => `f1000000-0000-4000-8000-00000000000${number}`,
) as [string, string, string];

/** The organizations of the legacy calls, once there is a table of them. */
export const plantOrganizations = `
insert into public.organizations (id, name) values ('${first}', 'first'), ('${second}', 'second');`;

/** Ids of the calls of each kind: of the first, the second, an unknown organization, and of none. */
const call = (table: string, kind: string) => `pg_catalog.md5('${table} ${kind}')::uuid`;
const kinds = { first: `'${first}'`, second: `'${second}'`, unknown: `'${unknown}'`, none: "null" };

const calls = (table: string) => `
insert into public.${table} (id, org_id, vapi_call_id) values
${Object.entries(kinds)
  .map(
    ([kind, org]) =>
      `(${call(table, kind)}, ${org}, '${kind}'), (gen_random_uuid(), ${org}, '${kind} of ${table}')`,
  )
  .join(",\n")};`;

/**
 * Calls of every kind, and an event for every way to be linked to them: by each link to a call of each kind or to none,
 * all combined, and by vapi_call_id also to calls of two organizations. Texts and times are of the odd sort.
 */
export const plantLegacy = `
${calls("call_logs")}
${calls("calls")}
insert into public.call_logs (org_id, vapi_call_id) values ('${first}', 'of two');
insert into public.calls (org_id, vapi_call_id) values ('${second}', 'of two');
insert into public.processed_webhook_events
  (event_id, event_type, call_log_id, call_id, vapi_call_id, received_at, processed_at)
select
  case position % 8
    when 0 then e'tab\\tline\\nreturn\\r' when 1 then e'quote\\'s "double" \\\\ back' when 2 then 'Ünïcode ☎ 電話'
    when 3 then 'trailing ' when 4 then ' leading' when 5 then e'\\u00e9' when 6 then e'e\\u0301' else '%s \\N {} $$ ' end
    || position,
  case position % 5 when 0 then '' when 1 then repeat('long ', 2000) when 2 then 'NULL' else 'call.ended' end,
  log_id, call_id, vapi_id,
  case position % 4 when 0 then 'infinity' when 1 then timestamptz '0044-03-15 12:00:00.123456+00 BC'
    when 2 then timestamptz '2024-03-31 02:30:00.000001+02' else '-infinity' end,
  case position % 3 when 0 then null else timestamptz 'epoch' + position * interval '1 microsecond' end
from (
  select log.id, call.id, vapi.id, row_number() over (order by log.id, call.id, vapi.id) as position
  from (values (null::uuid), ${links("call_logs")}) log (id)
  cross join (values (null::uuid), ${links("calls")}) call (id)
  cross join (values (null), (''), ('first'), ('second'), ('none'), ('of two'), ('of nobody')) vapi (id)
) event (log_id, call_id, vapi_id, position);`;

function links(table: string): string {
  return Object.keys(kinds)
    .map((kind) => `(${call(table, kind)})`)
    .join(", ");
}

/** Every row of the legacy tables as text, sorted; rows that are equal stand there as often as they are. */
export type LegacyRows = ReadonlyMap<string, readonly string[]>;

/** The rows of those legacy tables that there are, whatever their columns. */
export async function legacyRows(connection: Connection): Promise<LegacyRows> {
  const found = await connection.query(
    "select relname as name from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relname = any ($1) order by 1",
    [legacyTables],
  );
  const names = (found.rows as { name: string }[]).map(({ name }) => name);
  const all = names.map(
    (name) =>
      `select '${name}' as name, array(select t::text from public.${name} t order by t::text collate "C") as rows`,
  );
  const { rows } = await connection.query(all.join(" union all "));
  return new Map((rows as { name: string; rows: string[] }[]).map((row) => [row.name, row.rows]));
}

/** How the rows differ, for people: how many are missing and how many are there too often, and one of each; else empty. */
export function tellRows(before: LegacyRows, after: LegacyRows): string {
  return [...before]
    .flatMap(([name, rows]) => {
      const missing = surplus(rows, after.get(name) ?? []);
      const extra = surplus(after.get(name) ?? [], rows);
      return [
        ...(missing.length > 0
          ? [`${name} lost ${missing.length} rows, such as ${missing[0]?.slice(0, 160)}`]
          : []),
        ...(extra.length > 0
          ? [`${name} has ${extra.length} rows more, such as ${extra[0]?.slice(0, 160)}`]
          : []),
      ];
    })
    .join("; ");
}

/** What of `rows` is not in `others`, each counted as often as it is there. */
function surplus(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count <= 0;
  });
}
