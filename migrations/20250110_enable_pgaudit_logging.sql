-- The audit trail: pgAudit for what is read, written and defined, in the server log; audit_logs for what changes in the
-- tenant tables, in the database, append-only.
--
-- org_id has no foreign key and may be null in both audit tables: a record outlives the organization it is about, and
-- could otherwise neither stay nor go when that is deleted.
-- Parameters and values stay out of both trails: patients' data belong in neither.
--
-- requires: 20250110_create_organizations_table_foundation
-- requires: 20250110_create_org_id_immutability_triggers
-- requires: 20250110_create_auth_org_id_function
-- requires: 20250110_create_contacts_table
-- requires: 20250110_create_appointments_table
-- requires: 20250110_create_notifications_table
-- requires: 20250110_add_org_id_to_processed_webhook_events
-- transaction: own

begin;
-- Whoever comes while it waits for a lock queues behind it: give up soon, and run the file again.
set local lock_timeout = '400ms';
set local statement_timeout = '2min';
-- Definitions are compared as text, and the server writes a name in full only when no schema is searched.
set local search_path = '';

do $precondition$
declare
  elsewhere text;
begin
  if pg_catalog.to_regclass('public.organizations') is null then
    raise exception 'run 20250110_create_organizations_table_foundation.sql first: '
      'public.organizations does not exist';
  end if;
  if pg_catalog.to_regprocedure('public.prevent_org_id_change()') is null then
    raise exception 'run 20250110_create_org_id_immutability_triggers.sql first: '
      'function public.prevent_org_id_change() does not exist';
  end if;
  if pg_catalog.to_regprocedure('public.auth_org_id()') is null then
    raise exception 'run 20250110_create_auth_org_id_function.sql first: '
      'function public.auth_org_id() does not exist';
  end if;
  if pg_catalog.to_regclass('public.contacts') is null then
    raise exception 'run 20250110_create_contacts_table.sql first: '
      'public.contacts does not exist';
  end if;
  if pg_catalog.to_regclass('public.appointments') is null then
    raise exception 'run 20250110_create_appointments_table.sql first: '
      'public.appointments does not exist';
  end if;
  if pg_catalog.to_regclass('public.notifications') is null then
    raise exception 'run 20250110_create_notifications_table.sql first: '
      'public.notifications does not exist';
  end if;
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    raise exception 'run 20250110_add_org_id_to_processed_webhook_events.sql first: '
      'processed_webhook_events has no org_id';
  end if;

  select pg_catalog.string_agg(pg_catalog.format('%I.%I', namespace.nspname, type.typname), ', ')
  into elsewhere
  from pg_catalog.pg_type as type
  join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
  where type.typname in ('audit_logs', 'audit_logs_archive')
    and namespace.nspname not in ('public', 'information_schema')
    and namespace.nspname !~ '^pg_';
  if elsewhere is not null then
    raise exception 'the name is taken in another schema: %', elsewhere
      using hint = 'Whoever writes it without a schema would reach one or the other. Rename it first.';
  end if;

  -- pgAudit, in the three states it can be in on a server, before anything else is done.
  if not exists (select from pg_catalog.pg_extension as extension where extension.extname = 'pgaudit') then
    if not exists (
      select from pg_catalog.pg_available_extensions as available where available.name = 'pgaudit'
    ) then
      raise exception 'pgaudit not installed: the server has no such extension'
        using hint = 'Contact Supabase support; on a server of your own install the package, for Debian '
          'postgresql-' || (current_setting('server_version_num')::integer / 10000)::text || '-pgaudit, '
          'add pgaudit to shared_preload_libraries and restart. Nothing was changed.';
    end if;
  end if;
  -- Its settings are known to a session exactly when its library is preloaded.
  if not exists (select from pg_catalog.pg_settings as setting where setting.name = 'pgaudit.log') then
    raise exception 'pgaudit not installed: its library is not preloaded'
      using hint = 'Add pgaudit to shared_preload_libraries in postgresql.conf and restart the server; '
        'on Supabase contact support. Nothing was changed.';
  end if;
end
$precondition$;

do $extension$
declare
  target text := 'public';
begin
  if exists (select from pg_catalog.pg_extension as extension where extension.extname = 'pgaudit') then
    return;
  end if;
  if pg_catalog.to_regnamespace('extensions') is not null
    and pg_catalog.has_schema_privilege(current_user, 'extensions', 'CREATE')
  then
    target := 'extensions';
  end if;
  execute pg_catalog.format('create extension pgaudit with schema %I', target);
  -- For the rollback, which must not take away what was there before.
  perform pg_catalog.set_config('tenantproof.created_pgaudit', 'on', true);
