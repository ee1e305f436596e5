-- The ordinary tables of the subject and of the platform that its migrations may touch, named for use in SQL.
-- Columns: name (schema.table), columns (those that take a value, with commas). Order: name.
select
  pg_catalog.format('%I.%I', namespace.nspname, class.relname) as name,
  pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' order by attribute.attnum) as columns
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
join pg_catalog.pg_attribute as attribute
  on attribute.attrelid = class.oid and attribute.attnum > 0
  and not attribute.attisdropped and attribute.attgenerated = ''
where class.relkind = 'r'
  and class.relpersistence <> 't'
  and namespace.nspname !~ '^pg_'
  and namespace.nspname <> 'information_schema'
group by namespace.nspname, class.relname
order by 1;
