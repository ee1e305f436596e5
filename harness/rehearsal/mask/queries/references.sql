-- Foreign keys, each with its columns in pairs, those of partitions by the whole table's name, and a query that counts the rows that refer to nothing.
select
  con.conname as name,
  cwn.nspname as schema,
  cw.relname as table,
  pwn.nspname as "targetSchema",
  pw.relname as "targetTable",
  pg_catalog.jsonb_agg(child.attname order by pair.position) as columns,
  pg_catalog.jsonb_agg(parent.attname order by pair.position) as "targetColumns",
  pg_catalog.format(
    'select count(*)::int as orphans from %I.%I as child where %s and not exists (select from %I.%I as parent where %s)',
    cn.nspname, c.relname,
    pg_catalog.string_agg(pg_catalog.format('child.%I is not null', child.attname), ' and '),
    pn.nspname, p.relname,
    pg_catalog.string_agg(pg_catalog.format('parent.%I = child.%I', parent.attname, child.attname), ' and ')
  ) as query
from pg_catalog.pg_constraint as con
join pg_catalog.pg_class as c on c.oid = con.conrelid
join pg_catalog.pg_namespace as cn on cn.oid = c.relnamespace
join pg_catalog.pg_class as p on p.oid = con.confrelid
join pg_catalog.pg_namespace as pn on pn.oid = p.relnamespace
join pg_catalog.pg_class as cw on cw.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)
join pg_catalog.pg_namespace as cwn on cwn.oid = cw.relnamespace
join pg_catalog.pg_class as pw on pw.oid = coalesce(pg_catalog.pg_partition_root(p.oid), p.oid)
join pg_catalog.pg_namespace as pwn on pwn.oid = pw.relnamespace
cross join lateral rows from (pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey)) with ordinality
  as pair (child, parent, position)
join pg_catalog.pg_attribute as child on child.attrelid = con.conrelid and child.attnum = pair.child
join pg_catalog.pg_attribute as parent on parent.attrelid = con.confrelid and parent.attnum = pair.parent
where con.contype = 'f' and con.conparentid = 0 and cn.nspname !~ '^pg_'
group by con.oid, con.conname, cn.nspname, c.relname, pn.nspname, p.relname, cwn.nspname, cw.relname, pwn.nspname, pw.relname
order by 2, 3, 1
