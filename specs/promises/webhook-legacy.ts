// Legacy database: a clone as an application left it: its tables in some shape, with rows, and what the webhook
// migration requires.

import { type LegacyData, rowsSql } from "../../fixtures/legacy/rows.ts";
import { type LegacyShape, shapeSql } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { apply, applyAgain } from "./application.ts";
import { requirementsOf } from "./requirements.ts";

export const events = "public.processed_webhook_events";
export const orphans = "public.processed_webhook_events_orphans";

export interface Legacy {
  readonly shape: LegacyShape;
  readonly data: LegacyData;
}

/** The migration of the subject that gives events their organization. @throws Error when there is none. */
export function webhookMigration({ plan }: Pick<Ground, "plan">): Migration {
  const found = plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (found === undefined) throw new Error("no migration names processed_webhook_events");
  return found;
}

/** The tenants that every legacy database has. */
export function tenantsOf({ society }: Pick<Ground, "society">): readonly string[] {
  return society.tenants.map(({ id }) => id);
}

/** A clone with the legacy tables and their rows, the tenants, and what the webhook migration requires. */
export async function openLegacy(ground: Ground, legacy: Legacy): Promise<Site> {
  const site = await ground.open("before");
  const deployer = await site.connection("deployer");
  await deployer.query(legacySql(legacy));
  const { fault } = await apply(ground, site, requirementsOf(ground.plan, webhookMigration(ground)));
  if (fault) throw new Error(`what the webhook migration requires does not apply: ${fault.what}`);
  const superuser = await site.connection("superuser");
  await superuser.query(tenantsSql(ground));
  return site;
}

/** A script that makes the legacy database, with one event alone if given, and migrates it, for people. */
export function repeatOf(
  ground: Ground,
  { shape, data }: Legacy,
  event?: string,
): { readonly repeat: string } {
  return {
    get repeat() {
      const events = data.events.filter(({ event_id }) => event === undefined || event_id === event);
      const linked = new Set(
        events.flatMap((one) => Object.values(one).map((value) => value?.toLowerCase())),
      );
      const calls = data.calls.filter(
        ({ id, vapi_call_id }) =>
          event === undefined || linked.has(id) || linked.has(vapi_call_id ?? undefined),
      );
      const migration = webhookMigration(ground);
      return [
        "-- on a database before the first migration:",
        legacySql({ shape, data: { calls, events } }),
        applyAgain(...requirementsOf(ground.plan, migration)),
        tenantsSql(ground),
        applyAgain(migration),
      ].join("\n");
    },
  };
}

function legacySql({ shape, data }: Legacy): string {
  return `${shapeSql(shape)}\n${rowsSql(shape, data)}`;
}

function tenantsSql(ground: Ground): string {
  const rows = tenantsOf(ground).map((id, index) => `(${quoteLiteral(id)}, 'tenant ${index + 1}')`);
  return `insert into public.organizations (id, name) values ${rows.join(", ")};`;
}
