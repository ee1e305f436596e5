-- Notifications, each to one user of an organization. The service writes them; a member reads the own ones.
--
-- What is there already is compared with what it should be (see the foundation); what is not is created whole.
--
-- requires: 20250110_create_organizations_table_foundation
-- requires: 20250110_create_org_id_immutability_triggers
-- requires: 20250110_create_auth_org_id_function
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

  select pg_catalog.string_agg(pg_catalog.format('%I.%I', namespace.nspname, type.typname), ', ')
  into elsewhere
  from pg_catalog.pg_type as type
  join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
  where type.typname in ('notifications', 'notification_type', 'notification_status', 'notification_priority')
    and namespace.nspname not in ('public', 'information_schema')
    and namespace.nspname !~ '^pg_';
  if elsewhere is not null then
    raise exception 'the name is taken in another schema: %', elsewhere
      using hint = 'Whoever writes it without a schema would reach one or the other. Rename it first.';
  end if;

  if pg_catalog.to_regclass('auth.users') is null
    or not pg_catalog.has_table_privilege(current_user, 'auth.users', 'SELECT')
    or not pg_catalog.has_table_privilege(current_user, 'auth.users', 'REFERENCES')
  then
    raise exception 'auth.users is missing, or % may not read and reference it', current_user
      using hint = 'The host supplies it. Its owner can: grant select, references on auth.users to the deployer.';
  end if;
end
$precondition$;

do $verify$
declare
  difference text;
begin
  with expected (name, labels) as (
    values
      ('notification_type', 'hot_lead, appointment_booked, appointment_reminder, missed_call, system_alert, voicemail'),
      ('notification_status', 'unread, read, archived'),
      ('notification_priority', 'low, normal, high, urgent')
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
  if pg_catalog.to_regtype('public.notification_type') is null then
    create type public.notification_type as enum ('hot_lead', 'appointment_booked', 'appointment_reminder', 'missed_call', 'system_alert', 'voicemail');
    comment on type public.notification_type is 'What happened.';
  end if;
  if pg_catalog.to_regtype('public.notification_status') is null then
    create type public.notification_status as enum ('unread', 'read', 'archived');
    comment on type public.notification_status is 'archived also when it expired.';
  end if;
  if pg_catalog.to_regtype('public.notification_priority') is null then
    create type public.notification_priority as enum ('low', 'normal', 'high', 'urgent');
    comment on type public.notification_priority is 'From low to urgent, in this order.';
  end if;
end
$types$;

create or replace function public.notifications_before_write() returns trigger
language plpgsql
set search_path = ''
as $function$
begin
  -- Two updates in one transaction, or a clock that was set back, must still move it.
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  return new;
end
$function$;

revoke all on function public.notifications_before_write() from public, anon, authenticated, service_role;

comment on function public.notifications_before_write() is 'Trigger function: updated_at moves on every update.';

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.notifications') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.notifications')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security forced'),
      ('column id', 'uuid not null default gen_random_uuid()'),
      ('column org_id', 'uuid not null'),
      ('column user_id', 'uuid not null'),
      ('column type', 'public.notification_type not null'),
      ('column title', 'text not null'),
      ('column message', 'text not null'),
      ('column related_entity_id', 'uuid'),
      ('column related_entity_type', 'text'),
      ('column status', 'public.notification_status not null default ''unread''::public.notification_status'),
      ('column read_at', 'timestamp with time zone'),
      ('column action_url', 'text'),
      ('column priority', 'public.notification_priority not null default ''normal''::public.notification_priority'),
      ('column channels', 'text[] not null default ''{in_app}''::text[]'),
      ('column created_at', 'timestamp with time zone not null default now()'),
      ('column updated_at', 'timestamp with time zone not null default now()'),
      ('column expires_at', 'timestamp with time zone not null default (now() + ''30 days''::interval)'),
      ('constraint pk_notifications', 'PRIMARY KEY (id)'),
      ('constraint fk_notifications_org_id',
        'FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE'),
      ('constraint fk_notifications_user_id', 'FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE'),
      ('index idx_notifications_user_unread',
        'btree (user_id, org_id, created_at DESC) WHERE (status = ''unread''::public.notification_status)'),
      ('index idx_notifications_user_inbox',
        'btree (user_id, org_id, created_at DESC) WHERE (status <> ''archived''::public.notification_status)'),
      ('index idx_notifications_user_urgent',
        'btree (user_id, org_id, created_at DESC) WHERE ((status = ''unread''::public.notification_status) AND (priority = ANY (ARRAY[''high''::public.notification_priority, ''urgent''::public.notification_priority])))'),
      ('index idx_notifications_user_created', 'btree (user_id, org_id, created_at DESC)'),
      ('index idx_notifications_entity_user',
        'btree (related_entity_id, user_id, org_id, created_at DESC) WHERE (related_entity_id IS NOT NULL)'),
      ('index idx_notifications_org_created', 'btree (org_id, created_at DESC)'),
      ('index idx_notifications_expires_at',
        'btree (expires_at) WHERE (status <> ''archived''::public.notification_status)'),
      ('statistics stx_notifications_user_org', 'f on org_id, user_id'),
      ('policy notifications_select_own',
        'permissive for select to authenticated using ((org_id = ( SELECT public.auth_org_id() AS auth_org_id)) AND (user_id = CASE WHEN (( SELECT public.auth_org_id() AS auth_org_id) IS NULL) THEN NULL::uuid ELSE ( SELECT auth.uid() AS uid) END))'),
      ('policy notifications_insert_denied', 'restrictive for insert to authenticated with check false'),
      ('policy notifications_update_denied', 'restrictive for update to authenticated using false with check false'),
      ('policy notifications_delete_denied', 'restrictive for delete to authenticated using false'),
      ('trigger trg_notifications_before_write',
        'BEFORE UPDATE ON public.notifications FOR EACH ROW EXECUTE FUNCTION public.notifications_before_write()'),
      ('trigger trg_notifications_org_id_immutable',
        'BEFORE UPDATE ON public.notifications FOR EACH ROW EXECUTE FUNCTION public.prevent_org_id_change() (always)'),
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
    select 'policy ' || policy.policyname,
      pg_catalog.format('%s for %s to %s', pg_catalog.lower(policy.permissive), pg_catalog.lower(policy.cmd),
        pg_catalog.array_to_string(policy.roles, ', '))
      || coalesce(' using ' || pg_catalog.regexp_replace(policy.qual, '\s+', ' ', 'g'), '') || coalesce(' with check ' || policy.with_check, '')
    from subject
    join pg_catalog.pg_class as class on class.oid = subject.relation
    join pg_catalog.pg_policies as policy on policy.schemaname = 'public' and policy.tablename = class.relname
    union all
    select 'statistics ' || statistics.stxname,
      pg_catalog.array_to_string(statistics.stxkind, '') || ' on ' || (
        select pg_catalog.string_agg(attribute.attname, ', ' order by key.position)
        from pg_catalog.unnest(statistics.stxkeys::pg_catalog.int2[]) with ordinality as key (attnum, position)
        join pg_catalog.pg_attribute as attribute
          on attribute.attrelid = statistics.stxrelid and attribute.attnum = key.attnum
      )
    from subject join pg_catalog.pg_statistic_ext as statistics on statistics.stxrelid = subject.relation
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
    and not (expected.item is null and actual.item like 'trigger %')
    and not (expected.item is null and actual.item like 'statistics %');

  if difference is not null then
    raise exception 'public.notifications has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $create$
