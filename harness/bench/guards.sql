-- What guards and records tables, and can be turned off and on again.
-- $1: text[], the tables as schema.table in SQL; $2: text, schema.name of the function of the triggers looked for
select
  array(
    select class.oid::pg_catalog.regclass::text
    from pg_catalog.unnest($1::pg_catalog.text[]) as wanted (name)
    join pg_catalog.pg_class as class on class.oid = wanted.name::pg_catalog.regclass
    where class.relrowsecurity
    order by 1
  ) as tables,
  (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'table', trig.tgrelid::pg_catalog.regclass, 'name', pg_catalog.quote_ident(trig.tgname))
      order by trig.tgrelid::pg_catalog.regclass::text, trig.tgname), '[]')
    from pg_catalog.pg_trigger as trig
    join pg_catalog.pg_proc as function on function.oid = trig.tgfoid
    join pg_catalog.pg_namespace as namespace on namespace.oid = function.pronamespace
    where not trig.tgisinternal
      -- One that is enabled in another way would not be so again afterwards.
      and trig.tgenabled = 'O'
      and namespace.nspname || '.' || function.proname = $2
  ) as triggers,
  (
    select pg_catalog.substring(entry.entry, '^pgaudit\.log=(.*)$')
    from pg_catalog.pg_db_role_setting as held
    cross join lateral pg_catalog.unnest(held.setconfig) as entry (entry)
    where held.setrole = (select role.oid from pg_catalog.pg_roles as role where role.rolname = 'authenticator')
      and held.setdatabase = (
        select database.oid from pg_catalog.pg_database as database
        where database.datname = pg_catalog.current_database()
      )
      and entry.entry like 'pgaudit.log=%'
  ) as pgaudit_log
