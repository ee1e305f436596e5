// Engine: a way to get a disposable PostgreSQL server: docker, local, embedded, or one that the user names.
// Cluster: one running server that is ours until it is disposed of.
// Address: how to reach one database of a cluster as one role.

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

/** What became of an attempt to save a server's data. */
export type Saved =
  | { readonly saved: true; readonly bytes: number }
  | { readonly saved: false; readonly why: string };

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
  /** The bootstrap superuser's address of the `postgres` database. Its password, if any, is to be every login role's. */
  readonly superuser: Address;
  /** All of the server log so far, as UTF-8 text; each entry begins with `logLinePrefix` of settings.ts. */
  readLog(): Promise<string>;
  /** Folder with psql, pg_dump, pg_restore of the same major, when the engine has one on this machine. */
  readonly clientBinaries?: string;
  /** Present when the server came up on saved data: what `save` was told to note with them. */
  readonly savedData?: { readonly note: string };
  /**
   * Stops the server in order, copies its data into the cache under the request's fingerprint, and starts it again at
   * the same address, in any case: measured is then always a server that has just started. Where saved data of that
   * fingerprint are there already, they stay. Every session but errands must be closed. Absent when the request has no
   * fingerprint, or the engine no data directory of its own. @throws Fault ENGINE_LOST, ENGINE_START when it does not
   * stop or start; that it could not be saved is an answer.
   */
  save?(note?: string): Promise<Saved>;
  /** Whether `keep` was called: then nothing of it is removed, by anybody. */
  readonly kept: boolean;
  /** Keeps the server, its data and its databases when disposed of, and says how to connect and how to remove it. */
  keep(): string;
}

/** What the user asked for. */
export interface EngineRequest {
  /** The wanted major; absent: the engine's own choice, preferring one that has pgAudit. */
  readonly major?: Major;
  /** A TCP port on 127.0.0.1 to listen on besides the unix socket; absent: none, or a free one where no socket exists. */
  readonly port?: number;
  /** For the existing engine: the URL, and that the user called the server disposable. */
  readonly url?: string;
  readonly disposable?: boolean;
  /** For docker: a ready image with pgAudit, instead of ours (TENANTPROOF_IMAGE). */
  readonly image?: string;
  /**
   * For local and embedded: the fingerprint, in hex, of all that the caller is going to fill the server with. Where data
   * were saved under it by a server of the same build, the server comes up on a copy of them. Others pay no heed.
   */
  readonly data?: string;
  /** For local and embedded: how many bytes the server's files will take at most; default next to nothing. */
  readonly roomBytes?: number;
  /**
   * Settings of the server besides ours or instead of them, by name; some are reserved. The existing engine changes
   * none, and says so.
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Whether an engine can serve a request here, found out quickly and without side effects. */
export type Availability =
  | {
      readonly available: true;
      readonly majors: readonly Major[];
      readonly pgaudit: boolean;
      readonly detail: string;
    }
  | { readonly available: false; readonly why: string; readonly hint: string };

export interface Engine {
  readonly name: EngineName;
  probe(request: EngineRequest): Promise<Availability>;
  /** @throws Fault ENGINE_START, NO_ENGINE, NO_SPACE, PORT_IN_USE, NOT_DISPOSABLE, USAGE. `say` receives one line a step. */
  start(request: EngineRequest, say: (line: string) => void): Promise<Cluster>;
}
