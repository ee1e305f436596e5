import { promise } from "../../harness/guarantees/trial.ts";
import { provesAppendOnly } from "./audit-append-only.ts";
import { provesArchive } from "./audit-archive.ts";
import { provesDetection } from "./audit-detection.ts";
import { provesFeed } from "./audit-feed.ts";
import { provesGrowth } from "./audit-growth.ts";
import { provesLogging } from "./audit-log-lines.ts";
import { provesOwnRecords } from "./audit-queries.ts";
import { provesServiceOnly, provesTrueRecords } from "./audit-records.ts";
import { provesSettingsReplaced } from "./audit-settings.ts";
import { provesUnprivilegedDeployer } from "./audit-unprivileged.ts";
import { columnsOf } from "./catalog.ts";

/** L. Audit log: who read and changed what, and nobody rewrites it. */
export const audit = [
  promise({
    id: "L1",
    title: "pgAudit writes what is read, written and defined to the server log, without parameters",
    effect: "Nobody can say who read a patient's record, or the log itself gives patients away.",
    remedy:
      "Set pgaudit.log = 'read, write, ddl' and pgaudit.log_relation for authenticator and the deployer, with pgaudit.log_parameter off; where that is refused, warn with the commands.",
    async experiment(trial) {
      await Promise.all([
        provesLogging(trial),
        provesSettingsReplaced(trial.ground, trial.proof),
        provesUnprivilegedDeployer(trial.ground, trial.proof),
      ]);
    },
  }),

  promise({
    id: "L2",
    title: "audit_logs has the thirteen columns",
    effect: "Reports for HIPAA and SOC 2 ask for columns that are not there.",
    remedy: "Give public.audit_logs exactly the columns and types of the promise.",
    leavesNothing: true,
    async experiment(trial) {
      await columnsOf(trial, "audit_logs", [
        ["id", "uuid", "not null"],
        ["event_time", "timestamp with time zone", "not null"],
        ["event_type", "text"],
        ["operation", "text"],
        ["schema_name", "text"],
        ["table_name", "text"],
        // Not every key is a uuid, and not every event has an organization or a user.
        ["record_id", "text", "null"],
        ["database_user", "text"],
        ["authenticated_user", "uuid", "null"],
        ["org_id", "uuid", "null"],
        ["statement_text", "text", "null"],
        ["row_data", "jsonb", "null"],
        ["client_addr", "inet", "null"],
      ]);
    },
  }),

  promise({
    id: "L3",
    title: "nobody changes, deletes or truncates audit records, superusers included",
    effect: "Whoever did harm removes the traces.",
    remedy:
      "Refuse UPDATE, DELETE and TRUNCATE of both tables in triggers that are ENABLE ALWAYS, and let archive_old_audit_logs alone pass.",
    experiment: provesAppendOnly,
  }),

  promise({
    id: "L4",
    title: "only the service reads and writes audit records; who and where from are what the server knows",
    effect: "Members read of other tenants, or write records that put the blame on somebody else.",
    remedy:
      "Grant SELECT and log_audit_event to service_role alone; take session_user, inet_client_addr() and the claims' sub, never an argument or a header.",
    async experiment(trial) {
      await provesTrueRecords(trial);
      await provesServiceOnly(trial);
    },
  }),

  promise({
    id: "L5",
    title: "archive_old_audit_logs moves what is older, loses nothing, and counts what moved and remains",
    effect: "Records that the law wants kept for years are gone after a quarter.",
    remedy: "Copy to audit_logs_archive first, delete only what was copied, and refuse less than a day.",
    experiment: provesArchive,
  }),

  promise({
    id: "L6",
    title: "get_org_audit_logs answers one organization's records, to the service alone",
    effect: "A report for one clinic shows what happened at another.",
    remedy: "Filter recent and archived records by org_id, and grant EXECUTE to service_role alone.",
    leavesNothing: true,
    experiment: provesOwnRecords,
  }),

  promise({
    id: "L7",
    title:
      "detect_suspicious_activity finds bursts of deletes, unusual reads and foreign access, and nothing else",
    effect:
      "A stolen account empties a clinic's records and nobody is told, or alarms are so many that nobody looks.",
    remedy:
      "Count rows, not statements, for each user by themselves; compare reads with the user's own earlier days; and look for what was refused or belongs to another organization.",
    experiment: provesDetection,
  }),

  promise({
    id: "L8",
    title: "audit_logs grows by no more than 50 KB a day and organization",
    effect: "The audit log outgrows everything that it is about.",
    remedy: "Write one record a statement with names and ids, and no copy of rows or statements.",
    experiment: provesGrowth,
  }),

  promise({
    id: "L9",
    title: "every change of a tenant's rows leaves one record a statement and tenant, without a value",
    effect: "A change is found in no record, or the records give away what patients said.",
    remedy:
      "Give every tenant table statement triggers for INSERT, UPDATE and DELETE that write tenant, user, ids and column names, and nothing else.",
    experiment: provesFeed,
  }),
];
