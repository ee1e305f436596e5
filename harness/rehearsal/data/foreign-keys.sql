-- Every foreign key of the database that is said to hold, the system's apart, with a query for the rows that break it.
-- Columns: name, table_name, query (counts the rows of the table that point to nothing; answers count, and keys of up to 5
-- where the table's key is a number or a uuid). Order: table, name.
select
  con.conname::text as name,
  pg_catalog.format('%I.%I', namespace.nspname, class.relname) as table_name,
  pg_catalog.format(
    'select count(*)::float8 as count, coalesce((pg_catalog.array_agg(%s))[1:5], ''{}'') as keys from %I.%I as child where %s and not exists (select from %I.%I as parent where %s)',
    coalesce((
      select case when pg_catalog.bool_and(attribute.atttypid = any (array['uuid', 'int2', 'int4', 'int8']::pg_catalog.regtype[]))
        then pg_catalog.string_agg(
          pg_catalog.format('%L || child.%I::text', attribute.attname || ' ', attribute.attname), ' || '', '' || ' order by attribute.attnum)
        end
      from pg_catalog.pg_constraint as primary_key
      join pg_catalog.pg_attribute as attribute
        on attribute.attrelid = primary_key.conrelid and attribute.attnum = any (primary_key.conkey)
      where primary_key.conrelid = con.conrelid and primary_key.contype = 'p'
    ), 'null::text'),
    namespace.nspname, class.relname,
    (
      select pg_catalog.string_agg(pg_catalog.format('child.%I is not null', attribute.attname), ' and ')
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = con.conrelid and attribute.attnum = any (con.conkey)
    ),
    target_namespace.nspname, target.relname,
    (
      select pg_catalog.string_agg(pg_catalog.format('parent.%I = child.%I', theirs.attname, own.attname), ' and ')
      from rows from (pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey)) as pair (own, theirs)
      join pg_catalog.pg_attribute as own on own.attrelid = con.conrelid and own.attnum = pair.own
      join pg_catalog.pg_attribute as theirs on theirs.attrelid = con.confrelid and theirs.attnum = pair.theirs
    )
  ) as query
from pg_catalog.pg_constraint as con
join pg_catalog.pg_class as class on class.oid = con.conrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
join pg_catalog.pg_class as target on target.oid = con.confrelid
join pg_catalog.pg_namespace as target_namespace on target_namespace.oid = target.relnamespace
where con.contype = 'f'
  and con.convalidated
  and con.conparentid = 0
  and namespace.nspname not in ('pg_catalog', 'information_schema')
order by 2, 1;
