import { Fault } from "../fault/fault.ts";

/** What the leading comment lines of a script say. */
export interface Header {
  /** The names of `-- requires:` lines, as written, without `.sql`. */
  readonly requires: readonly string[];
  /** Whether there is a `-- transaction: own` line. */
  readonly ownTransaction: boolean;
  /** Whether there is any header line at all. */
  readonly present: boolean;
}

const headerLine = /^--\s*(requires|transaction):(.*)$/;
// Both directions in one file: sent whole, such a file would take back at once what it just made.
const downSection = /^--\s*(migrate:down|\+goose Down|\+migrate Down|Down Migration)\b/m;

/**
 * The header of a script: comment lines before its first statement, in lower case:
 * `-- requires: NAME[, NAME...]` and `-- transaction: own`.
 * @throws Fault MIGRATION_HEADER when a line says nothing or what is not known, or the file holds a down section.
 */
export function readHeader(text: string, file: string): Header {
  refuseDownSection(text, file);
  const requires: string[] = [];
  let ownTransaction = false;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (!/^\s*(--|$)/.test(line)) break;
    const [, key, value = ""] = headerLine.exec(line.trim()) ?? [];
    if (key === undefined) continue;
    const words = value.split(/[\s,]+/).filter((word) => word !== "");
    const where = `${file}:${index + 1}:1`;
    if (words.length === 0) throw new Fault("MIGRATION_HEADER", `'-- ${key}:' names nothing.`, { where });
    if (key === "requires") {
      requires.push(...words.map((word) => word.replace(/\.sql$/i, "")));
    } else if (words.join(" ") === "own") {
      ownTransaction = true;
    } else {
      const hint =
        "Write '-- transaction: own', or no such line: the file is then wrapped in one transaction.";
      throw new Fault("MIGRATION_HEADER", `'-- transaction: ${words.join(" ")}' is not known.`, {
        where,
        hint,
      });
    }
  }
  return { requires: [...new Set(requires)], ownTransaction, present: ownTransaction || requires.length > 0 };
}

/** What a script says of itself that nobody would expect, with its reason: `-- KEY: NAME, because ...`, anywhere in it. */
export type Confession = "access exclusive" | "changes data";

/** The names that `text` confesses under `key`. */
export function confessedIn(text: string, key: Confession): readonly string[] {
  const line = new RegExp(`^-- ${key}: *(.*?), because \\S`);
  return text.split(/\r\n|\n|\r/).flatMap((one) => line.exec(one)?.[1] ?? []);
}

function refuseDownSection(text: string, file: string): void {
  const found = downSection.exec(text);
  if (found === null) return;
  const line = text.slice(0, found.index).split(/\r\n|\n|\r/).length;
  throw new Fault("MIGRATION_HEADER", `${file} holds its own way back ('${found[0]}').`, {
    where: `${file}:${line}:1`,
    hint: `Move what follows to rollback/${file}: sent with the file it would undo it at once.`,
  });
}
