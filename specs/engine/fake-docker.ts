// A Docker engine that only talks: it listens where the spec says, and answers what the spec says.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "../../harness/engine/machine.ts";

export interface FakeEngine extends AsyncDisposable {
  /** What DOCKER_HOST would say. */
  readonly uri: string;
  /** What was asked: "METHOD /path", without queries. */
  readonly asked: readonly string[];
}

/** Listens on a unix socket at `place`, or on a free port when `place` is "tcp". */
export async function listenAs(place: string, answer: RequestListener): Promise<FakeEngine> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split("?")[0]}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    if (place === "tcp") server.listen(0, "127.0.0.1", resolve);
    else server.listen(place, resolve);
  });
  const uri =
    place === "tcp" ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${place}`;
  return {
    uri,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const pong: RequestListener = (_, response) => {
  response.writeHead(200, { "Api-Version": "1.41" }).end("OK");
};

export function answerJson(response: ServerResponse, status: number, ...bodies: readonly unknown[]): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(bodies.map((body) => `${JSON.stringify(body)}\n`).join(""));
}

/** A folder of its own, short enough for the path of a socket. */
export async function makeFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "tp-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A machine with this environment and nothing else of ours. */
export function machineWith(env: Machine["env"], home: string): Machine {
  return {
    platform: "linux",
    arch: "x64",
    env: { HOME: home, XDG_RUNTIME_DIR: home, ...env },
    caches: [],
    scratch: [],
    binaryFolders: [],
  };
}
