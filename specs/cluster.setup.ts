// One server for all spec files, with the platform in it. Each file clones a template; see ground.ts.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import type { TestProject } from "vitest/node";
import { openCluster } from "../harness/engine/choose.ts";
import type { Cluster, EngineName } from "../harness/engine/cluster.ts";
import { withConnection } from "../harness/engine/connection.ts";
import { createDatabase, freezeTemplate } from "../harness/engine/database.ts";
import { allEngines } from "../harness/engine/engines.ts";
import { Fault } from "../harness/fault/fault.ts";
import { installPlatform, type Privileges, preparePlatform } from "../harness/platform/platform.ts";

/** What a spec file is told: plain data, since it runs in another process. */
export interface SharedCluster
  extends Pick<Cluster, "engine" | "description" | "major" | "pgaudit" | "superuser" | "kept"> {
  readonly clientBinaries: string | undefined;
  readonly deployer: string;
  /** The name of a template with the Supabase platform in it, one a model of default privileges. */
  readonly templates: Readonly<Record<Privileges, string>>;
  /** A TCP port on 127.0.0.1: whoever connects is sent the server log. */
  readonly logPort: number;
}

declare module "vitest" {
  export interface ProvidedContext {
    shared: SharedCluster;
  }
}

/** Starts the engine that TENANTPROOF_ENGINE names; without it the local one, or any other where there is no local. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await open(process.env.TENANTPROOF_ENGINE);
  const log = await serveLog(cluster);
  const { engine, description, major, pgaudit, superuser, kept, clientBinaries } = cluster;
  try {
    const open = await makeTemplate(cluster, "open");
    const closed = await makeTemplate(cluster, "closed");
    const templates = { open: open.name, closed: closed.name };
    const { deployer } = open;
    project.provide("shared", {
      ...{ engine, description, major, pgaudit, superuser, kept, clientBinaries },
      ...{ deployer, templates, logPort: log.port },
    });
  } catch (thrown) {
    log.close();
    await cluster[Symbol.asyncDispose]();
    throw thrown;
  }
  return async () => {
    log.close();
    await cluster[Symbol.asyncDispose]();
  };
}

async function open(engine = "local"): Promise<Cluster> {
  const say = () => {};
  try {
    return await openCluster(engine as EngineName, {}, allEngines(), say);
  } catch (thrown) {
    const fallBack =
      thrown instanceof Fault && thrown.code === "NO_ENGINE" && !process.env.TENANTPROOF_ENGINE;
    if (!fallBack) throw thrown;
    return openCluster("auto", {}, allEngines(), say);
  }
}

/** The log is known to the process that started the server; spec files run in others. */
async function serveLog(cluster: Cluster): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((socket) => {
    cluster.readLog().then(
      (log) => socket.end(log),
      (cause) => socket.destroy(cause),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function makeTemplate(cluster: Cluster, privileges: Privileges) {
  const prepared = await withConnection(cluster.superuser, (superuser) =>
    preparePlatform(superuser, { platform: "supabase", privileges }),
  );
  const database = await createDatabase(cluster, { owner: prepared.deployer });
  const address = database.address(cluster.superuser.user);
  await withConnection(address, (superuser) => installPlatform(superuser, prepared));
  await freezeTemplate(cluster, database.name);
  return { name: database.name, deployer: prepared.deployer };
}
