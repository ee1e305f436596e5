import { quoteLiteral } from "../sql/identifier.ts";

/** What each line of a server's log begins with: time, process, SQLSTATE, then user@database/application. */
export const logLinePrefix = "%m [%p] %e %q%u@%d/%a ";

/** What follows it, with a colon and two spaces; the last of them belong to the message before. */
export const severities = [
  ...["DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC"],
  ...["DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "BACKTRACE", "STATEMENT"],
];

/** The settings of every server we start: its data are thrown away, so nothing waits for a disk. */
export function serverSettings(preload: readonly string[]): Record<string, string> {
  return {
    fsync: "off",
    // Without fsync a commit waits for no disk; asynchronous commits would keep VACUUM from marking fresh rows visible.
    synchronous_commit: "on",
    full_page_writes: "off",
    wal_level: "logical",
    max_wal_size: "4GB",
    max_connections: "200",
    jit: "off",
    restart_after_crash: "off",
    // Files in the data directory: shared memory elsewhere would outlive a killed server.
    dynamic_shared_memory_type: "mmap",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: logLinePrefix,
    log_checkpoints: "off",
    // Denials are what experiments are after: thousands of them, each told in an outcome.
    log_min_messages: "log",
    // Nothing grows old here; plans and sizes change only when an experiment says so.
    autovacuum: "off",
    shared_preload_libraries: preload.join(","),
  };
}

/** `settings` as the lines of a postgresql.conf. */
export function writeSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoteLiteral(value).trim()}\n`)
    .join("");
}
