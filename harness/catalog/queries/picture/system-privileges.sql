-- Privileges on the system's and extensions' own objects where they are no longer what they came with.
with born as (
  select c.tableoid as classid, c.oid as objid, c.relowner as owner, c.relacl as acl, c.relnamespace as namespace,
    case c.relkind when 'S' then 's' else 'r' end::"char" as aclkind
  from pg_catalog.pg_class c where c.relacl is not null
  union all
  select p.tableoid, p.oid, p.proowner, p.proacl, p.pronamespace, 'f' from pg_catalog.pg_proc p where p.proacl is not null
  union all
  select t.tableoid, t.oid, t.typowner, t.typacl, t.typnamespace, 'T' from pg_catalog.pg_type t where t.typacl is not null
  union all
  select n.tableoid, n.oid, n.nspowner, n.nspacl, n.oid, 'n' from pg_catalog.pg_namespace n where n.nspacl is not null
  union all
  select l.tableoid, l.oid, l.lanowner, l.lanacl, 'pg_catalog'::pg_catalog.regnamespace, 'l'
  from pg_catalog.pg_language l where l.lanacl is not null
)
select
  'privileges on ' || i.type, i.identity, 0::oid, 0::oid, 0, null::oid, b.owner, b.acl, b.aclkind, '{}'::jsonb
from born b
cross join lateral pg_catalog.pg_identify_object(b.classid, b.objid, 0) i
left join pg_catalog.pg_init_privs g on g.classoid = b.classid and g.objoid = b.objid and g.objsubid = 0
join pg_catalog.pg_namespace n on n.oid = b.namespace
where (n.nspname = 'pg_catalog' or exists (
    select from pg_catalog.pg_depend d where d.classid = b.classid and d.objid = b.objid and d.deptype = 'e'))
  and (select pg_catalog.array_agg(x::text order by x::text) from pg_catalog.unnest(b.acl) x) is distinct from
    (select pg_catalog.array_agg(x::text order by x::text) from pg_catalog.unnest(g.initprivs) x)
