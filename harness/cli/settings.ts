import { InvalidArgumentError, Option } from "commander";
import { type EngineRequest, type Major, majors } from "../engine/cluster.ts";
import { Fault } from "../fault/fault.ts";

/** What the engine options of a command say, still as typed. */
export interface EngineOptions {
  readonly engine: string;
  readonly postgres?: Major;
  readonly port?: number;
  readonly disposable?: true;
}

const engineNames = ["auto", "docker", "local", "embedded"] as const;
export type EngineChoice = (typeof engineNames)[number] | "existing";

/** The options that every command with a database takes. */
export function engineOptions(): Option[] {
  return [
    new Option(
      "--engine <engine>",
      "auto, docker, local, embedded, or the URL of a server that may be thrown away",
    )
      .default("auto")
      .env("TENANTPROOF_ENGINE"),
    new Option("--postgres <major>", `PostgreSQL's major version: ${majors.join(", ")}`).argParser(
      parseMajor,
    ),
    new Option("--port <port>", "listen on this TCP port of 127.0.0.1 as well").argParser(parsePort),
    new Option("--disposable", "confirm that the server named by --engine URL may be thrown away"),
  ];
}

/** @throws Fault USAGE when the options contradict each other; all contradictions are named. */
export function readEngineOptions(
  options: EngineOptions,
  env: NodeJS.ProcessEnv,
): { readonly choice: EngineChoice; readonly request: EngineRequest } {
  const url = /^postgres(ql)?:\/\//.test(options.engine) ? options.engine : undefined;
  const name = engineNames.find((candidate) => candidate === options.engine);
  const wrong: string[] = [];
  if (!url && !name)
    wrong.push(`--engine takes ${engineNames.join(", ")} or a postgres:// URL, not '${options.engine}'`);
  if (options.disposable && !url) wrong.push("--disposable goes with --engine URL only");
  if (url && options.port !== undefined) wrong.push("--port cannot be chosen for a server that runs already");
  if (wrong.length > 0) throw new Fault("USAGE", wrong.join("; "), { where: "the engine's options" });
  const image = env.TENANTPROOF_IMAGE;
  return {
    choice: name ?? "existing",
    request: {
      ...(options.postgres !== undefined && { major: options.postgres }),
      ...(options.port !== undefined && { port: options.port }),
      ...(url !== undefined && { url, disposable: options.disposable ?? false }),
      ...(image && { image }),
    },
  };
}

function parseMajor(text: string): Major {
  const major = majors.find((candidate) => String(candidate) === text);
  if (!major) throw new InvalidArgumentError(`It takes one of ${majors.join(", ")}.`);
  return major;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError("It takes a number from 1 to 65535.");
  return port;
}

/** A seed for everything that is drawn at random: 32 bits, printable, given back with --seed. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff)
    throw new InvalidArgumentError("It takes a whole number from 0 to 4294967295.");
  return seed;
}
