import type { Major } from "./cluster.ts";

/** A folder that holds `postgres` and `initdb`, and what is known of them. */
export interface Binaries {
  readonly folder: string;
  readonly major: Major;
  /** As the server says it: "15.13 (Debian 15.13-0+deb12u1)". */
  readonly version: string;
  /** For people: where they come from. */
  readonly origin: string;
  /** What a server of them preloads. */
  readonly preload: readonly string[];
  readonly pgauditMissing?: string;
  /** A folder of shared libraries that the system lacks. */
  readonly libraries?: string;
  readonly clientBinaries?: string;
}