exception when insufficient_privilege then
  raise exception 'pgaudit not installed in database %, and % may not create it',
    pg_catalog.current_database(), current_user
    using hint = 'Have a superuser run: create extension pgaudit; or contact Supabase support. Nothing was changed.';
end
$extension$;

-- The acting user, from the claims; NULL for anything malformed. PARALLEL UNSAFE for the same reason as auth_org_id().
create or replace function public.audit_actor() returns uuid
language plpgsql
stable
set search_path = ''
as $function$
declare
  subject jsonb;
begin
  subject := nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'sub';
  if jsonb_typeof(subject) = 'string' then
    return (subject #>> '{}')::uuid;
  end if;
  return null;
exception when others then
  return null;
end
$function$;

revoke all on function public.audit_actor() from public, anon, authenticated, service_role;

comment on function public.audit_actor() is 'The user of the claims, for the audit functions; never raises.';

-- Where a request came through a proxy, client_addr is the proxy's: it is what the server itself saw, and nobody can
-- forge it. What the proxy says of the client is kept beside it, as a saying.
create or replace function public.audit_context() returns jsonb
language plpgsql
stable
set search_path = ''
as $function$
declare
  forwarded_for text;
begin
  begin
    forwarded_for := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-forwarded-for';
  exception when others then
    forwarded_for := null;
  end;
  return jsonb_strip_nulls(jsonb_build_object(
    'role', nullif(current_setting('role'), 'none'),
    'actor_org_id', public.auth_org_id(),
    'forwarded_for', left(forwarded_for, 200)));
end
$function$;

revoke all on function public.audit_context() from public, anon, authenticated, service_role;

comment on function public.audit_context() is 'The role, the organization and the proxy''s word of whoever acts.';

-- Fired for every role, whatever session_replication_role says. The one thing it lets pass is a deletion by
-- archive_old_audit_logs(), and of that only rows whose exact copy the archive holds: so even whoever imitates the
-- caller loses nothing.
create or replace function public.keep_audit_records() returns trigger
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  stack text;
begin
  if tg_op = 'DELETE' and tg_table_schema = 'public' and tg_table_name = 'audit_logs' then
    get diagnostics stack = pg_context;
    if stack ~ '\nPL/pgSQL function public\.archive_old_audit_logs\(integer\) line [0-9]+ at SQL statement' then
      if tg_level = 'STATEMENT' then
        return null;
      end if;
      if exists (
        select
        from public.audit_logs_archive as kept
        where kept.id = old.id
          and kept operator(pg_catalog.*=) old
      ) then
        return old;
      end if;
    end if;
  end if;
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'object_not_in_prerequisite_state',
      hint = 'Old records move to the archive by public.archive_old_audit_logs(days).';
end
$function$;

revoke all on function public.keep_audit_records() from public, anon, authenticated, service_role;

comment on function public.keep_audit_records() is
  'Trigger function: audit records are never changed, and deleted only once they are archived.';

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.audit_logs_archive') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.audit_logs_archive')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security'),
      ('column id', 'uuid not null'),
      ('column event_time', 'timestamp with time zone not null'),
      ('column event_type', 'text not null'),
      ('column operation', 'text not null'),
      ('column schema_name', 'text'),
      ('column table_name', 'text'),
      ('column record_id', 'text'),
      ('column database_user', 'text not null'),
      ('column authenticated_user', 'uuid'),
      ('column org_id', 'uuid'),
      ('column statement_text', 'text'),
      ('column row_data', 'jsonb'),
      ('column client_addr', 'inet'),
      ('constraint pk_audit_logs_archive', 'PRIMARY KEY (id)'),
      ('index idx_audit_logs_archive_org_event_time', 'btree (org_id, event_time DESC)'),
      ('trigger trg_audit_logs_archive_append_only',
        'BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_logs_archive FOR EACH STATEMENT EXECUTE FUNCTION public.keep_audit_records() (always)'),
      ('privileges of service_role', 'SELECT')
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
    select 'policy ' || policy.policyname,
      pg_catalog.format('%s for %s to %s', pg_catalog.lower(policy.permissive), pg_catalog.lower(policy.cmd),
        pg_catalog.array_to_string(policy.roles, ', '))
      || coalesce(' using ' || policy.qual, '') || coalesce(' with check ' || policy.with_check, '')
    from subject
    join pg_catalog.pg_class as class on class.oid = subject.relation
    join pg_catalog.pg_policies as policy on policy.schemaname = 'public' and policy.tablename = class.relname
    union all
    select 'trigger ' || trig.tgname,
      pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(trig.oid), '^CREATE TRIGGER \S+ ', '')
      || case trig.tgenabled when 'O' then '' when 'A' then ' (always)' else ' (not enabled)' end
    from subject join pg_catalog.pg_trigger as trig on trig.tgrelid = subject.relation
    where not trig.tgisinternal
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
    and not (expected.item is null and actual.item like 'index %' and actual.shape not like 'unique %')
    and not (expected.item is null and actual.item like 'trigger %');

  if difference is not null then
    raise exception 'public.audit_logs_archive has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.audit_logs') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.audit_logs')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security'),
      ('column id', 'uuid not null default gen_random_uuid()'),
      ('column event_time', 'timestamp with time zone not null default clock_timestamp()'),
      ('column event_type', 'text not null'),
      ('column operation', 'text not null'),
      ('column schema_name', 'text'),
      ('column table_name', 'text'),
      ('column record_id', 'text'),
      ('column database_user', 'text not null default SESSION_USER'),
      ('column authenticated_user', 'uuid'),
      ('column org_id', 'uuid'),
      ('column statement_text', 'text'),
      ('column row_data', 'jsonb'),
      ('column client_addr', 'inet'),
      ('constraint pk_audit_logs', 'PRIMARY KEY (id)'),
      ('index idx_audit_logs_event_time', 'btree (event_time)'),
      ('index idx_audit_logs_org_event_time', 'btree (org_id, event_time DESC)'),
      ('trigger trg_audit_logs_append_only',
        'BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION public.keep_audit_records() (always)'),
      ('trigger trg_audit_logs_archived_first',
        'BEFORE DELETE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION public.keep_audit_records() (always)'),
      ('privileges of service_role', 'SELECT')
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
    select 'policy ' || policy.policyname,
      pg_catalog.format('%s for %s to %s', pg_catalog.lower(policy.permissive), pg_catalog.lower(policy.cmd),
        pg_catalog.array_to_string(policy.roles, ', '))
      || coalesce(' using ' || policy.qual, '') || coalesce(' with check ' || policy.with_check, '')
    from subject
    join pg_catalog.pg_class as class on class.oid = subject.relation
    join pg_catalog.pg_policies as policy on policy.schemaname = 'public' and policy.tablename = class.relname
    union all
    select 'trigger ' || trig.tgname,
      pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(trig.oid), '^CREATE TRIGGER \S+ ', '')
      || case trig.tgenabled when 'O' then '' when 'A' then ' (always)' else ' (not enabled)' end
    from subject join pg_catalog.pg_trigger as trig on trig.tgrelid = subject.relation
    where not trig.tgisinternal
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
    and not (expected.item is null and actual.item like 'index %' and actual.shape not like 'unique %')
    and not (expected.item is null and actual.item like 'trigger %');

  if difference is not null then
    raise exception 'public.audit_logs has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $create$
