-- Sequences, with the column that owns each.
-- $1 text[]: schemas, null for all; $2 text[]: roles, which exist, or `public`.
select
  n.nspname as schema,
  c.relname as name,
  pg_catalog.pg_get_userbyid(c.relowner) as owner,
  coalesce((
    select pg_catalog.jsonb_object_agg(r.role, coalesce((
      select pg_catalog.jsonb_agg(p.privilege order by p.place)
      from pg_catalog.unnest(array['SELECT', 'USAGE', 'UPDATE']) with ordinality p (privilege, place)
      where pg_catalog.has_sequence_privilege(r.role, c.oid, p.privilege)), '[]'))
    from pg_catalog.unnest($2::text[]) r (role)), '{}') as privileges,
  (
    select pg_catalog.jsonb_build_object('schema', tn.nspname, 'name', t.relname, 'column', a.attname)
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class t on t.oid = d.refobjid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i')
  ) as "ownedBy"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and ($1::text[] is null or n.nspname = any ($1))
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2;
