-- Policies and triggers of tables and views.
-- $1 text[]: schemas, null for all.
with relations as (
  select c.oid, n.nspname, c.relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and ($1::text[] is null or n.nspname = any ($1))
)
select
  r.nspname as schema,
  r.relname as table,
  'policy' as kind,
  pg_catalog.jsonb_build_object(
    'name', p.polname,
    'command', case p.polcmd when '*' then 'ALL' when 'r' then 'SELECT' when 'a' then 'INSERT'
      when 'w' then 'UPDATE' when 'd' then 'DELETE' end,
    'permissive', p.polpermissive,
    'roles', (
      select pg_catalog.jsonb_agg(o.name order by o.name)
      from (select case u.role when 0 then 'public' else pg_catalog.pg_get_userbyid(u.role) end as name
        from pg_catalog.unnest(p.polroles) u (role)) o),
    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) as facts
from pg_catalog.pg_policy p
join relations r on r.oid = p.polrelid
union all
select
  r.nspname,
  r.relname,
  'trigger',
  pg_catalog.jsonb_build_object(
    'name', t.tgname,
    'definition', pg_catalog.pg_get_triggerdef(t.oid),
    'enabled', t.tgenabled <> 'D',
    'function', pg_catalog.jsonb_build_object('schema', n.nspname, 'name', f.proname))
from pg_catalog.pg_trigger t
join relations r on r.oid = t.tgrelid
join pg_catalog.pg_proc f on f.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = f.pronamespace
where not t.tgisinternal
order by 1, 2, 3, 4;
