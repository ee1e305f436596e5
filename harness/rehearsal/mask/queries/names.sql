-- What has a name in a schema: labels of enums, roles, schemas, tables and their columns; the table's also with its schema.
with spaces as (
  select oid, nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
)
select l.enumlabel::text as name from pg_catalog.pg_enum l
union
select r.rolname::text from pg_catalog.pg_roles r
union
select s.nspname::text from spaces s
union
select n.name
from spaces s
join pg_catalog.pg_class c on c.relnamespace = s.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
cross join lateral (values (c.relname::text), (s.nspname || '.' || c.relname)) n (name)
union
select a.attname::text
from spaces s
join pg_catalog.pg_class c on c.relnamespace = s.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
order by 1
