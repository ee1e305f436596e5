// Ground: a spec file's own database on the shared server, with everybody who can talk to it.
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, inject } from "vitest";
import type { Address } from "../harness/engine/cluster.ts";
import { withConnection } from "../harness/engine/connection.ts";
import { cloneDatabase } from "../harness/engine/database.ts";
import type { GroundHost } from "../harness/guarantees/ground.ts";
import type { Privileges } from "../harness/platform/platform.ts";
import { type Direct, openDirect, openSessions, type Sessions } from "../harness/session/session.ts";

export interface Ground {
  address(user: string): Address;
  readonly deployerName: string;
  readonly superuserName: string;
  /** Requests, as `authenticator`. */
  readonly sessions: Sessions;
  readonly superuser: Direct;
  readonly deployer: Direct;
  /** Runs a script of several statements, as the deployer or as `user`. */
  run(script: string, user?: string): Promise<void>;
}

/** The shared server as a gate sees its own. */
export function sharedHost(): GroundHost {
  const shared = inject("shared");
  return { ...shared, readLog: () => text(connect(shared.logPort, "127.0.0.1")) };
}

interface GroundOptions {
  /** Default open. */
  readonly privileges?: Privileges;
}

/** A clone of the platform's database, to be opened once at the top of a spec file; dropped after its last spec. */
export async function openGround({ privileges = "open" }: GroundOptions = {}): Promise<Ground> {
  const shared = inject("shared");
  const database = await cloneDatabase(shared, shared.templates[privileges]);
  const superuserName = shared.superuser.user;
  const sessions = openSessions(database.address("authenticator"));
  const superuser = openDirect(database.address(superuserName));
  const deployer = openDirect(database.address(shared.deployer));
  afterAll(async () => {
    for (const open of [sessions, superuser, deployer, database]) await open[Symbol.asyncDispose]();
  });
  return {
    address: (user) => database.address(user),
    deployerName: shared.deployer,
    superuserName,
    sessions,
    superuser,
    deployer,
    async run(script, user = shared.deployer) {
      await withConnection(database.address(user), (connection) => connection.query(script));
    },
  };
}
