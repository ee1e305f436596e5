-- Foreign keys of a table, each with a query that counts the rows that refer to nothing.
-- $1: text, the table as schema.table in SQL
select
  con.conname as name,
  pg_catalog.format(
    'select count(*)::int as orphans from %s as child where %s and not exists (select from %s as parent where %s)',
    con.conrelid::pg_catalog.regclass,
    pg_catalog.string_agg(pg_catalog.format('child.%I is not null', child.attname), ' and '),
    con.confrelid::pg_catalog.regclass,
    pg_catalog.string_agg(pg_catalog.format('parent.%I = child.%I', parent.attname, child.attname), ' and ')
  ) as query
from pg_catalog.pg_constraint as con
cross join lateral rows from (pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey)) as pair (child, parent)
join pg_catalog.pg_attribute as child on child.attrelid = con.conrelid and child.attnum = pair.child
join pg_catalog.pg_attribute as parent on parent.attrelid = con.confrelid and parent.attnum = pair.parent
where con.contype = 'f' and con.conrelid = $1::pg_catalog.regclass
group by con.oid, con.conname, con.conrelid, con.confrelid
order by con.conname