begin
  if pg_catalog.to_regclass('public.audit_logs') is not null then
    return;
  end if;

  create table public.audit_logs (
    id uuid not null default gen_random_uuid(),
    event_time timestamptz not null default clock_timestamp(),
    event_type text not null,
    operation text not null,
    schema_name text,
    table_name text,
    record_id text,
    database_user text not null default session_user,
    authenticated_user uuid,
    org_id uuid,
    statement_text text,
    row_data jsonb,
    client_addr inet,
    constraint pk_audit_logs primary key (id)
  );
  create index idx_audit_logs_event_time on public.audit_logs (event_time);
  create index idx_audit_logs_org_event_time on public.audit_logs (org_id, event_time desc);

  comment on column public.audit_logs.event_type is
    'data_change: by the triggers of the tenant tables. data_read, access_denied and others: by log_audit_event().';
  comment on column public.audit_logs.record_id is 'The one row concerned; of several, row_data has the ids.';
  comment on column public.audit_logs.database_user is 'Who logged in to the server (session_user).';
  comment on column public.audit_logs.authenticated_user is 'sub of the claims.';
  comment on column public.audit_logs.org_id is
    'Whose data it is about. No foreign key: the record outlives the organization.';
  comment on column public.audit_logs.row_data is
    'rows: how many; ids: of them, 100 at most; columns: changed, or filled; role; actor_org_id. No values.';
  comment on column public.audit_logs.client_addr is 'The other end of the connection, as the server saw it.';
end
$create$;

