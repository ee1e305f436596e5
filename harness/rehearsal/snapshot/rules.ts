// Rules: what of a dump is not run. A dump is a stranger's file: its SQL meets a disposable server as a superuser, who could
// run programs there through a DO block or a function, which nobody can judge from outside. So a server that restores one
// has to be disposable; what a dump of pg_dump never holds is refused all the same.
import { Fault } from "../../fault/fault.ts";
import { databaseSetting } from "./database-setting.ts";
import type { Piece } from "./script.ts";

export type Ruling =
  | { readonly run: true }
  /** `told`: a line for people; absent where it changes nothing that anybody could miss. */
  | { readonly run: false; readonly told?: string };

const run: Ruling = { run: true };

/** psql's commands that pg_dump writes. None of them is needed here: nothing else in the file is a command either. */
const harmless = /^\\(restrict|unrestrict)(\s|$)/;

/**
 * Whether `piece` of a script is run on a server of `major`.
 * @throws Fault SNAPSHOT_UNREADABLE when no dump holds it: commands of psql, COPY of files or programs.
 */
export function judge(piece: Piece, major: number, file: string): Ruling {
  if (piece.kind === "comment") return { run: false };
  if (piece.kind === "copy") return run;
  if (piece.kind === "command") {
    if (harmless.test(piece.text)) return { run: false };
    if (/^\\connect(\s|$)/.test(piece.text)) return { run: false, told: leftOut("\\connect") };
    const command = /^\\\S{0,20}/.exec(piece.text)?.[0] ?? "\\";
    throw new Fault(
      "SNAPSHOT_UNREADABLE",
      `The snapshot has a command of psql, ${command}, which no dump holds.`,
      {
        where: `${file}:${piece.line}`,
        hint: "Such a command could run programs on this machine; see where the file comes from.",
      },
    );
  }
  return judgeStatement(piece.text, major, `${file}:${piece.line}`);
}

function judgeStatement(text: string, major: number, where: string): Ruling {
  // A semicolon alone.
  if (text.length <= 1) return { run: false };
  const start = text.slice(0, 200).toLowerCase();
  refuseCopy(start, where);
  if (major < 17 && /^set transaction_timeout\b/.test(start)) return { run: false };
  // Text reaches the server as UTF-8; rows say themselves what they are in.
  if (/^set client_encoding\b/.test(start)) return { run: false };
  // They are set in our database when everything else is there.
  if (databaseSetting(text) !== undefined) return { run: false };
  const ofDatabase =
    /^((?:create|alter|drop) database|(?:comment|security label .{0,60}) on database)\b/.exec(start);
  if (ofDatabase !== null) return { run: false, told: leftOut((ofDatabase[1] ?? "").toUpperCase()) };
  if (/^(grant|revoke)\b[^;']* on database\b/.test(text.slice(0, 2000).toLowerCase())) {
    return { run: false, told: leftOut("GRANT ON DATABASE") };
  }
  return run;
}

/** @throws Fault SNAPSHOT_UNREADABLE when the statement that begins with `start` is a COPY: rows go another way. */
export function refuseCopy(start: string, where: string): void {
  if (!/^copy\b/i.test(start)) return;
  throw new Fault(
    "SNAPSHOT_UNREADABLE",
    "The snapshot has a COPY of a file or a program, which no dump holds.",
    {
      where,
      hint: "Such a statement could run programs on this machine; see where the file comes from.",
    },
  );
}

function leftOut(what: string): string {
  return `${what}: left out, since the snapshot goes into a database of another name`;
}
