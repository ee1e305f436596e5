-- The indexes of tables that can be made anew from their definition alone: no constraint, replica identity, cluster
-- order, statistics target or partition hangs on them.
-- $1: text[], the tables as schema.table in SQL
select
  pg_catalog.format('%I.%I', namespace.nspname, class.relname) as name,
  pg_catalog.pg_get_indexdef(index.indexrelid) as definition,
  pg_catalog.obj_description(index.indexrelid, 'pg_class') as comment
from pg_catalog.unnest($1::pg_catalog.text[]) as wanted (name)
join pg_catalog.pg_index as index on index.indrelid = wanted.name::pg_catalog.regclass
join pg_catalog.pg_class as class on class.oid = index.indexrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where not index.indisunique
  and not index.indisexclusion
  and not index.indisreplident
  and not index.indisclustered
  and index.indisvalid
  and class.relkind = 'i'
  and not class.relispartition
  and not exists (
    select
    from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = index.indexrelid
      -- PostgreSQL 17 says null where it said -1.
      and coalesce(attribute.attstattarget, -1) <> -1
  )
order by class.relname
