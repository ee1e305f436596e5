// Over HTTP: what clients of a gateway in front of the database see: how fast they are answered, under a load of many
// tenants' users over the same connections, and that each is shown nothing but their own.

import type { Address } from "../../engine/cluster.ts";
import { Fault } from "../../fault/fault.ts";
import type { Tenancy } from "../../guarantees/tenancy.ts";
import type { Place } from "../../workload/scale.ts";
import type { Query } from "../../workload/workload.ts";
import { latencyOf } from "../latency.ts";
import type { HttpResult, LoadResult } from "../result.ts";
import { assemble } from "./cast.ts";
import { driveClosed } from "./closed-loop.ts";
import type { Gateway } from "./gateway.ts";
import { startHangUps } from "./hang-ups.ts";
import { Inspector } from "./inspector.ts";
import { judge } from "./judgement.ts";
import { Ledger } from "./ledger.ts";
import { findLeftovers } from "./leftovers.ts";
import type { Load } from "./load.ts";
import { driveOpen } from "./open-loop.ts";
import { openScript, routesOf, type Script } from "./script.ts";
import { type GatewayPlan, openGatewayThread } from "./thread.ts";

export interface HttpRequest {
  /** As whom the gateway connects: the role that may become the others. Nobody else does meanwhile. */
  readonly address: Address;
  readonly tenancy: Tenancy;
  /** The column that says whose a row is, where only one person of the tenant may see it; absent: there is none. */
  readonly personColumn?: string;
  /** Each answers who has no rows with none, or with nothing but nulls and zeros. */
  readonly queries: readonly Query[];
  /** Two tenants at least, with two people each where rows may be one person's. */
  readonly places: readonly Place[];
  readonly seed: number;
  /** Of clients to the gateway. */
  readonly connections: number;
  /** Requests a second of the open loop. */
  readonly rate: number;
  /** How long each of the two loads lasts. */
  readonly seconds: number;
  /** Connections of the gateway to the database; default 10, as PostgREST has. */
  readonly poolSize?: number;
  /** How long a request may wait for one of these; default 10,000. */
  readonly waitMs?: number;
  /** What ends it early; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Receives one line for each part that begins. */
  readonly say: (detail: string) => void;
  /** Opens what is measured; default our own gateway, in a thread of its own. */
  readonly open?: (plan: GatewayPlan) => Promise<Gateway>;
}

interface Run extends HttpRequest {
  readonly gateway: Gateway;
  readonly script: Script;
  readonly inspector: Inspector;
}

/**
 * Two loads over HTTP, a closed loop and an open one, and what all their answers showed. Nothing is left running.
 * @throws Fault as sessions do; the reason of `signal`.
 */
export async function measureHttp(request: HttpRequest): Promise<HttpResult> {
  try {
    return await measure(request);
  } catch (thrown) {
    // Whatever broke off because of it says only that it was aborted.
    request.signal?.throwIfAborted();
    throw thrown;
  }
}

async function measure(request: HttpRequest): Promise<HttpResult> {
  const { address, tenancy, queries, seed, signal, personColumn, open = openGatewayThread } = request;
  const { poolSize = 10, waitMs = 10_000 } = request;
  signal?.throwIfAborted();
  const cast = await assemble(tenancy, request.places);
  if (cast.members.length === 0 || queries.length === 0)
    throw new Fault("BUG", "There is nobody to ask over HTTP, or nothing to ask for.");
  const routes = routesOf(queries, cast, seed);
  await using gateway = await open({ address, routes, trust: cast.trust, poolSize, waitMs });
  const script = openScript(cast, queries, tenancy.column, seed);
  const inspector = new Inspector({ tenant: tenancy.column, person: personColumn });
  const run = { ...request, gateway, script, inspector };
  const hangUps = startHangUps(gateway.origin, script);
  const loads = await loadTwice(run).finally(() => hangUps.stop());
  const hungUp = await hangUps.stop();
  const leftovers = await findLeftovers(gateway, address);
  const { sightings } = inspector;
  const { responses, rows, foreignRows, strangers, strangersServed } = sightings;
  const tenants = new Set(cast.members.map(({ tenant }) => tenant)).size;
  const [closed, opened] = loads;
  return {
    closed,
    open: opened,
    isolation: {
      ...{ responses, rows, foreignRows, strangers, strangersServed },
      leftBehind: leftovers.found.length,
    },
    judgement: judge({ sightings, leftovers, loads, hungUp, tenants, strangers: script.strangers }),
  };
}

/** Counted rather than timed: among so many is every stranger and every trouble more than once, on any machine. */
const leastCalls = 250;

async function loadTwice(run: Run): Promise<[LoadResult, LoadResult]> {
  const { connections, rate, seconds, seed, say } = run;
  say("warming up");
  await driveClosed({ ...loadOf(run, new Ledger()), calls: Math.max(leastCalls, 10 * connections) });
  await run.gateway.times();
  say(`closed loop: ${connections} connections, ${seconds} s`);
  const first = new Ledger();
  const took = await driveClosed(loadOf(run, first));
  const closed = first.result(took, connections, await run.gateway.times());
  say(`open loop: ${rate} requests a second, ${seconds} s`);
  const second = new Ledger();
  const { lags, dropped, ...opened } = await driveOpen({ ...loadOf(run, second), rate, seed });
  const result = second.result(opened.seconds, connections, await run.gateway.times());
  return [closed, { ...result, rate, dropped, lag: latencyOf(lags) }];
}

function loadOf({ gateway, script, inspector, connections, seconds, signal }: Run, ledger: Ledger): Load {
  return {
    ...{ origin: gateway.origin, connections, seconds, signal },
    next: () => script.next(),
    take(call, response, ms) {
      ledger.take(call, response, ms);
      inspector.take(call, response);
    },
  };
}
