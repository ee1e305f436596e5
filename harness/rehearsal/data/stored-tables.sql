-- The tables that hold rows, the system's apart, with their columns and their keys.
-- Columns: oid, name (schema.table), columns (number, name, quoted, type), key (numbers of the primary key's columns, or of
-- another whole unique key's that take no NULL; empty where there is none). Order: name.
select
  class.oid::bigint::float8 as oid,
  pg_catalog.format('%I.%I', namespace.nspname, class.relname) as name,
  (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'number', attribute.attnum,
      'name', attribute.attname,
      'type', pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
    ) order by attribute.attnum), '[]')
    from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
  ) as columns,
  coalesce((
    select pg_catalog.array_to_json(index.indkey::smallint[])
    from pg_catalog.pg_index as index
    where index.indrelid = class.oid
      and index.indisunique
      and index.indisvalid
      and index.indpred is null
      and index.indexprs is null
      and index.indnkeyatts = index.indnatts
      and not exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid
          and attribute.attnum = any (index.indkey::smallint[])
          and not attribute.attnotnull
      )
    order by index.indisprimary desc, index.indexrelid
    limit 1
  ), '[]') as key
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind = 'r'
  and class.relpersistence <> 't'
  and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by 2;
