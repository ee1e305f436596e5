import { idOf } from "../../harness/workload/draw.ts";
import type { Place } from "../../harness/workload/scale.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { dayMinutes, minutesAfter } from "./times.ts";

/** A call has about five events. */
const eventsPerCall = 5;

export function callsIn({ rows }: Place): number {
  return Math.ceil(rows / eventsPerCall);
}

export function eventId({ index }: Place, n: number): string {
  return `evt_${index}_${n}`;
}

export function callName({ index }: Place, n: number): string {
  return `vapi_${index}_${n}`;
}

export const callLogs: Sheet = {
  schema: "public",
  name: "call_logs",
  columns: ["id", "org_id", "vapi_call_id", "started_at", "created_at"],
  rowsOf: (place) => callsIn(place),
  row(place, n, draw) {
    const at = minutesAfter(place.today, -draw.between(1, 365 * dayMinutes));
    return [idOf("call", place.index * 10_000_000 + n), place.tenant, callName(place, n), at, at];
  },
};

export const webhookEvents: Sheet = {
  schema: "public",
  name: "processed_webhook_events",
  columns: ["event_id", "event_type", "call_log_id", "vapi_call_id", "received_at", "processed_at", "org_id"],
  row(place, n, draw) {
    const call = Math.floor(n / eventsPerCall);
    const at = minutesAfter(place.today, -draw.between(1, 365 * dayMinutes));
    return [
      eventId(place, n),
      draw.oneOf(["status-update", "end-of-call-report", "transcript"]),
      idOf("call", place.index * 10_000_000 + call),
      callName(place, call),
      at,
      at,
      place.tenant,
    ];
  },
};
