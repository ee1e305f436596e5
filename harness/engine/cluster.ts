// Engine: a way to get a disposable PostgreSQL server: docker, local, embedded, or one that the user names.
// Cluster: one running server that is ours until it is disposed of.
// Address: how to reach one database of a cluster as one role.

import type { Client, PoolConfig } from "pg";

export type EngineName = "docker" | "local" | "embedded" | "existing";

export const majors = [15, 16, 17, 18] as const;
export type Major = (typeof majors)[number];

/** How to reach a database: what `pg` and `psql` take. `host` is a directory when the server listens on a unix socket. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
}

/** A running server. Disposing of it stops the server and removes all that belongs to it. */
export interface Cluster extends AsyncDisposable {
  readonly engine: EngineName;
  /** One line for people: which engine, which version, where its binaries come from, with or without pgAudit. */
  readonly description: string;
  readonly major: Major;
  /** Whether pgaudit is in shared_preload_libraries and its extension can be created. */
  readonly pgaudit: boolean;
  /** Why there is no pgAudit; absent when there is. */
  readonly pgauditMissing?: string;
  /** The bootstrap superuser's address of the `postgres` database. */
  readonly superuser: Address;
  /** All of the server log so far (stderr and csvlog are up to the engine; UTF-8 text). */
  readLog(): Promise<string>;
  /** Folder with psql, pg_dump, pg_restore of the same major, when the engine has one on this machine. */
  readonly clientBinaries?: string;
  /** Keeps the server, its data and its databases when disposed of, and says how to connect and how to remove it. */
  keep(): string;
}

export type Connect = (address: Address, options?: Partial<PoolConfig>) => Promise<Client>;
