-- Appointments of an organization with its contacts. Deleting one is a mark, deleted_at, that can be taken back.
--
-- What is there already is compared with what it should be (see the foundation); what is not is created whole.
--
-- requires: 20250110_create_organizations_table_foundation
-- requires: 20250110_create_org_id_immutability_triggers
-- requires: 20250110_create_auth_org_id_function
-- requires: 20250110_create_contacts_table
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

  select pg_catalog.string_agg(pg_catalog.format('%I.%I', namespace.nspname, type.typname), ', ')
  into elsewhere
  from pg_catalog.pg_type as type
  join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
  where type.typname in ('appointments', 'appointment_status')
    and namespace.nspname not in ('public', 'information_schema')
    and namespace.nspname !~ '^pg_';
  if elsewhere is not null then
    raise exception 'the name is taken in another schema: %', elsewhere
      using hint = 'Whoever writes it without a schema would reach one or the other. Rename it first.';
  end if;
end
$precondition$;

do $verify$
declare
  difference text;
begin
  with expected (name, labels) as (
    values
      ('appointment_status', 'pending, confirmed, in_progress, completed, cancelled, no_show')
  ),
  actual (name, labels) as (
    select expected.name,
      case type.typtype
        when 'e' then (
          select pg_catalog.string_agg(label.enumlabel, ', ' order by label.enumsortorder)
          from pg_catalog.pg_enum as label
          where label.enumtypid = type.oid
        )
        else 'no enum'
      end
    from expected
    join pg_catalog.pg_type as type on type.oid = pg_catalog.to_regtype('public.' || expected.name)
  )
  select pg_catalog.string_agg(
    pg_catalog.format('public.%s is (%s), expected (%s)', expected.name, actual.labels, expected.labels), '; '
    order by expected.name)
  into difference
  from expected join actual on actual.name = expected.name
  where actual.labels is distinct from expected.labels;

  if difference is not null then
    raise exception 'a type exists with other labels: %', difference
      using hint = 'Rename it, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $types$
begin
  if pg_catalog.to_regtype('public.appointment_status') is null then
    create type public.appointment_status as enum ('pending', 'confirmed', 'in_progress', 'completed', 'cancelled', 'no_show');
    comment on type public.appointment_status is
      'pending -> confirmed -> in_progress -> completed; cancelled and no_show from pending or confirmed. Ends are final.';
  end if;
end
$types$;

create or replace function public.appointments_before_write() returns trigger
language plpgsql
set search_path = ''
as $function$
begin
  -- Whoever row level security applies to is a member: the times are the server's, not theirs. The service, the owner
  -- and restores may bring times with them when they insert.
  if tg_op = 'INSERT' then
    if row_security_active(tg_relid) then
      new.created_at := now();
      new.updated_at := now();
    end if;
    return new;
  end if;

  if row_security_active(tg_relid) then
    new.created_at := old.created_at;
  end if;
  -- Two updates in one transaction, or a clock that was set back, must still move it.
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');

  if new.status <> old.status
    and not (case old.status
      when 'pending' then new.status in ('confirmed', 'cancelled', 'no_show')
      when 'confirmed' then new.status in ('in_progress', 'cancelled', 'no_show')
      when 'in_progress' then new.status = 'completed'
      else false
    end)
  then
    raise exception 'status cannot change from % to %', old.status, new.status
      using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'status';
  end if;
  return new;
end
$function$;

revoke all on function public.appointments_before_write() from public, anon, authenticated, service_role;

comment on function public.appointments_before_write() is
  'Trigger function: honest times and valid changes of status.';

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.appointments') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.appointments')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security forced'),
      ('column id', 'uuid not null default gen_random_uuid()'),
      ('column org_id', 'uuid not null'),
      ('column contact_id', 'uuid not null'),
      ('column service_type', 'text'),
      ('column scheduled_at', 'timestamp with time zone not null'),
      ('column duration_minutes', 'integer not null default 30'),
      ('column status', 'public.appointment_status not null default ''pending''::public.appointment_status'),
      ('column calendar_link', 'text'),
      ('column confirmation_sent', 'boolean not null default false'),
      ('column created_at', 'timestamp with time zone not null default now()'),
      ('column updated_at', 'timestamp with time zone not null default now()'),
      ('column deleted_at', 'timestamp with time zone'),
      ('constraint pk_appointments', 'PRIMARY KEY (org_id, id)'),
      ('constraint fk_appointments_org_id',
        'FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE'),
      ('constraint fk_appointments_contact_id',
        'FOREIGN KEY (org_id, contact_id) REFERENCES public.contacts(org_id, id)'),
      ('constraint chk_appointments_duration_positive', 'CHECK ((duration_minutes > 0))'),
      ('index idx_appointments_org_scheduled_at', 'btree (org_id, scheduled_at DESC) WHERE (deleted_at IS NULL)'),
      ('index idx_appointments_org_status_scheduled',
        'btree (org_id, status, scheduled_at DESC) WHERE (deleted_at IS NULL)'),
      ('index idx_appointments_org_contact_scheduled',
        'btree (org_id, contact_id, scheduled_at DESC) WHERE (deleted_at IS NULL)'),
      ('index idx_appointments_org_service_scheduled',
        'btree (org_id, service_type, scheduled_at DESC) WHERE (deleted_at IS NULL)'),
      ('index idx_appointments_org_contact', 'btree (org_id, contact_id)'),
      ('index idx_appointments_id', 'btree (id)'),
      ('index idx_appointments_org_upcoming',
        'btree (org_id, scheduled_at) WHERE (status = ANY (ARRAY[''pending''::public.appointment_status, ''confirmed''::public.appointment_status]))'),
      ('policy appointments_select_own',
        'permissive for select to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy appointments_insert_own',
        'permissive for insert to authenticated with check (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy appointments_update_own',
        'permissive for update to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id)) with check (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy appointments_delete_own',
        'permissive for delete to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('trigger trg_appointments_before_write',
        'BEFORE INSERT OR UPDATE ON public.appointments FOR EACH ROW EXECUTE FUNCTION public.appointments_before_write()'),
      ('trigger trg_appointments_org_id_immutable',
        'BEFORE UPDATE ON public.appointments FOR EACH ROW EXECUTE FUNCTION public.prevent_org_id_change() (always)'),
      ('privileges of authenticated', 'DELETE, INSERT, SELECT, UPDATE'),
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
    raise exception 'public.appointments has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $create$