begin
  if pg_catalog.to_regclass('public.notifications') is not null then
    return;
  end if;

  create table public.notifications (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    user_id uuid not null,
    type public.notification_type not null,
    title text not null,
    message text not null,
    related_entity_id uuid,
    related_entity_type text,
    status public.notification_status not null default 'unread',
    read_at timestamptz,
    action_url text,
    priority public.notification_priority not null default 'normal',
    channels text[] not null default '{in_app}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    expires_at timestamptz not null default (now() + interval '30 days'),
    constraint pk_notifications primary key (id),
    constraint fk_notifications_org_id foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint fk_notifications_user_id foreign key (user_id) references auth.users (id) on delete cascade
  );

  -- A user's: unread (the count reads the index only), not archived, pressing, all, and those about one thing.
  -- Comparing an enum is not leakproof, so under row level security it is no index condition; as a predicate it is
  -- proved when the query is planned. The first four end alike, so whichever is taken for the newest is in order.
  -- The one that is whole serves the deletion of a user.
  create index idx_notifications_user_unread on public.notifications (user_id, org_id, created_at desc)
    where status = 'unread';
  create index idx_notifications_user_inbox on public.notifications (user_id, org_id, created_at desc)
    where status <> 'archived';
  create index idx_notifications_user_urgent on public.notifications (user_id, org_id, created_at desc)
    where status = 'unread' and priority in ('high', 'urgent');
  create index idx_notifications_user_created on public.notifications (user_id, org_id, created_at desc);
  create index idx_notifications_entity_user on public.notifications (related_entity_id, user_id, org_id, created_at desc)
    where related_entity_id is not null;

  -- The organization's, which serves its deletion; and what is due to expire.
  create index idx_notifications_org_created on public.notifications (org_id, created_at desc);
  create index idx_notifications_expires_at on public.notifications (expires_at)
    where status <> 'archived';

  -- A user is in one organization. Without knowing that, the planner expects one row where both are asked for, and a
  -- prepared statement for any status, which no partial index serves, looks as cheap to it as one for the unread.
  create statistics public.stx_notifications_user_org (dependencies) on user_id, org_id from public.notifications;

  create trigger trg_notifications_before_write
    before update on public.notifications
    for each row execute function public.notifications_before_write();
  create trigger trg_notifications_org_id_immutable
    before update on public.notifications
    for each row execute function public.prevent_org_id_change();
  -- Also when session_replication_role would skip triggers.
  alter table public.notifications enable always trigger trg_notifications_org_id_immutable;

  -- Forced, so that the owner is no way around the policies either, should it ever be a role without BYPASSRLS.
  -- Foreign keys are checked and cascade regardless: the server runs those without forced row security.
  alter table public.notifications enable row level security;
  alter table public.notifications force row level security;

  -- Both must match: whoever moved to another organization sees none of the old one's. auth.uid() raises when the
  -- claims are no JSON; without an organization it is not asked, so that such claims see nothing instead of failing.
  create policy notifications_select_own on public.notifications
    for select to authenticated
    using (
      org_id = (select public.auth_org_id())
      and user_id = case
        when (select public.auth_org_id()) is null then null
        else (select auth.uid())
      end
    );
  -- Members write nothing. They hold no privilege to, and should one ever be granted by mistake, these stand, for a
  -- restrictive policy cannot be outvoted.
  create policy notifications_insert_denied on public.notifications
    as restrictive for insert to authenticated
    with check (false);
  create policy notifications_update_denied on public.notifications
    as restrictive for update to authenticated
    using (false)
    with check (false);
  create policy notifications_delete_denied on public.notifications
    as restrictive for delete to authenticated
    using (false);

  -- The host grants ALL on new tables by default privileges, or nothing at all, as its age has it.
  revoke all on table public.notifications from public, anon, authenticated, service_role;
  grant select on table public.notifications to authenticated;
  grant select, insert, update, delete on table public.notifications to service_role;

  comment on table public.notifications is 'Notifications, each to one user. Written by the service only.';
  comment on column public.notifications.updated_at is 'Moves on every update; a given value is ignored.';
  comment on column public.notifications.expires_at is 'From then on expire_old_notifications() archives it.';