do $create$
begin
  if pg_catalog.to_regclass('public.audit_logs_archive') is not null then
    return;
  end if;

  -- The same columns, without defaults: nothing originates here.
  create table public.audit_logs_archive (
    like public.audit_logs,
    constraint pk_audit_logs_archive primary key (id)
  );
  create index idx_audit_logs_archive_org_event_time on public.audit_logs_archive (org_id, event_time desc);

  create trigger trg_audit_logs_append_only
    before update or delete or truncate on public.audit_logs
    for each statement execute function public.keep_audit_records();
  create trigger trg_audit_logs_archived_first
    before delete on public.audit_logs
    for each row execute function public.keep_audit_records();
  create trigger trg_audit_logs_archive_append_only
    before update or delete or truncate on public.audit_logs_archive
    for each statement execute function public.keep_audit_records();
  alter table public.audit_logs enable always trigger trg_audit_logs_append_only;
  alter table public.audit_logs enable always trigger trg_audit_logs_archived_first;
  alter table public.audit_logs_archive enable always trigger trg_audit_logs_archive_append_only;

  -- Row level security without a policy, for whatever may be granted by mistake. Not forced: the functions below write
  -- as the owner. The service reads; it writes through the functions only, so that it cannot forge a record either.
  alter table public.audit_logs enable row level security;
  alter table public.audit_logs_archive enable row level security;
  revoke all on table public.audit_logs, public.audit_logs_archive
    from public, anon, authenticated, service_role;
  grant select on table public.audit_logs, public.audit_logs_archive to service_role;

  execute pg_catalog.format('comment on table public.audit_logs is %L',
    'What happened to tenants'' data. Append-only; archive_old_audit_logs() moves old records away. '
    'Below: what the rollback of 20250110_enable_pgaudit_logging restores.' || e'\n'
    || pg_catalog.jsonb_build_object(
      'created_extension', coalesce(pg_catalog.current_setting('tenantproof.created_pgaudit', true), '') = 'on',
      'settings', '{}'::jsonb)::text);
  comment on table public.audit_logs_archive is 'Records moved out of audit_logs. Append-only, with no way out.';
end
$create$;

create or replace function public.log_audit_event(
  p_event_type text,
  p_operation text,
  p_schema_name text default null,
  p_table_name text default null,
  p_record_id text default null,
  p_org_id uuid default null,
  p_row_data jsonb default null,
  p_statement_text text default null
) returns uuid
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  new_id uuid;
begin
  insert into public.audit_logs (
    event_type, operation, schema_name, table_name, record_id, database_user, authenticated_user, org_id,
    statement_text, row_data, client_addr
  )
  values (
    p_event_type, p_operation, p_schema_name, p_table_name, p_record_id, session_user, public.audit_actor(),
    coalesce(p_org_id, public.auth_org_id()), p_statement_text,
    -- Last, so that nobody can say to be somebody else.
    case when jsonb_typeof(p_row_data) = 'object' then p_row_data
      when p_row_data is null then '{}'
      else jsonb_build_object('data', p_row_data)
    end || public.audit_context(),
    inet_client_addr()
  )
  returning id into new_id;
  return new_id;
end
$function$;

revoke all on function public.log_audit_event(text, text, text, text, text, uuid, jsonb, text)
  from public, anon, authenticated, service_role;
grant execute on function public.log_audit_event(text, text, text, text, text, uuid, jsonb, text) to service_role;

comment on function public.log_audit_event(text, text, text, text, text, uuid, jsonb, text) is
  'Writes an audit record and returns its id. Who, when and from where are the database''s to say, not the caller''s. '
  'A read: event_type data_read, operation SELECT, row_data {"rows": n}. '
  'A refusal: event_type access_denied, p_org_id the organization it was aimed at.';

create or replace function public.archive_old_audit_logs(days integer default 90)
returns table (moved bigint, remaining bigint)
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  before timestamptz;
begin
  if days is null or days < 1 then
    raise exception 'days must be at least 1, not %', days
      using errcode = 'invalid_parameter_value';
  end if;
  before := now() - make_interval(days => days);

  -- One archival at a time; whoever writes records or reads either table is not held up.
  lock table public.audit_logs_archive in share row exclusive mode;
  insert into public.audit_logs_archive
  select old_record.* from public.audit_logs as old_record where old_record.event_time < before;
  delete from public.audit_logs as old_record
  using public.audit_logs_archive as kept
  where old_record.event_time < before and kept.id = old_record.id;
  get diagnostics moved = row_count;
  select count(*) into remaining from public.audit_logs;
  return next;
end
$function$;

revoke all on function public.archive_old_audit_logs(integer) from public, anon, authenticated, service_role;
grant execute on function public.archive_old_audit_logs(integer) to service_role;

