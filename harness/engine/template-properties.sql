-- The commands that give database $2 the settings and privileges of database $1, which CREATE DATABASE does not copy.
-- Columns: command. Order: settings before privileges, each by role.
select command
from (
  select 1 as place, coalesce(role.rolname, '') as role,
    pg_catalog.format(
      case when role.oid is null then 'alter database %2$I set %3$I = %4$s' else 'alter role %1$I in database %2$I set %3$I = %4$s' end,
      role.rolname, $2::text, setting.name,
      -- A list is kept quoted as a list: search_path and its like take it as it stands.
      case
        when known.vartype = 'string' and setting.name in ('search_path', 'session_preload_libraries', 'local_preload_libraries', 'temp_tablespaces', 'DateStyle')
          then setting.value
        else pg_catalog.quote_literal(setting.value)
      end) as command
  from pg_catalog.pg_db_role_setting as of_role
  join pg_catalog.pg_database as template on template.oid = of_role.setdatabase and template.datname = $1
  left join pg_catalog.pg_roles as role on role.oid = of_role.setrole
  cross join lateral pg_catalog.unnest(of_role.setconfig) as config
  cross join lateral (
    select pg_catalog.split_part(config, '=', 1) as name,
      pg_catalog.substr(config, pg_catalog.strpos(config, '=') + 1) as value
  ) as setting
  left join pg_catalog.pg_settings as known on known.name = setting.name
  union all
  select 2, coalesce(grantee.rolname, ''),
    pg_catalog.format('grant %s on database %I to %s%s', held.privilege_type, $2::text,
      case when grantee.oid is null then 'public' else pg_catalog.quote_ident(grantee.rolname) end,
      case when held.is_grantable then ' with grant option' else '' end)
  from pg_catalog.pg_database as template
  cross join lateral pg_catalog.aclexplode(template.datacl) as held
  left join pg_catalog.pg_roles as grantee on grantee.oid = held.grantee
  where template.datname = $1
  union all
  select 0, '', pg_catalog.format('revoke all on database %I from public', $2::text)
  from pg_catalog.pg_database as template
  where template.datname = $1 and template.datacl is not null
) as commands
order by place, role, command;
