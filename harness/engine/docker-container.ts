// Container: one server in one container, which lives as long as we hold its standard input (docker/server.sh).
// So it ends with us however we end, by exit, signal or kill -9, and the engine then removes it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type BoundPorts, GenericContainer, type WaitStrategy } from "testcontainers";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Address, EngineRequest, Major } from "./cluster.ts";
import { withConnection } from "./connection.ts";
import { type DockerClient, ignoreGone, ownerLabel } from "./docker-client.ts";
import { endMark, followLog } from "./docker-log.ts";
import { thisOwner, writeOwner } from "./owner.ts";
import { addSettings, serverEnvironment, serverSettings } from "./settings.ts";

const serverPort = 5432;
const home = "/tenantproof";
const startLimitMs = 60_000;
const shownLogLines = 20;

export interface ContainerPlan {
  readonly client: DockerClient;
  readonly image: string;
  readonly name: string;
  readonly password: string;
  readonly major?: Major | undefined;
  readonly port?: number | undefined;
  readonly settings?: EngineRequest["settings"];
}

export interface ServerContainer {
  readonly id: string;
  readonly superuser: Address;
  /** Open: the server lives. The line "keep" sets it free. */
  readonly lifeline: Duplex;
}

/**
 * A server that accepts connections, in a container of its own.
 * @throws Fault ENGINE_START with the end of the log, NO_SPACE, PORT_IN_USE; no container is left then.
 */
export async function startContainer(plan: ContainerPlan): Promise<ServerContainer> {
  const script = await readFile(join(import.meta.dirname, "docker", "server.sh"), "utf8");
  // A checkout on Windows may have given it line ends that sh does not take.
  const container = new Container(plan, script.replaceAll("\r\n", "\n"));
  try {
    const started = await container.start();
    return { id: started.getId(), superuser: container.superuser, lifeline: container.lifeline };
  } catch (thrown) {
    const { docker } = plan.client;
    await ignoreGone(docker.getContainer(plan.name).remove({ force: true, v: true }));
    throw asFault(thrown, plan);
  }
}

class Container extends GenericContainer implements WaitStrategy {
  lifeline!: Duplex;
  superuser!: Address;
  readonly #plan: ContainerPlan;

  constructor(plan: ContainerPlan, script: string) {
    super(plan.image);
    this.#plan = plan;
    const { shared_preload_libraries: _foundInTheContainer, ...common } = serverSettings([]);
    const settings = {
      ...addSettings(common, plan.settings),
      listen_addresses: "*",
      port: String(serverPort),
      unix_socket_directories: home,
      log_destination: "stderr",
      logging_collector: "off",
    };
    this.withName(plan.name)
      .withLabels({ [ownerLabel]: writeOwner(thisOwner()) })
      .withEntrypoint(["sh", "-c", script, "tenantproof"])
      .withCommand(Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]))
      .withEnvironment({
        ...serverEnvironment,
        ...{ TENANTPROOF_PASSWORD: plan.password, TENANTPROOF_MAJOR: String(plan.major ?? "") },
      })
      .withTmpFs({ [home]: "rw" })
      .withUser("0")
      .withExposedPorts(serverPort)
      .withWaitStrategy(this)
      // Its reaper is an image that may not be at hand, and one container more.
      .withAutoCleanup(false);
    Object.assign(this.createOpts, { OpenStdin: true, StdinOnce: true });
    Object.assign(this.hostConfig, {
      AutoRemove: true,
      // Whatever the engine's default, this one can be read back.
      LogConfig: { Type: "json-file", Config: {} },
      PortBindings: {
        [`${serverPort}/tcp`]: [{ HostIp: bindAddress(plan.client.host), HostPort: String(plan.port ?? 0) }],
      },
    });
  }

  protected override async containerCreated(id: string): Promise<void> {
    const container = this.#plan.client.docker.getContainer(id);
    // Before the start: there is no moment in which the server runs and nobody holds it.
    const stream = await container.attach({ stream: true, stdin: true, hijack: true });
    this.lifeline = stream as Duplex;
    this.lifeline.on("error", () => {}).resume();
    // Holding a server must not hold this process.
    (this.lifeline as Duplex & { unref?(): void }).unref?.();
  }

  async waitUntilReady(container: { readonly id: string }, ports: BoundPorts): Promise<void> {
    const { client, password } = this.#plan;
    const address = {
      host: client.host,
      port: ports.getBinding(serverPort),
      user: "supabase_admin",
      password,
    };
    this.superuser = { ...address, database: "postgres" };
    const limit = new AbortController();
    let log: string | undefined;
    const followed = followLog(client.docker, container.id, endMark, limit.signal).then((text) => {
      log = text;
      return text;
    }, messageOf);
    try {
      const deadline = Date.now() + startLimitMs;
      while (Date.now() < deadline && log === undefined) {
        try {
          return await withConnection(this.superuser, async () => {}, { timeoutMs: 2_000 });
        } catch {
          await sleep(15);
        }
      }
      limit.abort();
      throw startFault(await followed, this.#plan, log === undefined);
    } finally {
      limit.abort();
    }
  }

  override withStartupTimeout(): this {
    return this;
  }

  isStartupTimeoutSet(): boolean {
    return true;
  }

  getStartupTimeout(): number {
    return startLimitMs;
  }
}

/** A server here is nobody else's business; one on another machine must be reached from here. */
function bindAddress(host: string): string {
  return host === "127.0.0.1" ? host : "0.0.0.0";
}

function startFault(log: string, { image }: ContainerPlan, late: boolean): Fault {
  const end = log.trimEnd().split("\n").slice(-shownLogLines).join("\n");
  const what = late ? `accepted no connection within ${startLimitMs / 1000} s` : "ended while starting";
  const said = `The server in a container of ${image} ${what}; it said:\n${end}`;
  return new Fault(/no space left on device/i.test(end) ? "NO_SPACE" : "ENGINE_START", said, {
    where: image,
  });
}

function asFault(thrown: unknown, { image, port }: ContainerPlan): Fault {
  if (thrown instanceof Fault) return thrown;
  const said = messageOf(thrown);
  if (/port is already allocated|address already in use/i.test(said)) {
    return new Fault("PORT_IN_USE", `Port ${port} of 127.0.0.1 is taken`, { cause: thrown });
  }
  if (/no space left on device/i.test(said))
    return new Fault("NO_SPACE", said, { where: image, cause: thrown });
  return new Fault("ENGINE_START", `The container could not be started: ${said}`, {
    where: image,
    hint: "Look into the Docker engine's log.",
    cause: thrown,
  });
}
