// Traffic: what the application goes on doing while its table is migrated, at a fixed rate that waits for nobody.
// Latency: from when an operation was due, not from when it was sent: whoever is held up delays those behind too.
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../harness/engine/cluster.ts";
import { type Connection, connect } from "../../harness/engine/connection.ts";

export type Kind = "reader" | "writer";

/** One operation that was due at `at`, in ms of performance.now(), and was done `latencyMs` later. */
export interface Sample {
  readonly kind: Kind;
  readonly at: number;
  readonly latencyMs: number;
}

export interface Traffic {
  readonly samples: readonly Sample[];
  /** No operation begins any more; those under way are waited for. Rejects when any failed. */
  stop(): Promise<void>;
}

interface TrafficPlan {
  /** Events that were there before, evt_1 ... evt_N. */
  readonly events: number;
  /** Sessions of each kind. */
  readonly sessions: number;
  /** Operations a second of each session. */
  readonly rate: number;
}

/** Sessions of the service that look events up, deliver new ones, deliver known ones again, and mark them as done. */
export async function startTraffic(address: Address, plan: TrafficPlan): Promise<Traffic> {
  const samples: Sample[] = [];
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  for (const kind of ["reader", "writer"] as const)
    for (let session = 0; session < plan.sessions; session++) {
      const connection = await connect(address, { applicationName: `tenantproof ${kind}` });
      await connection.query("set role service_role");
      const operations =
        kind === "reader" ? reads(connection, plan, session) : writes(connection, plan, session);
      const loop = drive(kind, operations, plan, session, samples, stopping.signal).finally(() =>
        connection.end(),
      );
      // One that fails ends all; `stop` says why.
      loop.catch(() => stopping.abort());
      loops.push(loop);
    }
  return {
    samples,
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function drive(
  kind: Kind,
  operate: (turn: number) => Promise<unknown>,
  { rate, sessions }: TrafficPlan,
  session: number,
  samples: Sample[],
  stopping: AbortSignal,
): Promise<void> {
  const intervalMs = 1000 / rate;
  // Sessions of one kind take turns instead of coming all at once.
  const begin = performance.now() + (intervalMs * session) / sessions;
  for (let turn = 0; !stopping.aborted; turn++) {
    const at = begin + turn * intervalMs;
    const early = at - performance.now();
    if (early > 0) await sleep(early);
    await operate(turn);
    samples.push({ kind, at, latencyMs: performance.now() - at });
  }
}

/** Events all over the table. Not those of no call: their like is refused from the first part on, and no delivery. */
function some(turn: number, session: number, events: number): number {
  const event = 1 + ((turn * 7919 + session * 104_729) % events);
  return event % 1000 === 0 ? event - 1 : event;
}

function reads(connection: Connection, { events }: TrafficPlan, session: number) {
  return (turn: number) =>
    connection.query({
      name: "look_up",
      text: "select processed_at from public.processed_webhook_events where event_id = $1",
      values: [`evt_${some(turn, session, events)}`],
    });
}

function writes(connection: Connection, { events }: TrafficPlan, session: number) {
  // Without a target the statements serve before the new key is there, and after.
  const deliver = (event: string) =>
    connection.query({
      name: "deliver",
      text: `insert into public.processed_webhook_events (event_id, event_type, vapi_call_id)
        values ($1, 'status-update', 'vapi-log-1') on conflict do nothing`,
      values: [event],
    });
  const deliverAgain = (event: string) =>
    connection.query({
      name: "deliver_again",
      text: `insert into public.processed_webhook_events (event_id, event_type, call_log_id, call_id, vapi_call_id)
        select event_id, event_type, call_log_id, call_id, vapi_call_id
        from public.processed_webhook_events where event_id = $1 on conflict do nothing`,
      values: [event],
    });
  const mark = (event: string) =>
    connection.query({
      name: "mark",
      text: "update public.processed_webhook_events set processed_at = now() where event_id = $1",
      values: [event],
    });
  return (turn: number) => {
    const known = `evt_${some(turn, session, events)}`;
    if (turn % 3 === 0) return deliver(`evt_new_${session}_${turn}`);
    return turn % 3 === 1 ? deliverAgain(known) : mark(known);
  };
}
