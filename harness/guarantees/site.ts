import { type Connection, connect } from "../engine/connection.ts";
import { cloneDatabase, type Database, type Host } from "../engine/database.ts";
import {
  type Direct,
  openDirect,
  openSessions,
  type SessionOptions,
  type Sessions,
} from "../session/session.ts";

/** One clone, with everybody who can talk to it. Disposing of it closes their sessions and drops it. */
export interface Site extends AsyncDisposable {
  readonly database: Database;
  /** Requests through the platform's `authenticator`. */
  readonly sessions: Sessions;
  readonly superuser: Direct;
  readonly deployer: Direct;
  /** The deployer's name: `postgres` on Supabase. */
  readonly deployerRole: string;
  /** Other sessions through `authenticator`, with connections of their own. */
  openSessions(options: SessionOptions): Sessions;
  /** A plain connection, opened once and closed with the site: migrations run through it, and the catalog is read. */
  connection(as: "superuser" | "deployer"): Promise<Connection>;
}

/** A clone of `template` that nobody else uses. */
export async function openSite(cluster: Host, template: string, deployer: string): Promise<Site> {
  const database = await cloneDatabase(cluster, template);
  const addresses = {
    superuser: database.address(cluster.superuser.user),
    deployer: database.address(deployer),
    authenticator: database.address("authenticator"),
  };
  const sessions = openSessions(addresses.authenticator);
  const superuser = openDirect(addresses.superuser);
  const deployerSession = openDirect(addresses.deployer);
  const connections = new Map<string, Promise<Connection>>();
  return {
    database,
    sessions,
    superuser,
    deployer: deployerSession,
    deployerRole: deployer,
    openSessions: (options) => openSessions(addresses.authenticator, options),
    connection(as) {
      const known = connections.get(as) ?? connect(addresses[as]);
      connections.set(as, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      const plain = await Promise.allSettled(connections.values());
      const opened = plain.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      // The database goes last: nobody may be in it.
      await Promise.all(
        [sessions, superuser, deployerSession, ...opened].map((one) => one[Symbol.asyncDispose]()),
      );
      await database[Symbol.asyncDispose]();
    },
  };
}
