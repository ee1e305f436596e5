import { quoteIdentifier } from "../../sql/identifier.ts";
import type { Attack, Situation } from "./attacks.ts";
import { insertRow, type Target } from "./target.ts";

const planted = (what: string, sql: string): Attack => ({ what, sql, sign: { kind: "accepted" } });

/** A row put into the victim's tenant, and one written over that is there. */
export function basicPlants(target: Target, { victimRow, victimNewRow: newRow }: Situation): Attack[] {
  const { label, table } = target;
  const inserts =
    newRow === undefined
      ? []
      : [planted(`inserts a row for the tenant into ${label}`, insertRow(target, newRow))];
  if (table.primaryKey.length === 0) return inserts;
  const upsert = upsertSuffix(target);
  return [
    ...inserts,
    planted(`upserts over the tenant's row of ${label}`, insertRow(target, victimRow, upsert)),
    ...(newRow === undefined
      ? []
      : [planted(`upserts a new row for the tenant into ${label}`, insertRow(target, newRow, upsert))]),
  ];
}

function upsertSuffix(target: Target): string {
  const touch = quoteIdentifier(target.touch);
  const conflict = target.key.map(quoteIdentifier).join(", ");
  return ` on conflict (${conflict}) do update set ${touch} = excluded.${touch}`;
}

/** Every way to put a row into the victim's tenant, or to write over one that is there. */
export function plants(target: Target, situation: Situation): Attack[] {
  const { victimRow, victimNewRow: newRow, person } = situation;
  const { label, relation } = target;
  // A membership, say: whoever may add themself is in.
  const oneself = Object.fromEntries(target.people.map((column) => [column, person ?? null]));
  const themself =
    person === undefined || target.people.length === 0
      ? []
      : [
          planted(
            `inserts a row for the tenant and themself into ${label}`,
            insertRow(target, { ...(newRow ?? victimRow), ...oneself }),
          ),
        ];
  const basic = [...basicPlants(target, situation), ...themself];
  if (newRow === undefined) return basic;
  const insert = insertRow(target, newRow);
  const values = insert.slice(`insert into ${relation} `.length);
  return [
    ...basic,
    planted(`inserts a row for the tenant into ${label} and reads it back`, `${insert} returning *`),
    planted(
      `inserts a row for the tenant into ${label}, conflicts ignored`,
      `${insert} on conflict do nothing`,
    ),
    planted(
      `merges a row for the tenant into ${label}`,
      `merge into ${relation} as target using (select 1) as source on false when not matched then insert ${values}`,
    ),
    {
      what: `copies rows into ${label}`,
      sql: `copy ${relation} from stdin`,
      sign: { kind: "permitted" },
    },
  ];
}
