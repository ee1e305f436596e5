-- Effective privileges and grants of tables and views.
-- $1 text[]: schemas, null for all; $2 text[]: roles, which exist, or `public`.
select
  n.nspname as schema,
  c.relname as name,
  coalesce((
    select pg_catalog.jsonb_object_agg(r.role, coalesce((
      select pg_catalog.jsonb_agg(p.privilege order by p.place)
      from pg_catalog.unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
        with ordinality p (privilege, place)
      where pg_catalog.has_table_privilege(r.role, c.oid, p.privilege)), '[]'))
    from pg_catalog.unnest($2::text[]) r (role)), '{}') as privileges,
  coalesce((
    select pg_catalog.jsonb_object_agg(r.role, (
      select pg_catalog.jsonb_object_agg(p.privilege, coalesce((
        select pg_catalog.jsonb_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and pg_catalog.has_column_privilege(r.role, c.oid, a.attnum, p.privilege)), '[]'))
      from pg_catalog.unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p (privilege)))
    from pg_catalog.unnest($2::text[]) r (role)), '{}') as "columnPrivileges",
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', case g.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee) end,
      'privilege', g.privilege_type, 'column', g.attname, 'grantable', g.is_grantable)
      order by g.attname nulls first, g.grantee, g.privilege_type)
    from (
      select null as attname, x.*
      from pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) x
      union all
      select a.attname, x.*
      from pg_catalog.pg_attribute a cross join pg_catalog.aclexplode(a.attacl) x
      where a.attrelid = c.oid and not a.attisdropped
    ) g), '[]') as grants
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm')
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and ($1::text[] is null or n.nspname = any ($1))
order by n.nspname, c.relname;
