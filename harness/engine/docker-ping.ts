// Ping: one request to an engine's API with a hard limit, before anything slow or trusting is let near it.
// Reach: the address of an engine that answered, or why there is none.

import { readFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import { type DockerAddress, listDockerAddresses } from "./docker-address.ts";
import type { Machine } from "./machine.ts";

/** Long enough for an engine that is well, short enough to ask everywhere. */
const usualLimitMs = 250;
const limitSteps = 10;

interface Silence {
  readonly why: string;
  readonly hint: string;
}

export type Reach = { readonly address: DockerAddress } | Silence;

/** The first engine that answers within `limitMs`, all places asked at once; else the most telling reason why none does. */
export async function findDocker(machine: Machine, limitMs = usualLimitMs): Promise<Reach> {
  try {
    const addresses = await listDockerAddresses(machine);
    const answers = await Promise.all(addresses.map((address) => ping(address, limitMs)));
    const silences = answers.filter((answer) => "why" in answer);
    const found = answers.find((answer) => "address" in answer);
    return found ?? silences.find((silence) => !silence.absent) ?? nothingFound(addresses, silences);
  } catch (thrown) {
    if (thrown instanceof Fault) return { why: thrown.message, hint: thrown.hint };
    throw thrown;
  }
}

function nothingFound(addresses: readonly DockerAddress[], silences: readonly Silence[]): Silence {
  const [only] = silences;
  if (only && addresses.length === 1) return only;
  return {
    why: "No Docker engine listens at any of the usual places.",
    hint: "Start Docker, Podman or Colima, or say where it listens with DOCKER_HOST.",
  };
}

type Answer = { readonly address: DockerAddress } | (Silence & { readonly absent: boolean });

async function ping(address: DockerAddress, limitMs: number): Promise<Answer> {
  const place = `${address.uri} (from ${address.from})`;
  const silent = (why: string, hint: string, absent = false): Answer => ({ why, hint, absent });
  const correct = `Correct ${address.from}, or unset it to use the engine of this machine.`;
  try {
    const response = await ask(address, limitMs);
    // Docker and Podman both tell the version of their API; a stranger on that port does not.
    if (response.statusCode === 200 && response.headers["api-version"]) return { address };
    if (response.statusCode === 200) return silent(`What answers at ${place} is no Docker engine.`, correct);
    return silent(
      `The Docker engine at ${place} answers with HTTP status ${response.statusCode}.`,
      "Look into the engine's log, and restart it.",
    );
  } catch (thrown) {
    if (thrown instanceof Fault) return silent(thrown.message, thrown.hint);
    const { name, code } = thrown as NodeJS.ErrnoException;
    if (name === "AbortError") {
      return silent(`The Docker engine at ${place} did not answer within ${limitMs} ms.`, "Restart it.");
    }
    if (code === "EACCES" || code === "EPERM") {
      return silent(
        `This user may not use the Docker engine at ${place}.`,
        "Join its group (usermod -aG docker USER, then sign in again), or use rootless Docker.",
      );
    }
    if (code === "ECONNREFUSED") return silent(`Nobody listens at ${place}.`, "Start the Docker engine.");
    if (code === "ENOENT" || code === "ENOTDIR") {
      return silent(`There is no Docker engine at ${place}.`, `Start the engine. ${correct}`, true);
    }
    return silent(`The Docker engine at ${place} cannot be reached: ${messageOf(thrown)}.`, correct);
  }
}

async function ask(address: DockerAddress, limitMs: number): Promise<IncomingMessage> {
  const target = readTarget(address);
  const tls = address.certificates ? await readCertificates(address.certificates) : {};
  const limit = new AbortController();
  // In steps: while this process is too busy to hear the answer, time is not counted against the engine.
  let steps = 0;
  const timer = setInterval(() => {
    if (++steps === limitSteps) limit.abort();
  }, limitMs / limitSteps);
  const options = { ...target, ...tls, path: "/_ping", agent: false as const, signal: limit.signal };
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const request: ClientRequest = isSecure(address) ? requestHttps(options) : requestHttp(options);
    request.on("error", reject);
    request.on("response", (response) => {
      response.destroy();
      resolve(response);
    });
    request.end();
  }).finally(() => clearInterval(timer));
}

function isSecure({ uri, certificates }: DockerAddress): boolean {
  return certificates !== undefined || uri.startsWith("https:");
}

type Target = { readonly socketPath: string } | { readonly hostname: string; readonly port: number };

/** What node:http takes. @throws Fault NO_ENGINE when the address is of no kind that can be used. */
export function readTarget(address: DockerAddress): Target {
  const { uri, from } = address;
  const pipe = /^(?:unix|npipe):\/\/(.+)$/.exec(uri)?.[1];
  if (pipe) return { socketPath: pipe };
  const url = /^(tcp|https?):\/\//.test(uri) && URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.hostname) {
    const port = Number(url.port) || (isSecure(address) ? 2376 : 2375);
    return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port };
  }
  throw new Fault(
    "NO_ENGINE",
    `${from} names "${uri}", which is no address of a Docker engine that can be used.`,
    {
      hint: uri.startsWith("ssh:")
        ? "Forward its socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock."
        : "Give unix:///path, tcp://host:port, or npipe:////./pipe/name.",
    },
  );
}

async function readCertificates(folder: string): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const read = (name: string) => readFile(join(folder, name));
  try {
    return { ca: await read("ca.pem"), cert: await read("cert.pem"), key: await read("key.pem") };
  } catch (thrown) {
    throw new Fault(
      "NO_ENGINE",
      `The Docker engine wants TLS, but its certificates cannot be read: ${messageOf(thrown)}.`,
      {
        hint: "Set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem.",
      },
    );
  }
}
