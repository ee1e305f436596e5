-- The tables and materialized views of the database, the system's apart, with their indexes.
-- Columns: oid, name (schema.table), rows (the planner's estimate), indexes (oid and name). Order: name.
select
  class.oid::bigint::float8 as oid,
  pg_catalog.format('%I.%I', namespace.nspname, class.relname) as name,
  greatest(class.reltuples, 0)::float8 as rows,
  (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', index.indexrelid::bigint,
      'name', pg_catalog.format('%I.%I', namespace.nspname, entry.relname)
    )), '[]')
    from pg_catalog.pg_index as index
    join pg_catalog.pg_class as entry on entry.oid = index.indexrelid
    where index.indrelid = class.oid
  ) as indexes
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p', 'm')
  and class.relpersistence <> 't'
  and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by 2;