comment on function public.archive_old_audit_logs(integer) is
  'Moves records older than so many days to audit_logs_archive; returns how many moved and how many remain.';

create or replace function public.get_org_audit_logs(
  p_org_id uuid,
  p_from timestamptz default null,
  p_to timestamptz default null,
  p_limit integer default 1000,
  p_include_archived boolean default false
) returns setof public.audit_logs
language plpgsql
stable
security definer
set search_path = ''
set row_security = off
as $function$
begin
  return query
  select record.*
  from (
    select recent.*
    from public.audit_logs as recent
    where recent.org_id = p_org_id
      and (p_from is null or recent.event_time >= p_from)
      and (p_to is null or recent.event_time < p_to)
    union all
    select archived.*
    from public.audit_logs_archive as archived
    where p_include_archived
      and archived.org_id = p_org_id
      and (p_from is null or archived.event_time >= p_from)
      and (p_to is null or archived.event_time < p_to)
  ) as record
  order by record.event_time desc, record.id
  limit p_limit;
end
$function$;

revoke all on function public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean) to service_role;

comment on function public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean) is
  'One organization''s audit records, newest first.';

create or replace function public.detect_suspicious_activity(
  p_org_id uuid default null,
  p_since timestamptz default null,
  p_delete_rows bigint default 50,
  p_delete_within interval default '10 minutes',
  p_read_factor numeric default 5,
  p_read_rows bigint default 1000,
  p_norm_days integer default 14,
  p_denied_count bigint default 3
) returns table (
  detection text,
  authenticated_user uuid,
  org_id uuid,
  events bigint,
  rows_concerned bigint,
  first_event timestamptz,
  last_event timestamptz,
  reason text
)
language plpgsql
stable
security definer
set search_path = ''
set row_security = off
as $function$
declare
  since timestamptz := coalesce(p_since, now() - interval '24 hours');
begin
  -- 1: so many rows deleted by one user within so short a time, whatever the table.
  return query
  with deletion as (
    select record.authenticated_user as actor, record.org_id as tenant, record.event_time as at,
      coalesce((record.row_data ->> 'rows')::bigint, 1) as deleted
    from public.audit_logs as record
    where record.operation = 'DELETE' and record.event_time >= since
      and record.authenticated_user is not null
      and (p_org_id is null or record.org_id = p_org_id)
      and (record.row_data ->> 'rows' is null or record.row_data ->> 'rows' ~ '^[0-9]{1,15}$')
  ),
  run as (
    select deletion.*,
      sum(deletion.deleted) over recent as deleted_by_then,
      count(*) over recent as statements,
      min(deletion.at) over recent as begun
    from deletion
    window recent as (
      partition by deletion.actor, deletion.tenant order by deletion.at
      range between p_delete_within preceding and current row
    )
  )
  select distinct on (run.actor, run.tenant)
    'delete_burst'::text, run.actor, run.tenant, run.statements, run.deleted_by_then::bigint, run.begun, run.at,
    format('%s rows deleted within %s', run.deleted_by_then, p_delete_within)
  from run
  where run.deleted_by_then >= p_delete_rows
  order by run.actor, run.tenant, run.deleted_by_then desc, run.at;

  -- 2: many more rows read on one day than this user reads on the days this user reads at all.
  return query
  with reading as (
    select record.authenticated_user as actor, record.org_id as tenant,
      date_trunc('day', record.event_time) as day,
      count(*) as statements,
      sum((record.row_data ->> 'rows')::bigint) as read,
      min(record.event_time) as first_at, max(record.event_time) as last_at
    from public.audit_logs as record
    where record.operation in ('SELECT', 'READ')
      and record.event_time >= date_trunc('day', since) - make_interval(days => p_norm_days)
      and record.authenticated_user is not null
      and (p_org_id is null or record.org_id = p_org_id)
      and record.row_data ->> 'rows' ~ '^[0-9]{1,15}$'
    group by 1, 2, 3
  )
  select 'unusual_reads'::text, today.actor, today.tenant, today.statements, today.read::bigint, today.first_at,
    today.last_at,
    format('%s rows read, %s on the average of %s earlier days', today.read, round(coalesce(norm.read, 0)), norm.days)
  from reading as today
  cross join lateral (
    select avg(earlier.read) as read, count(*) as days
    from reading as earlier
    where earlier.actor = today.actor and earlier.tenant is not distinct from today.tenant
      and earlier.day < today.day
      and earlier.day >= today.day - make_interval(days => p_norm_days)
  ) as norm
  where today.last_at >= since
    and today.read >= p_read_rows
    and today.read > p_read_factor * coalesce(norm.read, 0);

  -- 3: refused again and again, or reached for the data of an organization that is not the user's own.
  return query
  select 'foreign_access'::text, record.authenticated_user, record.org_id, count(*),
    sum(case when record.row_data ->> 'rows' ~ '^[0-9]{1,15}$' then (record.row_data ->> 'rows')::bigint else 0 end)::bigint,
    min(record.event_time), max(record.event_time),
    format('%s refused, %s aimed at an organization not the user''s own',
      count(*) filter (where record.event_type ~* 'denied'),
      count(*) filter (where record.row_data ->> 'actor_org_id' <> record.org_id::text))
  from public.audit_logs as record
  where record.event_time >= since
    and record.authenticated_user is not null
    and (p_org_id is null or record.org_id = p_org_id)
    and (record.event_type ~* '(denied|cross_tenant)' or record.row_data ->> 'actor_org_id' <> record.org_id::text)
  group by record.authenticated_user, record.org_id
  having count(*) filter (where record.event_type ~* 'denied') >= p_denied_count
    or count(*) filter (where record.event_type ~* 'cross_tenant'
      or record.row_data ->> 'actor_org_id' <> record.org_id::text) > 0;
