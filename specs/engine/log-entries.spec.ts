import { describe, expect, it } from "vitest";
import { auditEntriesOf, readLogEntries } from "../../harness/engine/log-entries.ts";

const stamp = "2025-01-10 12:00:00.123 UTC";
const line = (message: string, { database = "ours", pid = 7, state = "00000", app = "a session" } = {}) =>
  `${stamp} [${pid}] ${state} ada@${database}/${app} ${message}\n`;
const session = { time: stamp, pid: 7, sqlstate: "00000", user: "ada", database: "ours" };
const one = { ...session, application: "a session", severity: "LOG" };

describe("a server log is read into entries", () => {
  it.each([
    ["an entry of a session", line("LOG:  hello"), [{ ...one, message: "hello" }]],
    [
      "an entry of a process without a session",
      `${stamp} [1] 00000 LOG:  database system is ready\n`,
      [
        {
          ...{ time: stamp, pid: 1, sqlstate: "00000", severity: "LOG" },
          message: "database system is ready",
        },
      ],
    ],
    [
      "an application without a name, and one whose name looks like an entry",
      line("LOG:  hello", { app: "" }) + line("LOG:  hello", { app: "psql / you@there" }),
      [
        { ...one, application: "", message: "hello" },
        { ...one, application: "psql / you@there", message: "hello" },
      ],
    ],
    [
      "a message of several lines, with empty ones and tabs of its own",
      line("LOG:  select 1,\n\t\t2\n\t\n\tfrom b") + line("LOG:  next"),
      [
        { ...one, message: "select 1,\n\t2\n\nfrom b" },
        { ...one, message: "next" },
      ],
    ],
    [
      "what belongs to an error, as entries of their own",
      line("ERROR:  no", { state: "42501" }) + line("STATEMENT:  select 1", { state: "42501" }),
      [
        { ...one, sqlstate: "42501", severity: "ERROR", message: "no" },
        { ...one, sqlstate: "42501", severity: "STATEMENT", message: "select 1" },
      ],
    ],
    [
      "a message that says LOG itself",
      line("LOG:  it said LOG:  hello"),
      [{ ...one, message: "it said LOG:  hello" }],
    ],
    [
      "entries of other processes between, and lines of nobody",
      `noise\n${line("LOG:  a", { pid: 8 })}not ours: 7\n${line("LOG:  b")}`,
      [
        { ...one, pid: 8, message: "a" },
        { ...one, message: "b" },
      ],
    ],
    ["nothing from an empty log", "", []],
    [
      "all but a line that is cut off at the end",
      line("LOG:  a") + line("LOG:  b").slice(0, -1),
      [{ ...one, message: "a" }],
    ],
  ])("%s", (_, log, entries) => {
    expect(readLogEntries(log)).toEqual(entries);
  });

  it("of one database only, where one is named", () => {
    const log =
      line("LOG:  a", { database: "theirs" }) + line("LOG:  @ours/ is what b says") + line("LOG:  c");
    expect(readLogEntries(log, "theirs").map(({ message }) => message)).toEqual(["a"]);
    expect(readLogEntries(log, "ours").map(({ message }) => message)).toEqual(["@ours/ is what b says", "c"]);
    expect(readLogEntries(log, "our")).toEqual([]);
  });
});

describe("a message of pgAudit is read into its fields", () => {
  const fields = { type: "SESSION", class: "READ", command: "SELECT", objectType: "TABLE" };
  const rest = { object: "public.contacts", parameters: "<not logged>" };
  it.each([
    ["a plain statement", "select 1", "select 1"],
    ["commas and quotes", '"select ""a"", \'b,c\'"', "select \"a\", 'b,c'"],
    ["several lines", '"select 1,\n\t 2\n\t-- ""x"""', 'select 1,\n 2\n-- "x"'],
  ])("with %s", (_, written, statement) => {
    const log = line(`LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.contacts,${written},<not logged>`);
    expect(auditEntriesOf(readLogEntries(log))).toMatchObject([{ ...fields, ...rest, statement }]);
  });

  it("with a statement that has no relation, with parameters, and with the rows it touched", () => {
    const entry = (text: string) => auditEntriesOf(readLogEntries(line(`LOG:  AUDIT: ${text}`)))[0];
    expect(entry("SESSION,2,1,DDL,DROP TABLE,,,drop table b,<none>")).toMatchObject({
      ...{ class: "DDL", command: "DROP TABLE", objectType: "", object: "" },
    });
    expect(entry('SESSION,2,1,READ,SELECT,,,select $1,"ada,""x""",3')).toMatchObject({
      parameters: 'ada,"x"',
    });
  });

  it("unless it is another's, cut off in its quotes, or short of fields", () => {
    const log =
      line("LOG:  AUDITED: SESSION,1,1,READ,SELECT,,,select 1,<none>") +
      line("ERROR:  AUDIT: SESSION,1,1,READ,SELECT,,,select 1,<none>") +
      line('LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,"select 1,\n\t2') +
      line("LOG:  AUDIT: SESSION,1,1,READ,SELECT");
    expect(readLogEntries(log)).toHaveLength(4);
    expect(auditEntriesOf(readLogEntries(log))).toEqual([]);
  });
});
