// Docker client: the API of the one engine that answered our ping, and of no other.
// Leftover: a container, or a layer of an unfinished build, whose owner is dead and which nobody asked to keep.

import { env } from "node:process";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "testcontainers";
import { Fault, messageOf } from "../fault/fault.ts";
import type { DockerAddress } from "./docker-address.ts";
import { findPublishedHost } from "./docker-host.ts";
import { readTarget } from "./docker-ping.ts";
import { isAlive, readOwner } from "./owner.ts";

export type Docker = ContainerRuntimeClient["container"]["dockerode"];

/** On a container: the record of its owner. */
export const ownerLabel = "tenantproof.owner";
/** On a layer, until its image is complete: the record of who builds it. */
export const builderLabel = "tenantproof.builder";
/** What the name of a container begins with once it was asked to be kept. Labels cannot change; names can. */
export const keptPrefix = "tenantproof-kept-";

export interface DockerClient {
  readonly docker: Docker;
  /** Where published ports can be reached from here: 127.0.0.1, or the engine's own machine. */
  readonly host: string;
  readonly description: string;
}

/** @throws Fault NO_ENGINE when the engine stops answering, or testcontainers was told to use another one. */
export async function connectDocker(address: DockerAddress): Promise<DockerClient> {
  const client = await withLimit(() => asTold(address, getContainerRuntimeClient), address);
  const { dockerode: docker } = client.container;
  const wanted = readTarget(address);
  const { socketPath, host } = docker.modem as { socketPath?: string; host?: string };
  // Where a place does not answer, testcontainers silently goes on to the next.
  if ("socketPath" in wanted ? socketPath !== wanted.socketPath : host !== wanted.hostname) {
    throw new Fault(
      "NO_ENGINE",
      `testcontainers uses another engine than ${address.uri}: ${socketPath ?? host}`,
      {
        hint: "Look into ~/.testcontainers.properties (tc.host), or set DOCKER_HOST to the engine you want.",
      },
    );
  }
  const { Name, ServerVersion, OperatingSystem } = await docker.info();
  return {
    docker,
    host: await findPublishedHost(address, Name),
    description: `Docker ${ServerVersion} on ${OperatingSystem}`,
  };
}

// testcontainers reads its engine from the environment alone, at its first use.
async function asTold<T>(address: DockerAddress, use: () => Promise<T>): Promise<T> {
  const told = {
    DOCKER_HOST: address.uri,
    DOCKER_TLS_VERIFY: address.certificates ? "1" : undefined,
    DOCKER_CERT_PATH: address.certificates,
    // In a container it would pull an image to find the host; we know better (docker-host.ts).
    TESTCONTAINERS_HOST_OVERRIDE: "localhost",
  };
  const before = Object.keys(told).map((name) => [name, env[name]] as const);
  setEnvironment(Object.entries(told));
  try {
    return await use();
  } finally {
    setEnvironment(before);
  }
}

function setEnvironment(entries: Iterable<readonly [string, string | undefined]>): void {
  for (const [name, value] of entries) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
}

const clientLimitMs = 10_000;

async function withLimit<T>(use: () => Promise<T>, address: DockerAddress): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${clientLimitMs / 1000} s`)), clientLimitMs);
  });
  try {
    return await Promise.race([use(), limit]);
  } catch (thrown) {
    throw new Fault(
      "NO_ENGINE",
      `The Docker engine answers a ping, but cannot be used: ${messageOf(thrown)}`,
      {
        where: address.uri,
        hint: "Look into the engine's log, and restart it; or use --engine local.",
        cause: thrown,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** No container and no unfinished layer of a dead owner is left on this engine. */
export async function sweepDocker(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await Promise.all(
    containers
      .filter(({ Names }) => !Names.some((name) => name.startsWith(`/${keptPrefix}`)))
      .filter(({ Labels }) => isAbandoned(Labels))
      .map(({ Id }) => ignoreGone(docker.getContainer(Id).remove({ force: true, v: true }))),
  );
  const layers = await docker.listImages({ filters: { dangling: ["true"], label: [builderLabel] } });
  await Promise.all(
    layers
      .filter(({ Labels }) => isAbandoned(Labels))
      .map(({ Id }) => ignoreGone(docker.getImage(Id).remove())),
  );
}

function isAbandoned(labels: Readonly<Record<string, string>> | null): boolean {
  const record = labels?.[ownerLabel] ?? labels?.[builderLabel] ?? "";
  const owner = readOwner(record);
  return owner !== undefined && !isAlive(owner);
}

/** Settles when `removal` is done or nothing can be removed any more: two runs may sweep the same leftover. */
export async function ignoreGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (thrown) {
    const { statusCode, code } = thrown as { statusCode?: number; code?: string };
    // 404: gone; 409: being removed, or in use by a build that is about to end.
    if (statusCode === 404 || statusCode === 409) return;
    // The engine itself has ended: what it may have left is swept at the next start.
    if (code === "ECONNREFUSED" || code === "ECONNRESET" || code === "ENOENT") return;
    throw thrown;
  }
}