begin
  if pg_catalog.to_regclass('public.appointments') is not null then
    return;
  end if;

  create table public.appointments (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    contact_id uuid not null,
    -- A call may book a time before the service is known.
    service_type text,
    scheduled_at timestamptz not null,
    duration_minutes integer not null default 30,
    status public.appointment_status not null default 'pending',
    calendar_link text,
    confirmation_sent boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    -- Members choose ids. With a key on id alone, a refused one would say that another organization has it.
    constraint pk_appointments primary key (org_id, id),
    constraint fk_appointments_org_id foreign key (org_id) references public.organizations (id) on delete cascade,
    -- Through both columns: the contact of another organization is refused exactly as one that does not exist.
    -- No action, not restrict: a contact with appointments, marked as deleted or not, cannot be deleted, while an
    -- organization takes all of them with it.
    constraint fk_appointments_contact_id foreign key (org_id, contact_id) references public.contacts (org_id, id),
    constraint chk_appointments_duration_positive check (duration_minutes > 0)
  );

  -- (org_id, filter, sort): what is marked as deleted is left out.
  create index idx_appointments_org_scheduled_at on public.appointments (org_id, scheduled_at desc)
    where deleted_at is null;
  create index idx_appointments_org_status_scheduled on public.appointments (org_id, status, scheduled_at desc)
    where deleted_at is null;
  create index idx_appointments_org_contact_scheduled on public.appointments (org_id, contact_id, scheduled_at desc)
    where deleted_at is null;
  create index idx_appointments_org_service_scheduled on public.appointments (org_id, service_type, scheduled_at desc)
    where deleted_at is null;

  -- What comes next: pending or confirmed, from now on. Comparing an enum is not leakproof, so under row level
  -- security it is no index condition; as a predicate it is proved when the query is planned. It says nothing of
  -- deleted_at, so that it also serves whoever does not ask for it.
  create index idx_appointments_org_upcoming on public.appointments (org_id, scheduled_at)
    where status in ('pending', 'confirmed');

  -- Whole: the foreign key's, for a contact's deletion must find marked appointments too; and the service's, which
  -- looks an appointment up by id alone (not unique: see the primary key).
  create index idx_appointments_org_contact on public.appointments (org_id, contact_id);
  create index idx_appointments_id on public.appointments (id);

  create trigger trg_appointments_before_write
    before insert or update on public.appointments
    for each row execute function public.appointments_before_write();
  create trigger trg_appointments_org_id_immutable
    before update on public.appointments
    for each row execute function public.prevent_org_id_change();
  -- Also when session_replication_role would skip triggers.
  alter table public.appointments enable always trigger trg_appointments_org_id_immutable;

  -- Forced, so that the owner is no way around the policies either, should it ever be a role without BYPASSRLS.
  -- Foreign keys are checked and cascade regardless: the server runs those without forced row security.
  alter table public.appointments enable row level security;
  alter table public.appointments force row level security;

  -- In a sub-select the function is asked once a statement, not once a row.
  create policy appointments_select_own on public.appointments
    for select to authenticated
    using (org_id = (select public.auth_org_id()));
  create policy appointments_insert_own on public.appointments
    for insert to authenticated
    with check (org_id = (select public.auth_org_id()));
  create policy appointments_update_own on public.appointments
    for update to authenticated
    using (org_id = (select public.auth_org_id()))
    with check (org_id = (select public.auth_org_id()));
  create policy appointments_delete_own on public.appointments
    for delete to authenticated
    using (org_id = (select public.auth_org_id()));

  -- The host grants ALL on new tables by default privileges, or nothing at all, as its age has it. Row level security
  -- does not cover TRUNCATE. Members write whole rows, as supabase-js does, so theirs are not column grants.
  revoke all on table public.appointments from public, anon, authenticated, service_role;
  grant select, insert, update, delete on table public.appointments to authenticated, service_role;

  comment on table public.appointments is 'Appointments of an organization with its contacts.';
  comment on column public.appointments.deleted_at is 'Set: deleted, but kept and recoverable. Empty again: recovered.';
  comment on column public.appointments.updated_at is 'Moves on every update; a given value is ignored.';
end
$create$;

commit;
