// Host: where ports that the engine publishes can be reached from here.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { DockerAddress } from "./docker-address.ts";
import { readTarget } from "./docker-ping.ts";

/**
 * 127.0.0.1 where the engine runs on this machine; its own host where it listens on TCP; and for us in a container that
 * was handed the engine's socket, the gateway, which is the engine's machine. `engineName` is what the engine calls it.
 */
export async function findPublishedHost(address: DockerAddress, engineName: string): Promise<string> {
  const target = readTarget(address);
  if ("hostname" in target) return target.hostname === "localhost" ? "127.0.0.1" : target.hostname;
  const contained = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  if (!contained || engineName === hostname()) return "127.0.0.1";
  const gateway = readGateway(await readFile("/proc/net/route", "utf8").catch(() => ""));
  return gateway ?? "127.0.0.1";
}

/** The default gateway in the text of /proc/net/route, where addresses are hexadecimal and backwards. */
export function readGateway(routes: string): string | undefined {
  for (const line of routes.split("\n").slice(1)) {
    const [, destination, gateway] = line.split(/\s+/);
    if (destination !== "00000000" || !/^[0-9A-F]{8}$/i.test(gateway ?? "")) continue;
    return Buffer.from(gateway as string, "hex")
      .reverse()
      .join(".");
  }
  return undefined;
}
