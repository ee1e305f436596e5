import { statfs } from "node:fs/promises";

const gib = 1024 ** 3;
// statfs(2).
const tmpfsMagic = 0x01021994;

/** What a file system has left for us. */
export interface Room {
  readonly bytes: number;
  /** Whether its files are kept in memory. */
  readonly inMemory: boolean;
}

/** The room that is left where `folder` lies. */
export async function findRoom(folder: string): Promise<Room> {
  const { bavail, bsize, type } = await statfs(folder);
  return { bytes: bavail * bsize, inMemory: type === tmpfsMagic };
}

/** `bytes` for people: "12 MB" or "3.1 GB", of 1,024 each, rounded down. */
export function showBytes(bytes: number): string {
  if (bytes < gib) return `${Math.floor(bytes / 1024 ** 2)} MB`;
  return `${(Math.floor((bytes / gib) * 10) / 10).toFixed(1)} GB`;
}
