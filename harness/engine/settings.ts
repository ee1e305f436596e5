import { Fault } from "../fault/fault.ts";
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

/**
 * How glibc deals with memory that a server's process has freed: it keeps it. By default it gives it back after one request
 * and asks for it again in the next, at a price that differs between kernels and hypervisors by 0.3 ms a request, and
 * that two equal queries pay or not by a few bytes. https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
 */
export const serverEnvironment: Readonly<Record<string, string>> = {
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024 ** 2),
  MALLOC_MMAP_THRESHOLD_: String(64 * 1024 ** 2),
  MALLOC_TOP_PAD_: String(1024 ** 2),
};

/** Where a server is, what it loads, how its log reads and how it ends: what makes it ours. */
const reserved: ReadonlySet<string> = new Set([
  ...["config_file", "data_directory", "external_pid_file", "hba_file", "ident_file", "listen_addresses"],
  ...["port", "unix_socket_directories", "shared_preload_libraries", "dynamic_shared_memory_type"],
  ...["log_destination", "log_line_prefix", "logging_collector", "restart_after_crash"],
]);

/**
 * `settings` with those that the request wants in their place or besides. Values are the server's to judge.
 * @throws Fault USAGE that names each one that is no setting's name, or that the engine must set itself.
 */
export function addSettings(
  settings: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const lower = Object.entries(wanted).map(([name, value]) => [name.toLowerCase(), value] as const);
  const wrong = lower.flatMap(([name, value]) => {
    if (!/^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/.test(name)) return [`${name} is no name of a setting`];
    if (reserved.has(name)) return [`${name} is set by the engine itself`];
    // A line of postgresql.conf holds neither.
    return /[\\\n\r\0]/.test(value) ? [`the value of ${name} holds a backslash or a line break`] : [];
  });
  if (wrong.length > 0) {
    throw new Fault("USAGE", wrong.join("; "), {
      where: "the server's settings",
      hint: "Leave them out, or correct them.",
    });
  }
  return { ...settings, ...Object.fromEntries(lower) };
}

/** `settings` as the lines of a postgresql.conf. */
export function writeSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoteLiteral(value).trim()}\n`)
    .join("");
}