end
$create$;

-- For the service alone. It runs as its owner, who may read auth.users, which the service may not.
-- row_security is off in both: an owner whom the policies bind gets an error, not a silent nothing.
create or replace function public.create_notification(
  p_org_id uuid,
  p_user_id uuid,
  p_type public.notification_type,
  p_title text,
  p_message text,
  p_related_entity_id uuid default null,
  p_related_entity_type text default null,
  p_action_url text default null,
  p_priority public.notification_priority default 'normal',
  p_channels text[] default '{in_app}',
  p_expires_at timestamptz default null
) returns uuid
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  new_id uuid;
begin
  -- Compared as text: app_metadata that holds no uuid is nobody's, and no error.
  if not exists (
    select
    from auth.users as member
    where member.id = p_user_id
      and jsonb_typeof(member.raw_app_meta_data -> 'org_id') = 'string'
      and lower(member.raw_app_meta_data ->> 'org_id') = p_org_id::text
  ) then
    raise exception 'user % is not a member of organization %', p_user_id, p_org_id
      using errcode = 'check_violation',
        hint = 'Membership is app_metadata.org_id of the user in auth.users.';
  end if;

  insert into public.notifications (
    org_id, user_id, type, title, message, related_entity_id, related_entity_type, action_url, priority, channels,
    expires_at
  )
  values (
    p_org_id, p_user_id, p_type, p_title, p_message, p_related_entity_id, p_related_entity_type, p_action_url,
    coalesce(p_priority, 'normal'), coalesce(p_channels, '{in_app}'),
    coalesce(p_expires_at, now() + interval '30 days')
  )
  returning id into new_id;
  return new_id;
end
$function$;

revoke all on function public.create_notification(
  uuid, uuid, public.notification_type, text, text, uuid, text, text, public.notification_priority, text[], timestamptz
) from public, anon, authenticated, service_role;
grant execute on function public.create_notification(
  uuid, uuid, public.notification_type, text, text, uuid, text, text, public.notification_priority, text[], timestamptz
) to service_role;

comment on function public.create_notification(
  uuid, uuid, public.notification_type, text, text, uuid, text, text, public.notification_priority, text[], timestamptz
) is 'Notifies a user of an organization and returns the new id; fails when the user is no member of it.';

create or replace function public.expire_old_notifications() returns integer
language plpgsql
security definer
set search_path = ''
set row_security = off
as $function$
declare
  archived integer;
begin
  update public.notifications
  set status = 'archived'
  where expires_at <= now() and status <> 'archived';
  get diagnostics archived = row_count;
  return archived;
end
$function$;

revoke all on function public.expire_old_notifications() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_notifications() to service_role;

comment on function public.expire_old_notifications() is
  'Archives what has expired and is not archived yet, and returns how many that were. Run it again at any time.';

commit;
