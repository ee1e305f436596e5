-- Tables, partitioned and foreign tables, views and materialized views, without extensions' own.
-- $1 text[]: schemas, null for all.
select
  n.nspname as schema,
  c.relname as name,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'f' then 'foreign'
    when 'v' then 'view' when 'm' then 'materialized' end as kind,
  pg_catalog.pg_get_userbyid(c.relowner) as owner,
  c.relrowsecurity as rls,
  c.relforcerowsecurity as forced,
  c.relispartition as "isPartition",
  greatest(c.reltuples, 0) as "estimatedRows",
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', pn.nspname, 'name', p.relname) order by i.inhseqno)
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class p on p.oid = i.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where i.inhrelid = c.oid), '[]') as parents,
  coalesce((
    select pg_catalog.jsonb_agg(p.pubname order by p.pubname)
    from pg_catalog.pg_publication_tables p
    where p.schemaname = n.nspname and p.tablename = c.relname), '[]') as publications,
  coalesce((
    select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_invoker'), false) as "securityInvoker",
  coalesce((
    select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_barrier'), false) as "securityBarrier",
  case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
  -- Bits of pg_relation_is_updatable: 4 update, 8 insert, 16 delete; triggers count.
  case when c.relkind = 'v' then pg_catalog.array_remove(array[
    case when w.bits & 8 <> 0 then 'INSERT' end,
    case when w.bits & 4 <> 0 then 'UPDATE' end,
    case when w.bits & 16 <> 0 then 'DELETE' end], null) end as writable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select case when c.relkind = 'v' then pg_catalog.pg_relation_is_updatable(c.oid, true) end as bits) w
where c.relkind in ('r', 'p', 'f', 'v', 'm')
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and ($1::text[] is null or n.nspname = any ($1))
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname;
