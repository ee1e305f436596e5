// pgbench: PostgreSQL's own client for measuring. It is written in C and shares nothing with the stopwatch.
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Address } from "../../harness/engine/cluster.ts";

/** A statement with $1, $2, ... and their values. */
export interface Command {
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Script {
  /** Sent one behind the other, without waiting for answers in between. */
  readonly commands: readonly Command[];
  readonly prepared: boolean;
  /** Transactions, one after the other. */
  readonly count: number;
}

/**
 * The program beside the server's other ones, else the one that PATH finds.
 * @throws Error when there is none.
 */
export async function findPgbench(binaries: string | undefined): Promise<string> {
  const beside = binaries === undefined ? undefined : join(binaries, "pgbench");
  const found =
    beside !== undefined &&
    (await access(beside).then(
      () => true,
      () => false,
    ));
  if (found) return beside;
  const { failed } = await execa("pgbench", ["--version"], { reject: false });
  if (!failed) return "pgbench";
  throw new Error(
    `There is no pgbench to compare with, neither ${beside ? `at ${beside}` : "with the server"} nor on PATH. It comes with PostgreSQL; Debian has it in the package postgresql-NN, others in postgresql-contrib.`,
  );
}

/** How long each transaction of the script took, in its order; milliseconds. `folder` is where its files may lie. */
export async function runPgbench(
  program: string,
  { host, port, user, password, database }: Address,
  { commands, prepared, count }: Script,
  folder: string,
): Promise<readonly number[]> {
  const values = commands.flatMap((command) => command.values ?? []);
  let before = 0;
  const lines = commands.map(({ text, values: own = [] }) => {
    const from = before;
    before += own.length;
    // Its variables are sent as parameters; they are counted through all of the script.
    return `${text.replaceAll(/\$(\d+)/g, (_, n) => `:v${from + Number(n)}`).replaceAll(/\s*\n\s*/g, " ")};`;
  });
  const script = join(folder, "script.sql");
  await writeFile(script, `${["\\startpipeline", ...lines, "\\endpipeline"].join("\n")}\n`);
  const log = join(folder, "log");
  await execa(
    program,
    [
      ...["-h", host, "-p", String(port), "-U", user, "-n", "-c", "1", "-t", String(count)],
      ...["-M", prepared ? "prepared" : "extended", "-f", script, "-l", "--log-prefix", log],
      ...values.flatMap((value, index) => ["-D", `v${index + 1}=${value}`]),
      database,
    ],
    { env: password === undefined ? {} : { PGPASSWORD: password } },
  );
  const [written = ""] = (await readdir(folder)).filter((name) => name.startsWith("log."));
  // https://www.postgresql.org/docs/current/pgbench.html#id-1.9.4.11.9.8
  const text = await readFile(join(folder, written), "utf8");
  const times = text
    .trim()
    .split("\n")
    .map((line) => Number(line.split(" ")[2]) / 1000);
  if (times.length !== count || times.some(Number.isNaN))
    throw new Error(`pgbench logged ${times.length} transactions of ${count}`);
  return times;
}
