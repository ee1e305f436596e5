import { open, rm, stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import { renderAnnotations } from "../report/annotations.ts";
import { renderHuman } from "../report/human.ts";
import type { GateResult } from "../report/result.ts";
import { showsColors } from "./colors.ts";

interface OutputOptions {
  readonly json?: string;
  readonly junit?: string;
}

/** Where a file could be named, and standard output is wanted. */
export const toStandardOutput = "-";
const hint = "Name files in folders that this user may write.";

/** @throws Fault USAGE when a result could not be written where it is wanted, before anything is started. */
export function checkOutputs({ json, junit }: OutputOptions): Promise<void> {
  return checkFiles({ "--json": json, "--junit": junit });
}

/** `files` by the option that names each. @throws Fault USAGE when one cannot be written, or two are the same. */
export async function checkFiles(files: Readonly<Record<string, string | undefined>>): Promise<void> {
  const wrong: string[] = [];
  const named = new Map<string, { readonly name: string; readonly file: string }>();
  for (const [name, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const place = file === toStandardOutput ? file : resolve(file);
    const other = named.get(place);
    if (other !== undefined)
      wrong.push(
        `${other.name} and ${name} cannot both go to ${file === toStandardOutput ? "standard output" : other.file}`,
      );
    named.set(place, { name, file });
    if (file === toStandardOutput) continue;
    try {
      // Opening it is the one question that knows of folders, rights and read-only disks alike.
      const before = await stat(file).catch(() => undefined);
      await (await open(file, "a")).close();
      if (before === undefined) await rm(file);
    } catch (cause) {
      wrong.push(`${name} ${file}: ${messageOf(cause)}`);
    }
  }
  if (wrong.length > 0)
    throw new Fault("USAGE", wrong.join("; "), { where: Object.keys(files).join(", "), hint });
}

/**
 * The result has been shown to people and written wherever it was wanted.
 * @throws Fault USAGE when a file can no longer be written.
 */
export async function writeOutputs(result: GateResult, options: OutputOptions): Promise<void> {
  const machineReads = [options.json, options.junit].includes(toStandardOutput);
  const people = machineReads ? process.stderr : process.stdout;
  people.write(`${renderHuman(result, { color: showsColors(people) })}\n`);
  if (process.env.GITHUB_ACTIONS === "true")
    for (const line of renderAnnotations(result)) people.write(`${line}\n`);
  if (options.json !== undefined) await writeTo(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.junit !== undefined) {
    const { renderJunit } = await import("../report/junit.ts");
    await writeTo(options.junit, renderJunit(result));
  }
}

/** `text` is in the file, or on standard output. @throws Fault USAGE when it cannot be written. */
export async function writeTo(file: string, text: string): Promise<void> {
  if (file === toStandardOutput) {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new Fault("USAGE", `the result could not be written: ${messageOf(cause)}`, {
      where: file,
      hint,
      cause,
    });
  }
}
