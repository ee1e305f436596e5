import { quoteIdentifier } from "../../sql/identifier.ts";
import type { Attack, Sign, Situation } from "./attacks.ts";
import { insertRow, type Target } from "./target.ts";

const accepted: Sign = { kind: "accepted" };

/** Every way to put a row into the victim's tenant, or to write over one that is there. */
export function plants(target: Target, { victimRow, victimNewRow, person }: Situation): Attack[] {
  const { label } = target;
  const touch = quoteIdentifier(target.touch);
  const conflict = target.key.map(quoteIdentifier).join(", ");
  const upsert = ` on conflict (${conflict}) do update set ${touch} = excluded.${touch}`;
  const hasKey = target.table.primaryKey.length > 0;
  const takeover: Attack[] = hasKey
    ? [
        {
          what: `upserts over the tenant's row of ${label}`,
          sql: insertRow(target, victimRow, upsert),
          sign: accepted,
        },
      ]
    : [];
  // A membership, say: whoever may add themself is in.
  const themself: Attack[] =
    person === undefined || target.people.length === 0
      ? []
      : [
          {
            what: `inserts a row for the tenant and themself into ${label}`,
            sql: insertRow(target, {
              ...(victimNewRow ?? victimRow),
              ...Object.fromEntries(target.people.map((column) => [column, person])),
            }),
            sign: accepted,
          },
        ];
  if (victimNewRow === undefined) return [...takeover, ...themself];
  return [
    ...takeover,
    ...themself,
    {
      what: `inserts a row for the tenant into ${label}`,
      sql: insertRow(target, victimNewRow),
      sign: accepted,
    },
    {
      what: `inserts a row for the tenant into ${label} and reads it back`,
      sql: insertRow(target, victimNewRow, " returning *"),
      sign: accepted,
    },
    {
      what: `inserts a row for the tenant into ${label}, conflicts ignored`,
      sql: insertRow(target, victimNewRow, " on conflict do nothing"),
      sign: accepted,
    },
    {
      what: `merges a row for the tenant into ${label}`,
      sql: `merge into ${target.relation} as target using (select 1) as source on false when not matched then ${insertRow(
        target,
        victimNewRow,
      ).replace(`insert into ${target.relation} `, "insert ")}`,
      sign: accepted,
    },
    ...(hasKey
      ? [
          {
            what: `upserts a new row for the tenant into ${label}`,
            sql: insertRow(target, victimNewRow, upsert),
            sign: accepted,
          },
        ]
      : []),
    {
      what: `copies rows into ${label}`,
      sql: `copy ${target.relation} from stdin`,
      sign: { kind: "permitted" },
    },
  ];
}
