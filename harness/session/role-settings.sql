-- The settings of ALTER ROLE ... SET that the connected role may set for itself, of every role it may become.
-- role, name, value: in that order
select
  pg_roles.rolname as role,
  setting.name,
  setting.value
from pg_catalog.pg_roles
cross join lateral (
  select
    lower(split_part(config, '=', 1)) as name,
    substr(config, strpos(config, '=') + 1) as value
  from pg_catalog.unnest(pg_roles.rolconfig) as config
) as setting
join pg_catalog.pg_settings on pg_settings.name = setting.name
where pg_catalog.pg_has_role(current_user, pg_roles.oid, 'member')
  and (
    pg_settings.context = 'user'
    or pg_catalog.has_parameter_privilege(current_user, pg_settings.name, 'set')
  )
order by pg_roles.rolname, setting.name
