-- What this session's transaction has done to tables so far, for the tables whose names are in $1 (schema.table).
-- name; reads: rows read from it, by whatever scan; file: where it is stored; exclusive: whether this session holds
-- ACCESS EXCLUSIVE on it. Order: name.
select
  wanted.name,
  (coalesce(stat.seq_tup_read, 0) + coalesce(stat.idx_tup_fetch, 0))::integer as reads,
  pg_catalog.pg_relation_filenode(wanted.oid) as file,
  exists (
    select from pg_catalog.pg_locks as lock
    where lock.pid = pg_catalog.pg_backend_pid() and lock.granted and lock.mode = 'AccessExclusiveLock'
      and lock.relation = wanted.oid
  ) as exclusive
from (
  select named.name, pg_catalog.to_regclass(named.name)::pg_catalog.oid as oid
  from pg_catalog.unnest($1::text[]) as named (name)
) as wanted
left join pg_catalog.pg_stat_xact_all_tables as stat on stat.relid = wanted.oid
where wanted.oid is not null
order by wanted.name;
