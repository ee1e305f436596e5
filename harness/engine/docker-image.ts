// Base: the image that ours is built from. Ready image: one that the user names, with pgAudit in it.
// Tag: derived from all that an image is made of, so that an image of that name is always the right one.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { ImageName } from "testcontainers";
import { getAuthConfig } from "testcontainers/build/container-runtime/index.js";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Major } from "./cluster.ts";
import type { Docker } from "./docker-client.ts";
import type { Machine } from "./machine.ts";
import { thisOwner, writeOwner } from "./owner.ts";

const folder = join(import.meta.dirname, "docker");
const shownLogLines = 25;

type Say = (line: string) => void;

/** The image is on the engine. @throws Fault ENGINE_START, NO_SPACE when it cannot be pulled. */
export async function pullImage(docker: Docker, name: string, say: Say): Promise<{ readonly id: string }> {
  const present = await findImage(docker, name);
  if (present) return present;
  say(`docker: pulling ${name}`);
  try {
    const parsed = ImageName.fromString(name);
    const authconfig = await getAuthConfig(parsed.registry ?? "https://index.docker.io/v1/");
    const stream: NodeJS.ReadableStream = await docker.pull(parsed.string, authconfig ? { authconfig } : {});
    await finish(stream);
  } catch (thrown) {
    throw imageFault(`The image ${name} cannot be pulled: ${messageOf(thrown)}`, thrown, [
      "Check the name and the way to its registry; or name an image that is here already with TENANTPROOF_IMAGE",
      "(with pgAudit) or TENANTPROOF_BASE_IMAGE; or use --engine local.",
    ]);
  }
  const pulled = await findImage(docker, name);
  if (pulled) return pulled;
  throw new Fault("ENGINE_START", `The image ${name} was pulled, but is not there`, {
    hint: `Try 'docker pull ${name}'.`,
  });
}

/**
 * The name of an image with PostgreSQL `major` and pgAudit, made of our Dockerfile unless it is there.
 * @throws Fault ENGINE_START with the end of the build's log; NO_SPACE.
 */
export async function buildImage(docker: Docker, major: Major, machine: Machine, say: Say): Promise<string> {
  const { env } = machine;
  const base = env.TENANTPROOF_BASE_IMAGE || `postgres:${major}-bookworm`;
  const { id } = await pullImage(docker, base, say);
  const recipe = await readFile(join(folder, "Dockerfile"), "utf8");
  const digest = createHash("sha256")
    .update(JSON.stringify([recipe, id, major]))
    .digest("hex");
  const name = `tenantproof/postgres:${major}-${digest.slice(0, 16)}`;
  if (await findImage(docker, name)) return name;

  say(`docker: building ${name} from ${base}`);
  const log: string[] = [];
  // The docker command passes proxies on; its API leaves that to us.
  const proxies = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
  const buildargs = {
    BASE: base,
    MAJOR: String(major),
    BUILDER: writeOwner(thisOwner()),
    ...Object.fromEntries(proxies.flatMap((proxy) => (env[proxy] ? [[proxy, env[proxy]]] : []))),
  };
  try {
    const context = { context: folder, src: ["Dockerfile"] };
    const stream = await docker.buildImage(context, { t: name, buildargs, rm: true, forcerm: true });
    await finish(stream, (text) => {
      log.push(text);
      if (text.startsWith("Step ")) say(`docker: ${text.split("\n")[0]}`);
    });
  } catch (thrown) {
    const end = stripVTControlCharacters(log.join("")).trimEnd().split("\n").slice(-shownLogLines).join("\n");
    // The engine quotes the whole command, which we know.
    const said = messageOf(thrown).replace(
      /^The command '.*' returned/s,
      "a step of the Dockerfile returned",
    );
    throw imageFault(`The image could not be built from ${base}: ${said}\n${end}`, thrown, [
      "The end of the build's log is shown above. Is the way to the package archive open? A base of your own goes",
      "into TENANTPROOF_BASE_IMAGE, a ready image with pgAudit into TENANTPROOF_IMAGE.",
    ]);
  }
  if (await findImage(docker, name)) return name;
  throw new Fault("ENGINE_START", `The build of ${name} broke off`, {
    hint: "Is the Docker engine still running?",
  });
}

/** The image's identity; undefined when the engine has none of that name. */
async function findImage(docker: Docker, name: string): Promise<{ readonly id: string } | undefined> {
  try {
    const { Id } = await docker.getImage(name).inspect();
    return { id: Id };
  } catch (thrown) {
    if ((thrown as { statusCode?: number }).statusCode === 404) return undefined;
    throw thrown;
  }
}

/** Settles when the work that `progress` tells of is done. Its HTTP status was 200 before anything could go wrong. */
async function finish(progress: NodeJS.ReadableStream, hear?: (text: string) => void): Promise<void> {
  for await (const line of createInterface({ input: progress })) {
    const event = JSON.parse(line || "{}") as { stream?: string; error?: string };
    if (event.error) throw new Error(event.error);
    if (event.stream) hear?.(event.stream);
  }
}

function imageFault(what: string, cause: unknown, hint: readonly string[]): Fault {
  if (/no space left on device/i.test(what)) {
    return new Fault("NO_SPACE", what, {
      cause,
      hint: "Free some disk space of the Docker engine (docker system prune).",
    });
  }
  return new Fault("ENGINE_START", what, { cause, hint: hint.join(" ") });
}
