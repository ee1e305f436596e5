import { type Node, parsePlPgSQL } from "libpg-query";

/** What a statement does to the transaction around it: afterwards one is open, or none is. Savepoints do neither. */
export type TransactionControl = "opens" | "closes";

/** Whether `node` begins or ends a transaction. */
export function transactionControl(node: Node): TransactionControl | undefined {
  if (!("TransactionStmt" in node)) return undefined;
  switch (node.TransactionStmt.kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return "opens";
    case "TRANS_STMT_COMMIT":
    case "TRANS_STMT_ROLLBACK":
      return node.TransactionStmt.chain ? "opens" : "closes";
    case "TRANS_STMT_PREPARE":
      return "closes";
    default:
      return undefined;
  }
}

/**
 * The words for a statement that the server refuses inside a transaction block (25001, or 2D000 for a DO block that
 * commits); undefined for any other. What depends on the catalog is not known here: CALL of a procedure that commits,
 * REINDEX or CLUSTER of a partitioned table, DROP SUBSCRIPTION with a slot.
 */
export async function transactionRefusal(node: Node, text: string): Promise<string | undefined> {
  if ("DoStmt" in node) return (await commits(text)) ? "a DO block that commits" : undefined;
  return refusals(node);
}

function refusals(node: Node): string | undefined {
  if ("IndexStmt" in node) return node.IndexStmt.concurrent ? "CREATE INDEX CONCURRENTLY" : undefined;
  if ("DropStmt" in node) return node.DropStmt.concurrent ? "DROP INDEX CONCURRENTLY" : undefined;
  if ("VacuumStmt" in node) return node.VacuumStmt.is_vacuumcmd ? "VACUUM" : undefined;
  if ("ClusterStmt" in node) return node.ClusterStmt.relation ? undefined : "CLUSTER of all tables";
  if ("DiscardStmt" in node) return node.DiscardStmt.target === "DISCARD_ALL" ? "DISCARD ALL" : undefined;
  if ("AlterSystemStmt" in node) return "ALTER SYSTEM";
  if ("CreatedbStmt" in node) return "CREATE DATABASE";
  if ("DropdbStmt" in node) return "DROP DATABASE";
  if ("CreateTableSpaceStmt" in node) return "CREATE TABLESPACE";
  if ("DropTableSpaceStmt" in node) return "DROP TABLESPACE";
  if ("AlterDatabaseStmt" in node) {
    return hasOption(node.AlterDatabaseStmt.options, "tablespace")
      ? "ALTER DATABASE SET TABLESPACE"
      : undefined;
  }
  if ("ReindexStmt" in node) {
    const { kind, params } = node.ReindexStmt;
    if (hasOption(params, "concurrently")) return "REINDEX CONCURRENTLY";
    return kind === "REINDEX_OBJECT_INDEX" || kind === "REINDEX_OBJECT_TABLE"
      ? undefined
      : "REINDEX of many tables";
  }
  if ("CreateSubscriptionStmt" in node) {
    const { options } = node.CreateSubscriptionStmt;
    return hasOption(options, "create_slot") || hasOption(options, "connect")
      ? undefined
      : "CREATE SUBSCRIPTION";
  }
  if ("TransactionStmt" in node) {
    const { kind } = node.TransactionStmt;
    if (kind === "TRANS_STMT_COMMIT_PREPARED") return "COMMIT PREPARED";
    return kind === "TRANS_STMT_ROLLBACK_PREPARED" ? "ROLLBACK PREPARED" : undefined;
  }
  if ("AlterTableStmt" in node) {
    return node.AlterTableStmt.cmds?.some(detachesConcurrently) ? "DETACH PARTITION CONCURRENTLY" : undefined;
  }
  return undefined;
}

function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => "DefElem" in option && option.DefElem.defname === name);
}

function detachesConcurrently(command: Node): boolean {
  const definition = "AlterTableCmd" in command ? command.AlterTableCmd.def : undefined;
  return (
    definition !== undefined && "PartitionCmd" in definition && definition.PartitionCmd.concurrent === true
  );
}

async function commits(doStatement: string): Promise<boolean> {
  // Most blocks never say so: parsing PL/pgSQL is for those that may.
  if (!/\b(commit|rollback)\b/i.test(doStatement)) return false;
  try {
    return /"PLpgSQL_stmt_(commit|rollback)"/.test(JSON.stringify(await parsePlPgSQL(doStatement)));
  } catch {
    // Another language, or a body that the server will refuse with a better message.
    return false;
  }
}
