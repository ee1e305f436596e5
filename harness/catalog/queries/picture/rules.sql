-- What watches and guards relations: policies, triggers, rewrite rules; and event triggers.
select
  null::text, null::text, p.tableoid, p.oid, 0, p.polrelid, null::oid, null::aclitem[], null::"char",
  pg_catalog.jsonb_build_object(
    'command', case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
      when 'd' then 'delete' end,
    'permissive', p.polpermissive,
    'roles', (select pg_catalog.jsonb_agg(r.name order by r.name)
      from (select case u when 0 then 'public' else pg_catalog.pg_get_userbyid(u) end as name
        from pg_catalog.unnest(p.polroles) u) r),
    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
from pg_catalog.pg_policy p
union all
select
  null, null, t.tableoid, t.oid, 0, t.tgrelid, null, null, null,
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.pg_get_triggerdef(t.oid),
    'enabled', case t.tgenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
      end,
    'inherited', nullif(t.tgparentid <> 0, false))
from pg_catalog.pg_trigger t
where not t.tgisinternal
union all
select
  null, null, r.tableoid, r.oid, 0, r.ev_class, null, null, null,
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.pg_get_ruledef(r.oid),
    'enabled', case r.ev_enabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
      end)
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select
  null, null, e.tableoid, e.oid, 0, null, e.evtowner, null, null,
  pg_catalog.jsonb_build_object(
    'event', e.evtevent,
    'tags', e.evttags,
    'function', e.evtfoid::pg_catalog.regprocedure::text,
    'enabled', case e.evtenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica'
      when 'A' then 'always' end)
from pg_catalog.pg_event_trigger e
