/**
 * Extensions that a hosting platform adds to every database, and that its tables hardly ever need: a server without them
 * holds all rows all the same. Of Supabase: https://supabase.com/docs/guides/database/extensions.
 */
export const hostedExtensions: ReadonlySet<string> = new Set([
  ...["pg_graphql", "supabase_vault", "pgsodium", "pg_net", "pg_cron", "pgjwt", "http", "wrappers", "pg_tle"],
  ...["plv8", "hypopg", "index_advisor", "pg_stat_monitor", "pgaudit", "pg_stat_statements", "plpgsql_check"],
  ...[
    "pgtap",
    "pg_hashids",
    "pg_jsonschema",
    "pgroonga",
    "pgroonga_database",
    "pg_repack",
    "pgmq",
    "auto_explain",
  ],
  ...["pg_walinspect", "pg_backtrace", "supautils", "safeupdate", "pg_prewarm", "aiven_extras", "rds_tools"],
]);
