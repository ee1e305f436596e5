-- Functions, procedures, aggregates and window functions: all that CREATE FUNCTION says, a fact each.
select
  null::text, null::text, p.tableoid, p.oid, 0, null::oid, p.proowner, p.proacl, 'f'::"char",
  pg_catalog.jsonb_build_object(
    'arguments', pg_catalog.pg_get_function_arguments(p.oid),
    'returns', case when p.prokind <> 'p' then pg_catalog.pg_get_function_result(p.oid) end,
    'window', nullif(p.prokind = 'w', false),
    'language', l.lanname,
    'security', case when p.prosecdef then 'definer' end,
    'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' when 'v' then 'volatile' end,
    'leakproof', nullif(p.proleakproof, false),
    'strict', nullif(p.proisstrict, false),
    'parallel', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' when 'u' then 'unsafe' end,
    'config', p.proconfig,
    'cost', p.procost,
    'rows', nullif(p.prorows, 0),
    'support', (nullif(p.prosupport::oid, 0))::pg_catalog.regproc::text,
    'transforms', (select pg_catalog.jsonb_agg(pg_catalog.format_type(t, null))
      from pg_catalog.unnest(p.protrftypes) t),
    'library', p.probin,
    'body', coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), nullif(p.prosrc, 'aggregate_dummy')),
    'aggregate', (select pg_catalog.to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype,aggsortop}'::text[]
        || pg_catalog.jsonb_build_object(
          'state', pg_catalog.format_type(a.aggtranstype, null),
          'movingState', pg_catalog.format_type(nullif(a.aggmtranstype, 0), null),
          'sortOperator', (nullif(a.aggsortop, 0))::pg_catalog.regoperator::text)
      from pg_catalog.pg_aggregate a where a.aggfnoid = p.oid))
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
