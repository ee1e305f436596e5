// Tar: as pg_dump writes it: toc.dat, a member for the rows of each table, restore.sql, then two empty blocks.
import { open } from "node:fs/promises";
import { Fault } from "../../fault/fault.ts";

const block = 512;

export interface Member {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The name of the member whose header `head` begins with; undefined when it is no tar. */
export function firstMember(head: Buffer): string | undefined {
  return head.length < block || head.toString("latin1", 257, 262) !== "ustar"
    ? undefined
    : memberOf(head, 0)?.name;
}

/** Every member of the tar `file`, in order. @throws Fault SNAPSHOT_UNREADABLE when it ends before its two empty blocks. */
export async function readMembers(file: string): Promise<readonly Member[]> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const head = Buffer.alloc(block);
  const members: Member[] = [];
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(head, 0, block, at);
    const empty = head.every((byte) => byte === 0);
    if (bytesRead < block || (empty && at + 2 * block > size)) throw breaksOff(file, members);
    if (empty) return members;
    const member = memberOf(head, at);
    if (member === undefined) {
      throw new Fault("SNAPSHOT_UNREADABLE", `The tar is damaged at byte ${at}.`, { where: file });
    }
    members.push(member);
    at = member.offset + Math.ceil(member.bytes / block) * block;
  }
}

function memberOf(head: Buffer, at: number): Member | undefined {
  const name = textOf(head, 0, 100);
  const size = Number.parseInt(textOf(head, 124, 12), 8);
  // Above 8 GB the size is in base 256, as GNU's tar writes it.
  const bytes = (head[124] ?? 0) >= 0x80 ? Number(head.readBigUInt64BE(128)) : size;
  return name === "" || !Number.isSafeInteger(bytes) ? undefined : { name, offset: at + block, bytes };
}

function textOf(head: Buffer, start: number, length: number): string {
  return head
    .toString("latin1", start, start + length)
    .replace(/\0.*$/s, "")
    .trim();
}

function breaksOff(file: string, members: readonly Member[]): Fault {
  const last = members.at(-1);
  const place = last === undefined ? "" : ` at or behind its member ${last.name}`;
  return new Fault("SNAPSHOT_UNREADABLE", `The tar breaks off${place}.`, { where: file });
}
