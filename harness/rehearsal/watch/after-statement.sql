-- What this session holds and has done, for whoever watches it: asked between two statements of a transaction.
-- locks: granted locks on tables, materialized views and indexes: oid, table_oid (of an index its table's), name, mode.
-- work: what this transaction has done to tables so far. files: where each table and index is stored. wal: bytes so far.
select
  (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::bigint,
      'tableOid', coalesce(index.indrelid, class.oid)::bigint,
      'index', case when index.indrelid is not null then pg_catalog.format('%I.%I', namespace.nspname, class.relname) end,
      'mode', lock.mode
    )), '[]')
    from pg_catalog.pg_locks as lock
    join pg_catalog.pg_class as class on class.oid = lock.relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    left join pg_catalog.pg_index as index on index.indexrelid = class.oid
    where lock.pid = pg_catalog.pg_backend_pid()
      and lock.locktype = 'relation'
      and lock.granted
      and class.relkind in ('r', 'p', 'm', 'f', 'i', 'I')
      and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  ) as locks,
  (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', stat.relid::bigint,
      'scanned', stat.seq_tup_read,
      'inserted', stat.n_tup_ins,
      'updated', stat.n_tup_upd,
      'deleted', stat.n_tup_del
    )), '[]')
    from pg_catalog.pg_stat_xact_user_tables as stat
    where stat.seq_tup_read > 0 or stat.n_tup_ins > 0 or stat.n_tup_upd > 0 or stat.n_tup_del > 0
  ) as work,
  (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::bigint,
      'file', pg_catalog.pg_relation_filenode(class.oid)::bigint
    )), '[]')
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'm', 'i')
      and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and class.relpersistence <> 't'
  ) as files,
  (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::bigint as wal;
