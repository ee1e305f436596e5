-- Organizations: the tenants. Every other table of the set points here, directly or not.
-- What a member sees of it is decided in 20250110_create_auth_org_id_function; until then row level security
-- without a policy shows nobody anything.
--
-- A file of this set compares what is there already with what it would create, and creates what is not there. So a
-- second run changes nothing and takes no lock that blocks anybody, and a name that was taken before by something
-- else is an error that says how it differs.
--
-- transaction: own

begin;
-- Whoever comes while it waits for a lock queues behind it: give up soon, and run the file again.
set local lock_timeout = '400ms';
set local statement_timeout = '2min';
-- Definitions are compared as text, and the server writes a name in full only when no schema is searched.
set local search_path = '';

do $precondition$
declare
  absent text;
  elsewhere text;
begin
  if current_setting('server_version_num')::integer < 150000 then
    raise exception 'this set needs PostgreSQL 15 or newer; this server is %', current_setting('server_version');
  end if;

  select pg_catalog.string_agg(wanted.name, ', ' order by wanted.name)
  into absent
  from (values ('anon'), ('authenticated'), ('service_role')) as wanted (name)
  where not exists (select from pg_catalog.pg_roles as role where role.rolname = wanted.name);
  if absent is not null then
    raise exception 'role missing: %', absent
      using hint = 'Supabase supplies anon, authenticated and service_role; elsewhere create them first.';
  end if;

  select pg_catalog.string_agg(pg_catalog.format('%I.%I', namespace.nspname, type.typname), ', ')
  into elsewhere
  from pg_catalog.pg_type as type
  join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
  where type.typname = 'organizations'
    and namespace.nspname not in ('public', 'information_schema')
    and namespace.nspname !~ '^pg_';
  if elsewhere is not null then
    raise exception 'the name is taken in another schema: %', elsewhere
      using hint = 'Whoever writes organizations without a schema would reach one or the other. Rename it first.';
  end if;
end
$precondition$;

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.organizations') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.organizations')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security forced'),
      ('column id', 'uuid not null default gen_random_uuid()'),
      ('column name', 'text not null'),
      ('column created_at', 'timestamp with time zone not null default now()'),
      ('constraint pk_organizations', 'PRIMARY KEY (id)'),
      ('privileges of authenticated', 'SELECT'),
      ('privileges of service_role', 'DELETE, INSERT, SELECT, UPDATE')
  ),
  actual (item, shape) as (
    select 'table',
      case class.relkind when 'r' then 'ordinary' else 'of kind ' || class.relkind::text end
      || case class.relpersistence when 'p' then ', permanent' else ', not permanent' end
      || case when class.relrowsecurity then ', row security' else ', no row security' end
      || case when class.relforcerowsecurity then ' forced' else '' end
    from subject join pg_catalog.pg_class as class on class.oid = subject.relation
    union all
    select 'column ' || attribute.attname,
      pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
      || case when attribute.attnotnull then ' not null' else '' end
      || case attribute.attgenerated when '' then '' else ' generated' end
      || case attribute.attidentity when '' then '' else ' identity' end
      || coalesce(' default ' || pg_catalog.pg_get_expr(value.adbin, value.adrelid), '')
    from subject
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = subject.relation
    left join pg_catalog.pg_attrdef as value
      on value.adrelid = attribute.attrelid and value.adnum = attribute.attnum
    where attribute.attnum > 0 and not attribute.attisdropped
    union all
    select 'constraint ' || con.conname,
      pg_catalog.pg_get_constraintdef(con.oid)
    from subject join pg_catalog.pg_constraint as con on con.conrelid = subject.relation
    where con.contype in ('p', 'u', 'c', 'f', 'x')
    union all
    select 'index ' || index_class.relname,
      case when index.indisunique then 'unique ' else '' end
      || pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(index.indexrelid), '^.* USING ', '')
      || case when index.indisvalid then '' else ' (invalid)' end
    from subject
    join pg_catalog.pg_index as index on index.indrelid = subject.relation
    join pg_catalog.pg_class as index_class on index_class.oid = index.indexrelid
    where not exists (
      select from pg_catalog.pg_constraint as con
      where con.conindid = index.indexrelid and con.contype in ('p', 'u', 'x')
    )
    union all
    select 'privileges of ' || holder.name,
      pg_catalog.string_agg(distinct held.privilege_type, ', ' order by held.privilege_type)
    from subject
    join (
      select class.oid as relation, class.relacl as acl from pg_catalog.pg_class as class
      union all
      select attribute.attrelid, attribute.attacl from pg_catalog.pg_attribute as attribute
    ) as granted on granted.relation = subject.relation
    cross join lateral pg_catalog.aclexplode(granted.acl) as held
    join (
      select 0::oid as oid, 'public' as name
      union all
      select role.oid, role.rolname::text from pg_catalog.pg_roles as role
      where role.rolname in ('anon', 'authenticated', 'service_role')
    ) as holder on holder.oid = held.grantee
    group by holder.name
  )
  select pg_catalog.string_agg(
    pg_catalog.format('%s is %s, expected %s', coalesce(expected.item, actual.item),
      coalesce(actual.shape, 'missing'), coalesce(expected.shape, 'none')), '; '
    order by coalesce(expected.item, actual.item))
  into difference
  from expected full join actual on actual.item = expected.item
  where expected.shape is distinct from actual.shape
    -- What somebody added is no other shape, unless it is a unique index: that one refuses rows.
    and not (expected.item is null and actual.item like 'index %' and actual.shape not like 'unique %');

  if difference is not null then
    raise exception 'public.organizations has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $create$
begin
  if pg_catalog.to_regclass('public.organizations') is not null then
    return;
  end if;

  create table public.organizations (
    id uuid not null default gen_random_uuid(),
    name text not null,
    created_at timestamptz not null default now(),
    constraint pk_organizations primary key (id)
  );

  -- Forced, so that the owner is no way around the policies either, should it ever be a role without BYPASSRLS.
  -- Foreign keys are checked and cascade regardless: the server runs those without forced row security.
  alter table public.organizations enable row level security;
  alter table public.organizations force row level security;

  -- The host grants ALL on new tables by default privileges, or nothing at all, as its age has it.
  revoke all on table public.organizations from public, anon, authenticated, service_role;
  grant select on table public.organizations to authenticated;
  grant select, insert, update, delete on table public.organizations to service_role;

  comment on table public.organizations is
    'Tenants. A member sees the own one and changes none; the service manages them.';
  comment on column public.organizations.id is 'What app_metadata.org_id of a member''s claims names.';
end
$create$;

commit;
