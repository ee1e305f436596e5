-- Functions, procedures, aggregates and window functions, without extensions' own.
-- $1 text[]: schemas, null for all; $2 text[]: roles, which exist, or `public`.
select
  n.nspname as schema,
  p.proname as name,
  case p.prokind when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window'
    end as kind,
  pg_catalog.pg_get_function_identity_arguments(p.oid) as "identityArguments",
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', nullif(p.proargnames[u.place], ''),
      'type', pg_catalog.format_type(u.type, null),
      'mode', case coalesce(p.proargmodes[u.place], 'i') when 'i' then 'in' when 'o' then 'out' when 'b' then 'inout'
        when 'v' then 'variadic' when 't' then 'table' end,
      -- Defaults belong to the last pronargdefaults of the input arguments.
      'hasDefault', u.input_place is not null and u.input_place > p.pronargs - p.pronargdefaults) order by u.place)
    from (
      select a.type, a.place,
        case when coalesce(p.proargmodes[a.place], 'i') in ('i', 'b', 'v') then pg_catalog.count(*)
          filter (where coalesce(p.proargmodes[a.place], 'i') in ('i', 'b', 'v')) over (order by a.place) end as input_place
      from pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (type, place)
    ) u), '[]') as arguments,
  case when p.prokind <> 'p' then pg_catalog.pg_get_function_result(p.oid) end as returns,
  p.proretset as "returnsSet",
  p.prorettype in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
    as "isTrigger",
  l.lanname as language,
  p.prosecdef as "securityDefiner",
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' when 'v' then 'volatile' end as volatility,
  p.proleakproof as leakproof,
  coalesce(p.proconfig, '{}') as config,
  pg_catalog.pg_get_userbyid(p.proowner) as owner,
  coalesce((
    select pg_catalog.jsonb_agg(r.role order by r.place)
    from pg_catalog.unnest($2::text[]) with ordinality r (role, place)
    where pg_catalog.has_function_privilege(r.role, p.oid, 'EXECUTE')), '[]') as "executableBy",
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', case g.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee) end,
      'privilege', g.privilege_type, 'column', null, 'grantable', g.is_grantable) order by g.grantee)
    from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) g), '[]') as grants,
  -- SQL-standard bodies (BEGIN ATOMIC) leave prosrc empty.
  coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as source
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and ($1::text[] is null or n.nspname = any ($1))
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
order by 1, 2, 4;
