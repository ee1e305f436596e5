// Docker address: where an engine's API may listen.
// Named: by DOCKER_HOST or a docker context; then it is the only one, and nothing else is tried in its place.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import * as v from "valibot";
import { Fault } from "../fault/fault.ts";
import type { Machine } from "./machine.ts";

export interface DockerAddress {
  /** unix:///path, npipe:////./pipe/name, tcp://host:port. */
  readonly uri: string;
  /** Who says so, for people. */
  readonly from: string;
  /** Folder with ca.pem, cert.pem and key.pem, where the engine wants TLS. */
  readonly certificates?: string;
}

/**
 * The address that the user named, alone; else the places where engines listen by default, best first.
 * Docker Engine, rootless Docker, Docker Desktop, Colima, Rancher Desktop, OrbStack and Podman.
 * @throws Fault NO_ENGINE when the named docker context cannot be read.
 */
export async function listDockerAddresses(machine: Machine): Promise<readonly DockerAddress[]> {
  const { env } = machine;
  if (env.DOCKER_HOST) return [withTls(env.DOCKER_HOST, "DOCKER_HOST", machine)];
  const context = await readContext(machine);
  return context ? [context] : listDefaults(machine);
}

// As the docker command does: any value of DOCKER_TLS_VERIFY means yes.
function withTls(uri: string, from: string, machine: Machine): DockerAddress {
  if (!machine.env.DOCKER_TLS_VERIFY || !uri.startsWith("tcp:")) return { uri, from };
  return { uri, from, certificates: machine.env.DOCKER_CERT_PATH || dockerFolder(machine) };
}

const configSchema = v.object({ currentContext: v.optional(v.string()) });
const metaSchema = v.object({ Endpoints: v.object({ docker: v.object({ Host: v.string() }) }) });

async function readContext(machine: Machine): Promise<DockerAddress | undefined> {
  const folder = dockerFolder(machine);
  const config = parse(configSchema, await readFile(join(folder, "config.json"), "utf8").catch(() => "{}"));
  const name = machine.env.DOCKER_CONTEXT || config?.currentContext || "default";
  if (name === "default") return undefined;
  // The docker command files contexts under the hash of their names.
  const hash = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "contexts", "meta", hash, "meta.json");
  const meta = parse(metaSchema, await readFile(path, "utf8").catch(() => ""));
  if (!meta) {
    throw new Fault("NO_ENGINE", `The docker context "${name}" is chosen, but cannot be read.`, {
      where: path,
      hint: "Choose another with 'docker context use', or set DOCKER_HOST.",
    });
  }
  const uri = meta.Endpoints.docker.Host;
  const from = `the docker context "${name}"`;
  const certificates = join(folder, "contexts", "tls", hash, "docker");
  const hasTls = await readFile(join(certificates, "ca.pem")).then(
    () => true,
    () => false,
  );
  return hasTls ? { uri, from, certificates } : { uri, from };
}

function listDefaults(machine: Machine): DockerAddress[] {
  const from = "its default place";
  if (machine.platform === "win32") {
    return ["docker_engine", "podman-machine-default"].map((pipe) => ({
      uri: `npipe:////./pipe/${pipe}`,
      from,
    }));
  }
  const home = homeOf(machine);
  const user = geteuid?.() ?? 0;
  const runtime = machine.env.XDG_RUNTIME_DIR || `/run/user/${user}`;
  return [
    "/var/run/docker.sock",
    `${runtime}/docker.sock`,
    `/run/user/${user}/docker.sock`,
    `${home}/.docker/run/docker.sock`,
    `${home}/.docker/desktop/docker.sock`,
    `${home}/.colima/default/docker.sock`,
    `${home}/.rd/docker.sock`,
    `${home}/.orbstack/run/docker.sock`,
    `${runtime}/podman/podman.sock`,
    "/run/podman/podman.sock",
    `${home}/.local/share/containers/podman/machine/podman.sock`,
  ].map((path) => ({ uri: `unix://${path}`, from }));
}

function dockerFolder(machine: Machine): string {
  return machine.env.DOCKER_CONFIG || join(homeOf(machine), ".docker");
}

function homeOf(machine: Machine): string {
  return machine.env.HOME || homedir();
}

function parse<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  return parsed.success ? parsed.output : undefined;
}
