// Exit: the exit code that a shell sees; see `exits`.
// Fault code: the stable name of one reason why no answer could be had.
// Hint: what to do next, in one sentence.

/** The exit codes of every command. A broken promise is a result, not a fault: it never appears below as a fault. */
export const exits = {
  holds: 0,
  broken: 1,
  usage: 2,
  noEngine: 3,
  migration: 4,
  unproven: 5,
  bug: 70,
  interrupted: 130,
} as const;

export type Exit = (typeof exits)[keyof typeof exits];

interface FaultRule {
  readonly exit: Exit;
  readonly hint: string;
}

/** Every fault there is. The code is stable: reports, specs and people quote it. */
export const faults = {
  USAGE: { exit: exits.usage, hint: "Run the command with --help to see what it takes." },
  CONFIG_INVALID: { exit: exits.usage, hint: "Mend the configuration; the message names each field." },
  MIGRATIONS_UNREADABLE: {
    exit: exits.usage,
    hint: "Check that the folder exists, holds .sql files and may be read by this user.",
  },
  SQL_SYNTAX: { exit: exits.migration, hint: "Mend the statement at the caret." },
  MIGRATION_HEADER: {
    exit: exits.migration,
    hint: "Correct the comment lines at the top of the file: '-- requires: NAME', '-- transaction: own'.",
  },
  REQUIREMENT_MISSING: {
    exit: exits.migration,
    hint: "Add the missing migration, or correct the '-- requires:' line.",
  },
  REQUIREMENT_CYCLE: { exit: exits.migration, hint: "Remove one of the '-- requires:' lines in the circle." },
  MIGRATION_FAILED: {
    exit: exits.migration,
    hint: "The database was rolled back to before this file; mend it and run again.",
  },
  MIGRATION_TIMEOUT: {
    exit: exits.migration,
    hint: "The migration waits for a lock or runs too long; see the statement, or raise --migration-timeout.",
  },
  NO_ENGINE: { exit: exits.noEngine, hint: "Run 'tenantproof doctor' to see what is missing." },
  ENGINE_START: { exit: exits.noEngine, hint: "The end of the server's own log is shown above." },
  ENGINE_LOST: {
    exit: exits.noEngine,
    hint: "The server ended while the run was using it; run again, and see its log above.",
  },
  SESSION_REFUSED: {
    exit: exits.usage,
    hint: "The role must exist, be granted to the role that sessions connect as, and its settings must be valid.",
  },
  WORKLOAD_REFUSED: {
    exit: exits.usage,
    hint: "Mend the query in the configuration's workload; whoever asks must be allowed to.",
  },
  SNAPSHOT_UNREADABLE: {
    exit: exits.usage,
    hint: "Dump again with pg_dump or 'supabase db dump', and see that the whole file arrives.",
  },
  RESTORE_INCOMPLETE: {
    exit: exits.unproven,
    hint: "A rehearsal on a part of the data would prove nothing: mend what is named above, and run again.",
  },
  NOT_DISPOSABLE: {
    exit: exits.usage,
    hint: "Name only a server that may be thrown away, add --disposable, and leave no database of yours in it.",
  },
  PORT_IN_USE: { exit: exits.usage, hint: "Give another --port, or none: a free one is taken." },
  NO_SPACE: { exit: exits.noEngine, hint: "Free some disk space, or set TMPDIR to a larger disk." },
  BUG: { exit: exits.bug, hint: "This is a bug in tenantproof; please report it with the message above." },
  INTERRUPTED: { exit: exits.interrupted, hint: "Everything that was started has been removed." },
} as const satisfies Record<string, FaultRule>;

export type FaultCode = keyof typeof faults;
