import { join } from "node:path";
import { execa } from "execa";
import type { Address } from "../engine/cluster.ts";
import { Fault } from "../fault/fault.ts";
import { printable } from "../sql/position.ts";
import type { Applied } from "./apply.ts";
import { timeouts } from "./failure.ts";
import { type Limits, settingsOf } from "./limits.ts";
import type { Script } from "./script.ts";
import type { Notice } from "./simple-query.ts";

/** An entry of psql's standard error: where the statement ended, and what the server said. */
interface Entry extends Notice {
  readonly line: number;
  /** The line of the statement and its caret, when the server pointed at it. */
  readonly quote: readonly string[];
}

/**
 * Every script of `plan`, in its order, goes through the real `psql` of the folder `binaries`, a session each, as
 * `psql < file` without ON_ERROR_STOP: it goes on after an error and exits with 0, so the errors are read from what
 * it prints.
 * @throws Fault MIGRATION_FAILED, MIGRATION_TIMEOUT, ENGINE_LOST at the first file that fails; NO_ENGINE without psql.
 */
export async function applyPlanWithPsql<S extends Script>(
  binaries: string,
  address: Address,
  plan: readonly S[],
  limits: Limits = {},
): Promise<readonly Applied<S>[]> {
  const applied: Applied<S>[] = [];
  for (const script of plan) applied.push(await applyWithPsql(binaries, address, script, limits));
  return applied;
}

async function applyWithPsql<S extends Script>(
  binaries: string,
  address: Address,
  script: S,
  limits: Limits,
): Promise<Applied<S>> {
  const started = performance.now();
  const { stderr, exitCode, code, originalMessage } = await execa(
    join(binaries, "psql"),
    ["--no-psqlrc", "--quiet", "--set", "VERBOSITY=verbose", "--set", "SHOW_CONTEXT=never", "--file", "-"],
    { input: script.text, env: environmentOf(address, limits), reject: false, stdout: "ignore" },
  );
  if (code === "ENOENT") {
    throw new Fault("NO_ENGINE", "psql is not there.", {
      where: binaries,
      hint: "Install PostgreSQL's client programs.",
    });
  }
  const entries = readEntries(stderr);
  const error = entries.find((entry) => /^(ERROR|FATAL|PANIC|error)$/.test(entry.severity));
  if (error !== undefined && error.severity !== "FATAL") throw psqlFault(script, error);
  if (exitCode !== 0) {
    const what = `psql ended (${exitCode ?? originalMessage}) during ${script.file}: ${printable(stderr.trim())}`;
    throw new Fault("ENGINE_LOST", what, { where: script.file });
  }
  const notices = entries.map(({ severity, code, message }) => ({ severity, code, message }));
  return { script, elapsedMs: performance.now() - started, notices };
}

function psqlFault(script: Script, { code, line, message, quote }: Entry): Fault {
  const timeout = timeouts.has(code);
  const what = [`${message}${code && ` (SQLSTATE ${code})`}`, ...quote].join("\n");
  return new Fault(timeout ? "MIGRATION_TIMEOUT" : "MIGRATION_FAILED", what, {
    where: `${script.file}:${line}`,
    hint: timeout ? undefined : "psql went on after the error: what the file committed stays.",
  });
}

function environmentOf({ host, port, user, password, database }: Address, limits: Limits): NodeJS.ProcessEnv {
  const options = settingsOf(limits).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, "\\$&")}`,
  );
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGOPTIONS: options.join(" "),
    PGCLIENTENCODING: "UTF8",
    LC_ALL: "C",
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
}

// psql:<stdin>:12: ERROR:  42703: column "nope" does not exist
const head = /^psql:<stdin>:(\d+): ([A-Za-z0-9]+): {1,2}(?:([0-9A-Z]{5}): )?(.*)$/;
// What ends the message. All of these but LINE may quote rows.
const field = /^(LINE \d+|DETAIL|HINT|QUERY|CONTEXT|LOCATION|[A-Z]+ NAME): /;

function readEntries(stderr: string): readonly Entry[] {
  return printable(stderr)
    .split(/^(?=psql:)/m)
    .flatMap((block) => {
      const [first = "", ...rest] = block.trimEnd().split("\n");
      const [, line, severity, code = "", opening] = head.exec(first) ?? [];
      if (line === undefined || severity === undefined || opening === undefined) return [];
      const end = rest.findIndex((each) => field.test(each));
      const message = [opening, ...rest.slice(0, end < 0 ? undefined : end)].join("\n");
      const fields = end < 0 ? [] : rest.slice(end);
      // With QUERY, LINE is of a statement made while running, which may hold the values of rows.
      const quotesScript =
        fields[0]?.startsWith("LINE ") && !fields.some((each) => each.startsWith("QUERY: "));
      return [{ line: Number(line), severity, code, message, quote: quotesScript ? fields.slice(0, 2) : [] }];
    });
}
