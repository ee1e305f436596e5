// What W1 to W3 say becomes of a legacy event, told without SQL.
// Part: one of the three ways to find an event's call, in their order: by call_log, by call, by vapi_call_id.
// Fate: where an event ends: with an organization, found by a part, or among the orphans, for a reason.

import type { Call, Event } from "../../fixtures/legacy/rows.ts";

export type Part = 1 | 2 | 3;

/** Why an event has no organization. */
export type Reason = "no call" | "several organizations" | "its call has none";

export type Fate =
  | { readonly to: "organization"; readonly id: string; readonly part: Part }
  | { readonly to: "orphans"; readonly reason: Reason };

/**
 * The event's fate among `calls`, where `tenants` are the organizations that there are. Undefined where the promise
 * leaves it open: one of its calls is of a tenant, another of an organization that is not there.
 */
export function fateOf(event: Event, calls: readonly Call[], tenants: readonly string[]): Fate | undefined {
  const found = calls.flatMap((call) => {
    const part = partOf(event, call);
    return part === undefined ? [] : [{ part, org: call.org_id }];
  });
  const orgs = new Set(found.flatMap(({ org }) => (org === null ? [] : [org])));
  const known = [...orgs].filter((org) => tenants.includes(org));
  const [id, second] = known;
  if (found.length === 0) return { to: "orphans", reason: "no call" };
  if (second !== undefined) return { to: "orphans", reason: "several organizations" };
  if (id === undefined) return { to: "orphans", reason: "its call has none" };
  if (orgs.size > 1) return undefined;
  const parts = found.flatMap(({ part, org }) => (org === id ? [part] : []));
  return { to: "organization", id, part: Math.min(...parts) as Part };
}

/** How the event finds the call, if it does. An empty text names no call. */
function partOf(event: Event, call: Call): Part | undefined {
  if (call.table === "call_logs" && names(event.call_log_id, call.id)) return 1;
  if (call.table === "calls" && names(event.call_id, call.id)) return 2;
  if (event.vapi_call_id && event.vapi_call_id === call.vapi_call_id) return 3;
  return undefined;
}

/** Capitals and small letters spell one uuid. */
function names(link: string | null | undefined, id: string): boolean {
  return link?.toLowerCase() === id;
}
