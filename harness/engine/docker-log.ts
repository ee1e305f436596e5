// Container log: what the server and its script printed, as the engine keeps it; it arrives a moment late.
// Fence: a line that we make the server log, so that all it logged before is known to have arrived.

import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import pg from "pg";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Address } from "./cluster.ts";
import { connect } from "./connection.ts";
import type { Docker } from "./docker-client.ts";

/** Printed by docker/server.sh as the last line, however the server ended. */
export const endMark = "tenantproof: the server ended with status";

const fencePrefix = "tenantproof_fence_";
const readLimitMs = 10_000;

/**
 * The log of container `id` until `mark` is in it, the log ends, or `signal` is given.
 * Rejects when the engine has no such container, or cannot read its log.
 */
export async function followLog(
  docker: Docker,
  id: string,
  mark: string,
  signal: AbortSignal,
): Promise<string> {
  const raw = await docker
    .getContainer(id)
    .logs({ follow: true, stdout: true, stderr: true, abortSignal: signal });
  const source = raw as NodeJS.ReadableStream & { destroy(): void };
  const text = new PassThrough();
  docker.modem.demuxStream(source, text, text);
  source.on("end", () => text.end()).on("error", () => text.end());
  signal.addEventListener("abort", () => text.end(), { once: true });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of text) {
      chunks.push(chunk);
      // The engine may cut a line in two.
      if (Buffer.concat(chunks.slice(-2)).includes(mark)) break;
    }
  } finally {
    source.destroy();
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** All that the server has logged so far. @throws Fault ENGINE_LOST when its container is gone. */
export async function readServerLog(docker: Docker, id: string, superuser: Address): Promise<string> {
  const fence = `${fencePrefix}${randomUUID()}`;
  const alive = await logFence(superuser, fence);
  const mark = alive ? fence : endMark;
  try {
    const text = await followLog(docker, id, mark, AbortSignal.timeout(readLimitMs));
    if (!text.includes(mark)) throw new Error(`its end did not arrive within ${readLimitMs / 1000} s`);
    const lines = text.split("\n").filter((line) => !line.includes(fencePrefix));
    return lines.join("\n");
  } catch (thrown) {
    throw new Fault("ENGINE_LOST", `The container's log cannot be read: ${messageOf(thrown)}`, {
      where: id,
      cause: thrown,
    });
  }
}

/** The server has logged a line with `fence`. Refused before any statement, it leaves no AUDIT entry. False: no server. */
async function logFence(superuser: Address, fence: string): Promise<boolean> {
  try {
    await using _ = await connect({ ...superuser, database: fence });
    throw new Fault("BUG", `There is a database ${fence}`);
  } catch (thrown) {
    const code = thrown instanceof pg.DatabaseError ? thrown.code : undefined;
    if (code === "3D000") return true;
    // Crashed and about to end: it will not recover, since it was told not to restart.
    if (code === "57P03") return false;
    if (thrown instanceof Fault && thrown.code === "ENGINE_LOST") return false;
    throw thrown;
  }
}
