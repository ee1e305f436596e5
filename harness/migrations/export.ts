import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Plan } from "./migration.ts";
import { parseVersion } from "./version.ts";

const dayMs = 86_400_000;
// For sets whose names hold no date: any past day will do, as long as it is always the same one.
const firstDay = Date.UTC(2000, 0, 1);

/**
 * File names for `plan` that the Supabase CLI accepts and sorts into this order: `<14 digits>_name.sql`, each version
 * a valid time and later than the one before. A name that already is so stays; others keep their day, and count
 * its seconds from 000001.
 * @see https://github.com/supabase/cli/blob/main/pkg/migration/list.go
 */
export function exportNames(plan: Plan): readonly string[] {
  let last = 0;
  return plan.map(({ file }) => {
    const { version, name } = parseVersion(file);
    const own = timestampMs(version);
    const day = own === undefined ? Math.max(firstDay, last - (last % dayMs)) : own - (own % dayMs);
    last = own !== undefined && version.length === 14 && own > last ? own : Math.max(day, last) + 1_000;
    return `${formatVersion(last)}_${name || "migration"}.sql`;
  });
}

/**
 * Writes a copy of `plan` to `directory` under `exportNames`, its content byte for byte, and the rollback scripts to
 * `directory/rollback` under the same names. Afterwards it is there as a whole, or nothing is.
 * @returns the names written, in order.
 * @throws Fault USAGE when `directory` holds anything or cannot be written.
 */
export async function exportMigrations(plan: Plan, directory: string): Promise<readonly string[]> {
  const target = resolve(directory);
  const names = exportNames(plan);
  await refuseContent(target);
  let draft: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    // Beside the target, so that the rename stays within one file system.
    draft = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    await writeCopies(plan, names, draft);
    await rmdir(target).catch(() => {});
    await rename(draft, target);
  } catch (cause) {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
    throw new Fault("USAGE", `The export cannot be written: ${messageOf(cause)}`, {
      where: directory,
      hint: "Name a folder that this user may write, on a disk with room.",
      cause,
    });
  }
  return names;
}

async function writeCopies(plan: Plan, names: readonly string[], draft: string): Promise<void> {
  for (const [index, { path, rollback }] of plan.entries()) {
    const name = names[index] ?? "";
    await writeFile(join(draft, name), await readFile(path));
    if (rollback === undefined) continue;
    await mkdir(join(draft, "rollback"), { recursive: true });
    await writeFile(join(draft, "rollback", name), await readFile(rollback.path));
  }
}

async function refuseContent(target: string): Promise<void> {
  const content = await readdir(target).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT") return [];
    throw new Fault("USAGE", `The export cannot be written: ${thrown.message}`, {
      where: target,
      cause: thrown,
    });
  });
  if (content.length === 0) return;
  throw new Fault("USAGE", `The export would mix with what is there: ${content.slice(0, 3).join(", ")}.`, {
    where: target,
    hint: "Name a folder that is empty or does not exist.",
  });
}

/** `version` as a time in UTC, when its first 8 or all 14 digits are one. */
function timestampMs(version: string): number | undefined {
  const digits = /^(\d{8})(\d{6})?$/.exec(version);
  if (digits === null) return undefined;
  const full = `${digits[1]}${digits[2] ?? "000000"}`;
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(full) ?? [];
  const time = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  // Date.UTC carries an impossible day or hour over into the next.
  return formatVersion(time) === full ? time : undefined;
}

function formatVersion(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(/\D/g, "");
}
