// Docker engine: a server in a container, from our Dockerfile or a ready image.
// Ready image: TENANTPROOF_IMAGE, with PostgreSQL and pgAudit in it; its own entry point is not used.
// Lifeline: the container's standard input, held by us; see docker-container.ts.

import { randomBytes } from "node:crypto";
import { pid } from "node:process";
import { Fault } from "../fault/fault.ts";
import {
  type Availability,
  type Cluster,
  type Engine,
  type EngineRequest,
  type Major,
  majors,
} from "./cluster.ts";
import { findDocker } from "./docker-ping.ts";
import { type Machine, thisMachine } from "./machine.ts";

/** The newest major that hosted Supabase runs. */
const defaultMajor: Major = 17;
/** Who starts it has chosen it: a busy engine gets more time than in a probe. */
const startLimitMs = 1_000;

/** Disposable servers in containers on the Docker engine of this machine, or the one that DOCKER_HOST names. */
export function dockerEngine(machine: Machine = thisMachine()): Engine {
  return {
    name: "docker",
    probe: (request) => probe(machine, request),
    start: (request, say) => start(machine, request, say),
  };
}

async function probe(machine: Machine, request: EngineRequest): Promise<Availability> {
  const reach = await findDocker(machine);
  if ("why" in reach) return { available: false, why: reach.why, hint: reach.hint };
  const image = readyImage(machine, request);
  return {
    available: true,
    majors: request.major ? [request.major] : majors,
    pgaudit: true,
    detail: `Docker engine at ${reach.address.uri}${image ? `, image ${image}` : ""}`,
  };
}

function readyImage(machine: Machine, request: EngineRequest): string | undefined {
  return request.image || machine.env.TENANTPROOF_IMAGE || undefined;
}

async function start(
  machine: Machine,
  request: EngineRequest,
  say: (line: string) => void,
): Promise<Cluster> {
  const reach = await findDocker(machine, startLimitMs);
  if ("why" in reach) throw new Fault("NO_ENGINE", reach.why, { hint: reach.hint });
  // testcontainers takes half a second to load, and trusts whatever it is pointed at: it comes after the ping.
  const { connectDocker, sweepDocker } = await import("./docker-client.ts");
  const { buildImage, pullImage } = await import("./docker-image.ts");
  const client = await connectDocker(reach.address);
  const ready = readyImage(machine, request);
  const [image] = await Promise.all([
    ready
      ? pullImage(client.docker, ready, say).then(() => ready)
      : buildImage(client.docker, request.major ?? defaultMajor, machine, say),
    sweepDocker(client.docker),
  ]);
  const plan = {
    client,
    image,
    name: `tenantproof-${pid}-${randomBytes(4).toString("hex")}`,
    password: randomBytes(18).toString("base64url"),
    major: request.major,
    port: request.port,
    settings: request.settings,
  };
  say(`docker: starting ${image}`);
  const { startCluster } = await import("./docker-cluster.ts");
  return await startCluster(plan);
}