end
$function$;

revoke all on function public.detect_suspicious_activity(
  uuid, timestamptz, bigint, interval, numeric, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.detect_suspicious_activity(
  uuid, timestamptz, bigint, interval, numeric, bigint, integer, bigint) to service_role;

comment on function public.detect_suspicious_activity(
  uuid, timestamptz, bigint, interval, numeric, bigint, integer, bigint) is
  'What deserves a look in audit_logs since a time (a day ago): delete_burst, unusual_reads, foreign_access.';

-- One record a statement and tenant: how many rows, which, and which columns. Never a value.
create or replace function public.audit_tenant_change() returns trigger
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  tenant_column constant text := tg_argv[0];
  id_column constant text := tg_argv[1];
  many boolean;
begin
  select count(*) > 1
  into many
  from (select from affected_rows limit 2) as first_two
  having count(*) > 0;
  if not found then
    return null;
  end if;

  -- affected_rows: the new rows, of a deletion the old ones. earlier_rows: what an update found. The server keeps both in
  -- the order of the updates, so a row's two sides meet even when its id changed.
  -- The plans of an update, and of a single row, are kept and serve one row as well as a million: they group, and never join.
  -- Ids are taken from the first 10,000 rows at most, so that loading millions in one statement stays possible.
  if tg_op = 'UPDATE' then
    insert into public.audit_logs (
      event_type, operation, schema_name, table_name, record_id, authenticated_user, org_id, row_data, client_addr
    )
    with side as (
      select row_number() over () as position, 1 as number, to_jsonb(earlier_rows) as image from earlier_rows
      union all
      select row_number() over (), 2, to_jsonb(affected_rows) from affected_rows
    ),
    pair as (
      select side.position, array_agg(side.image order by side.number) as images
      from side
      group by side.position
    ),
    affected as (
      select pair.position, pair.images[2] ->> tenant_column as tenant, pair.images[2] ->> id_column as id,
        (
          select string_agg(field.key, e'\x1f' order by field.key)
          from jsonb_each(pair.images[2]) as field
          where field.value is distinct from pair.images[1] -> field.key
        ) as fields
      from pair
    )
    select 'data_change', tg_op, tg_table_schema, tg_table_name,
      case when summary.rows = 1 then summary.id end, public.audit_actor(), summary.tenant::uuid,
      jsonb_build_object('rows', summary.rows, 'columns', to_jsonb(array(
        select distinct field.name from unnest(string_to_array(summary.fields, e'\x1f')) as field (name) order by field.name
      )))
      || case when summary.rows = 1 then '{}' else jsonb_build_object('ids', coalesce(summary.ids, '{}')) end
      || public.audit_context(),
      inet_client_addr()
    from (
      select affected.tenant, count(*) as rows, min(affected.id) as id,
        (array_agg(affected.id) filter (where affected.position <= 10000))[1:100] as ids,
        string_agg(distinct affected.fields, e'\x1f') as fields
      from affected
      group by affected.tenant
    ) as summary;
  elsif many then
    -- Whoever deletes a user or an organization waits for it: to turn each of thousands of rows into JSON takes ten times
    -- as long as to delete it. Planned each time, which one row would not be worth.
    execute (
      select format(
        $many$
          insert into public.audit_logs (
            event_type, operation, schema_name, table_name, record_id, authenticated_user, org_id, row_data, client_addr
          )
          select 'data_change', $1, $2, $3, case when summary.rows = 1 then summary.ids[1] end, public.audit_actor(),
            summary.tenant,
            jsonb_build_object('rows', summary.rows, 'columns', to_jsonb(array_remove(summary.columns, null)))
            || case when summary.rows = 1 then '{}' else jsonb_build_object('ids', coalesce(summary.ids, '{}')) end
            || public.audit_context(),
            inet_client_addr()
          from (
            select affected.%1$I as tenant, count(*) as rows,
              (array_agg(affected.%2$I::text) filter (where affected."audit position" <= 10000))[1:100] as ids,
              array[%3$s] as columns
            from (select row_number() over () as "audit position", affected_rows.* from affected_rows) as affected
            group by affected.%1$I
          ) as summary
        $many$,
        tenant_column, id_column,
        string_agg(
          format('case when bool_or(affected.%1$I is not null) then %1$L end', attribute.attname), ', '
          order by attribute.attname))
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = tg_relid and attribute.attnum > 0 and not attribute.attisdropped
    ) using tg_op, tg_table_schema, tg_table_name;
  else
    insert into public.audit_logs (
      event_type, operation, schema_name, table_name, record_id, authenticated_user, org_id, row_data, client_addr
    )
    with row_image as (
      select row_number() over () as position, to_jsonb(affected_rows) as image from affected_rows
    ),
    affected as (
      select row_image.position, row_image.image ->> tenant_column as tenant, row_image.image ->> id_column as id,
        (
          select string_agg(field.key, e'\x1f' order by field.key)
          from jsonb_each(row_image.image) as field
          where field.value <> 'null'
        ) as fields
      from row_image
    )
    select 'data_change', tg_op, tg_table_schema, tg_table_name,
      case when summary.rows = 1 then summary.id end, public.audit_actor(), summary.tenant::uuid,
      jsonb_build_object('rows', summary.rows, 'columns', to_jsonb(array(
        select distinct field.name from unnest(string_to_array(summary.fields, e'\x1f')) as field (name) order by field.name
      )))
      || case when summary.rows = 1 then '{}' else jsonb_build_object('ids', coalesce(summary.ids, '{}')) end
      || public.audit_context(),
      inet_client_addr()
    from (
      select affected.tenant, count(*) as rows, min(affected.id) as id,
        (array_agg(affected.id) filter (where affected.position <= 10000))[1:100] as ids,
        string_agg(distinct affected.fields, e'\x1f') as fields
      from affected
      group by affected.tenant
    ) as summary;
  end if;
  return null;
end
$function$;

revoke all on function public.audit_tenant_change() from public, anon, authenticated, service_role;

comment on function public.audit_tenant_change() is
  'Trigger function, after each statement: one audit record for each organization concerned. '
  'Arguments: the column with the organization, the column with the id.';

do $triggers$
declare
  wanted record;
  existing text;
begin
  for wanted in
    select audited.name as table_name, kind.name as operation,
      format('trg_%s_audit_%s', audited.name, lower(kind.name)) as trigger_name,
      format(
        'CREATE TRIGGER trg_%s_audit_%s AFTER %s ON public.%s REFERENCING %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION public.audit_tenant_change(%L, %L)',
        audited.name, lower(kind.name), kind.name, audited.name, kind.transition, audited.tenant, audited.id
      ) as definition
    from (
      values
        -- An organization is its own tenant: creating and deleting one are the greatest changes there are.
        ('organizations', 'id', 'id'),
        ('contacts', 'org_id', 'id'),
        ('appointments', 'org_id', 'id'),
        ('notifications', 'org_id', 'id'),
        ('processed_webhook_events', 'org_id', 'event_id')
    ) as audited (name, tenant, id)
    cross join (
      values
        ('INSERT', 'NEW TABLE AS affected_rows'),
        ('UPDATE', 'OLD TABLE AS earlier_rows NEW TABLE AS affected_rows'),
        ('DELETE', 'OLD TABLE AS affected_rows')
    ) as kind (name, transition)
  loop
    select pg_catalog.pg_get_triggerdef(trig.oid) || case trig.tgenabled when 'O' then '' else ' (not enabled)' end
    into existing
    from pg_catalog.pg_trigger as trig
    where trig.tgrelid = pg_catalog.to_regclass('public.' || wanted.table_name)
      and trig.tgname = wanted.trigger_name;

    if existing is null then
      execute wanted.definition;
    elsif existing <> wanted.definition then
      raise exception 'trigger % of public.% is %, expected %',
        wanted.trigger_name, wanted.table_name, existing, wanted.definition
        using hint = 'Drop it, then run this file again. Nothing was changed.';
    end if;
  end loop;
end
$triggers$;

-- What pgAudit writes, for the role that the API logs in with and for the one that runs migrations. In this database
-- only: no other one of the server is concerned, nor does another one's migration get in the way of this one.
-- New sessions have it.
do $settings$
declare
  wanted record;
  note jsonb;
  previous text;
  present boolean;
  missing text[] := '{}';
begin
  note := substring(pg_catalog.obj_description('public.audit_logs'::pg_catalog.regclass, 'pg_class')
    from '\n(\{.*\})$')::jsonb;
  if note is null then
    raise exception 'public.audit_logs has another shape: its comment does not say what was there before'
      using hint = 'It is not of this migration. Rename it, then run this file again. Nothing was changed.';
  end if;

  for wanted in
    select role.oid as role_id, role.rolname::text as role_name, setting.name, setting.value, setting.needed
    from (
      values
        ('pgaudit.log', 'read, write, ddl', true),
        -- One entry for each relation, with its name.
        ('pgaudit.log_relation', 'on', true),
        -- The catalogs are nobody's data, and every tool reads them all the time.
        ('pgaudit.log_catalog', 'off', false),
        -- Parameters are patients' data. Off is the default; it is needed only where somebody turned it on.
        ('pgaudit.log_parameter', 'off', false)
    ) as setting (name, value, needed)
    cross join pg_catalog.pg_roles as role
    where role.rolname in ('authenticator', current_user)
    order by role.rolname, setting.name
  loop
    select substring(entry.entry from pg_catalog.length(wanted.name) + 2), true
    into previous, present
    from pg_catalog.pg_db_role_setting as held
    cross join lateral pg_catalog.unnest(held.setconfig) as entry (entry)
    where held.setrole = wanted.role_id
      and held.setdatabase = (
        select database.oid from pg_catalog.pg_database as database
        where database.datname = pg_catalog.current_database()
      )
      and entry.entry like wanted.name || '=%';

    continue when previous is not distinct from wanted.value;
    begin
      execute pg_catalog.format('alter role %I in database %I set %s = %L',
        wanted.role_name, pg_catalog.current_database(), wanted.name, wanted.value);
      -- The first value found is what the rollback goes back to; null stands for none.
      if note #> array['settings', wanted.role_name, wanted.name] is null then
        note := pg_catalog.jsonb_set(note, array['settings', wanted.role_name],
          coalesce(note #> array['settings', wanted.role_name], '{}')
          || pg_catalog.jsonb_build_object(wanted.name, previous));
      end if;
    exception when insufficient_privilege then
      if wanted.needed or (
        wanted.name = 'pgaudit.log_parameter' and (
          pg_catalog.current_setting('pgaudit.log_parameter') <> 'off'
          -- Whatever holds for the sessions of that role here; other databases and roles are not this file's.
          or exists (
            select
            from pg_catalog.pg_db_role_setting as held
            where held.setrole in (0, wanted.role_id)
              and held.setdatabase in (
                0,
                (
                  select database.oid from pg_catalog.pg_database as database
                  where database.datname = pg_catalog.current_database()
                )
              )
              and pg_catalog.array_to_string(held.setconfig, e'\n') ~* 'pgaudit\.log_parameter=(on|true|yes|1)'
          )
        )
      ) then
        missing := missing || pg_catalog.format('alter role %I in database %I set %s = %L;',
          wanted.role_name, pg_catalog.current_database(), wanted.name, wanted.value);
      end if;
    end;
  end loop;

  if substring(pg_catalog.obj_description('public.audit_logs'::pg_catalog.regclass, 'pg_class')
    from '\n(\{.*\})$')::jsonb <> note
  then
    execute pg_catalog.format('comment on table public.audit_logs is %L',
      pg_catalog.regexp_replace(
        pg_catalog.obj_description('public.audit_logs'::pg_catalog.regclass, 'pg_class'), '\n\{.*\}$', '')
      || e'\n' || note::text);
  end if;

  if pg_catalog.cardinality(missing) > 0 then
    raise warning 'pgAudit is there, but % may not set what it writes. A superuser must run: %',
      current_user, pg_catalog.array_to_string(missing, ' ')
      using hint = 'Or let this role do it, and run this file again: grant set on parameter ... to ...; '
        'on Supabase run it as postgres. Everything else is applied.';
  end if;
  if not exists (select from pg_catalog.pg_roles as role where role.rolname = 'authenticator') then
    raise warning 'there is no role authenticator: set pgaudit.log = ''read, write, ddl'' and '
      'pgaudit.log_relation = on for the role that the API logs in with';
  end if;
end
$settings$;

commit;
