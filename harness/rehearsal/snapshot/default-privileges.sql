-- Every default privilege in one schema, one row for what one creator gives one grantee on one kind of object.
-- creator  whose new objects it is about
-- take     the command that takes it away
-- give     the command that gives it back
with entries as (
  select
    pg_catalog.pg_get_userbyid(defaults.defaclrole) as creator,
    namespace.nspname as schema,
    case defaults.defaclobjtype
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'n' then 'schemas'
    end as kind,
    case entry.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(entry.grantee)) end as grantee,
    entry.is_grantable,
    pg_catalog.string_agg(entry.privilege_type, ', ' order by entry.privilege_type) as privileges
  from pg_catalog.pg_default_acl as defaults
  left join pg_catalog.pg_namespace as namespace on namespace.oid = defaults.defaclnamespace
  cross join lateral pg_catalog.aclexplode(defaults.defaclacl) as entry
  group by 1, 2, 3, 4, 5
)
select
  creator,
  pg_catalog.format(
    'alter default privileges for role %I%s revoke %s on %s from %s',
    creator, coalesce(pg_catalog.format(' in schema %I', schema), ''), privileges, kind, grantee
  ) as take,
  pg_catalog.format(
    'alter default privileges for role %I%s grant %s on %s to %s%s',
    creator, coalesce(pg_catalog.format(' in schema %I', schema), ''), privileges, kind, grantee,
    case when is_grantable then ' with grant option' else '' end
  ) as give
from entries
where kind is not null and schema is not null
order by creator, schema, kind, grantee, is_grantable
