-- Contacts: the leads and customers of an organization.
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
  where type.typname in ('contacts', 'lead_score_type', 'lead_status_type')
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
      ('lead_score_type', 'hot, warm, cold'),
      ('lead_status_type', 'new, contacted, qualified, booked, converted, lost')
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
  if pg_catalog.to_regtype('public.lead_score_type') is null then
    create type public.lead_score_type as enum ('hot', 'warm', 'cold');
    comment on type public.lead_score_type is 'How promising a contact is.';
  end if;
  if pg_catalog.to_regtype('public.lead_status_type') is null then
    create type public.lead_status_type as enum ('new', 'contacted', 'qualified', 'booked', 'converted', 'lost');
    comment on type public.lead_status_type is
      'new -> contacted -> qualified -> booked -> converted; lost from any of these but converted. Both ends are final.';
  end if;
end
$types$;

create or replace function public.contacts_before_write() returns trigger
language plpgsql
set search_path = ''
as $function$
begin
  -- One number, one spelling: white space and what is written invisibly, dashes of every script, dots and parentheses
  -- go, in ASCII, Unicode and full width.
  if new.phone is not null then
    new.phone := nullif(
      regexp_replace(
        new.phone,
        '[[:space:]\u0085\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff'
        '\u002d\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d'
        '\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead'
        '.\u00b7\u2024\u2027\u30fb\ufe52\uff0e()\u207d\u207e\u208d\u208e\ufe59\ufe5a\uff08\uff09]',
        '', 'g'),
      '');
  end if;

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

  if new.lead_status <> old.lead_status
    and not (case old.lead_status
      when 'new' then new.lead_status in ('contacted', 'lost')
      when 'contacted' then new.lead_status in ('qualified', 'lost')
      when 'qualified' then new.lead_status in ('booked', 'lost')
      when 'booked' then new.lead_status in ('converted', 'lost')
      else false
    end)
  then
    raise exception 'lead_status cannot change from % to %', old.lead_status, new.lead_status
      using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'lead_status';
  end if;
  return new;
end
$function$;

revoke all on function public.contacts_before_write() from public, anon, authenticated, service_role;

comment on function public.contacts_before_write() is
  'Trigger function: one spelling of the phone number, honest times, valid changes of lead_status.';

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing.
  if pg_catalog.to_regclass('public.contacts') is null then
    return;
  end if;

  with subject (relation) as (
    select pg_catalog.to_regclass('public.contacts')::oid
  ),
  expected (item, shape) as (
    values
      ('table', 'ordinary, permanent, row security forced'),
      ('column id', 'uuid not null default gen_random_uuid()'),
      ('column org_id', 'uuid not null'),
      ('column name', 'text not null'),
      ('column phone', 'text'),
      ('column email', 'text'),
      ('column service_interests', 'jsonb not null default ''[]''::jsonb'),
      ('column lead_score', 'public.lead_score_type not null default ''cold''::public.lead_score_type'),
      ('column lead_status', 'public.lead_status_type not null default ''new''::public.lead_status_type'),
      ('column last_contact_at', 'timestamp with time zone'),
      ('column notes', 'text'),
      ('column created_at', 'timestamp with time zone not null default now()'),
      ('column updated_at', 'timestamp with time zone not null default now()'),
      ('constraint pk_contacts', 'PRIMARY KEY (org_id, id)'),
      ('constraint uq_contacts_org_phone', 'UNIQUE (org_id, phone)'),
      ('constraint fk_contacts_org_id', 'FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE'),
      ('constraint chk_contacts_service_interests_array',
        'CHECK ((jsonb_typeof(service_interests) = ''array''::text))'),
      ('index idx_contacts_org_status_updated', 'btree (org_id, lead_status, updated_at DESC)'),
      ('index idx_contacts_org_score_updated', 'btree (org_id, lead_score, updated_at DESC)'),
      ('index idx_contacts_org_status_last_contact', 'btree (org_id, lead_status, last_contact_at DESC)'),
      ('index idx_contacts_org_email_updated', 'btree (org_id, email, updated_at DESC)'),
      ('index idx_contacts_org_name_updated', 'btree (org_id, name, updated_at DESC)'),
      ('index idx_contacts_org_updated', 'btree (org_id, updated_at DESC)'),
      ('index idx_contacts_org_new_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''new''::public.lead_status_type)'),
      ('index idx_contacts_org_contacted_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''contacted''::public.lead_status_type)'),
      ('index idx_contacts_org_qualified_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''qualified''::public.lead_status_type)'),
      ('index idx_contacts_org_booked_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''booked''::public.lead_status_type)'),
      ('index idx_contacts_org_converted_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''converted''::public.lead_status_type)'),
      ('index idx_contacts_org_lost_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_status = ''lost''::public.lead_status_type)'),
      ('index idx_contacts_org_hot_updated',
        'btree (org_id, updated_at DESC) WHERE (lead_score = ''hot''::public.lead_score_type)'),
      ('index idx_contacts_id', 'btree (id)'),
      ('policy contacts_select_own',
        'permissive for select to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy contacts_insert_own',
        'permissive for insert to authenticated with check (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy contacts_update_own',
        'permissive for update to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id)) with check (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('policy contacts_delete_own',
        'permissive for delete to authenticated using (org_id = ( SELECT public.auth_org_id() AS auth_org_id))'),
      ('trigger trg_contacts_before_write',
        'BEFORE INSERT OR UPDATE ON public.contacts FOR EACH ROW EXECUTE FUNCTION public.contacts_before_write()'),
      ('trigger trg_contacts_org_id_immutable',
        'BEFORE UPDATE ON public.contacts FOR EACH ROW EXECUTE FUNCTION public.prevent_org_id_change() (always)'),
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
    raise exception 'public.contacts has another shape: %', difference
      using hint = 'Rename it, or make it equal, then run this file again. Nothing was changed.';
  end if;
end
$verify$;

do $create$
begin
  if pg_catalog.to_regclass('public.contacts') is not null then
    return;
  end if;

  create table public.contacts (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    name text not null,
    phone text,
    email text,
    service_interests jsonb not null default '[]',
    lead_score public.lead_score_type not null default 'cold',
    lead_status public.lead_status_type not null default 'new',
    last_contact_at timestamptz,
    notes text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Members choose ids. With a key on id alone, a refused one would say that another organization has it.
    constraint pk_contacts primary key (org_id, id),
    constraint uq_contacts_org_phone unique (org_id, phone),
    constraint fk_contacts_org_id foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint chk_contacts_service_interests_array check (jsonb_typeof(service_interests) = 'array')
  );

  -- (org_id, filter, sort): for the service, and for members where the filter is text.
  create index idx_contacts_org_status_updated on public.contacts (org_id, lead_status, updated_at desc);
  create index idx_contacts_org_score_updated on public.contacts (org_id, lead_score, updated_at desc);
  create index idx_contacts_org_status_last_contact on public.contacts (org_id, lead_status, last_contact_at desc);
  create index idx_contacts_org_email_updated on public.contacts (org_id, email, updated_at desc);
  create index idx_contacts_org_name_updated on public.contacts (org_id, name, updated_at desc);

  -- Comparing an enum is not leakproof, so under row level security it is no index condition: the first two indexes
  -- above would be read for the whole organization and filtered. A predicate that the query implies is proved when it
  -- is planned, so these are read for members too, and no further than the rows asked for. A row is in one of six.
  create index idx_contacts_org_updated on public.contacts (org_id, updated_at desc);
  create index idx_contacts_org_new_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'new';
  create index idx_contacts_org_contacted_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'contacted';
  create index idx_contacts_org_qualified_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'qualified';
  create index idx_contacts_org_booked_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'booked';
  create index idx_contacts_org_converted_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'converted';
  create index idx_contacts_org_lost_updated on public.contacts (org_id, updated_at desc)
    where lead_status = 'lost';
  create index idx_contacts_org_hot_updated on public.contacts (org_id, updated_at desc)
    where lead_score = 'hot';

  -- The service looks a contact up by id alone. Not unique: see the primary key.
  create index idx_contacts_id on public.contacts (id);

  create trigger trg_contacts_before_write
    before insert or update on public.contacts
    for each row execute function public.contacts_before_write();
  create trigger trg_contacts_org_id_immutable
    before update on public.contacts
    for each row execute function public.prevent_org_id_change();
  -- Also when session_replication_role would skip triggers.
  alter table public.contacts enable always trigger trg_contacts_org_id_immutable;

  -- Forced, so that the owner is no way around the policies either, should it ever be a role without BYPASSRLS.
  -- Foreign keys are checked and cascade regardless: the server runs those without forced row security.
  alter table public.contacts enable row level security;
  alter table public.contacts force row level security;

  -- In a sub-select the function is asked once a statement, not once a row.
  create policy contacts_select_own on public.contacts
    for select to authenticated
    using (org_id = (select public.auth_org_id()));
  create policy contacts_insert_own on public.contacts
    for insert to authenticated
    with check (org_id = (select public.auth_org_id()));
  create policy contacts_update_own on public.contacts
    for update to authenticated
    using (org_id = (select public.auth_org_id()))
    with check (org_id = (select public.auth_org_id()));
  create policy contacts_delete_own on public.contacts
    for delete to authenticated
    using (org_id = (select public.auth_org_id()));

  -- The host grants ALL on new tables by default privileges, or nothing at all, as its age has it. Row level security
  -- does not cover TRUNCATE. Members write whole rows, as supabase-js does, so theirs are not column grants.
  revoke all on table public.contacts from public, anon, authenticated, service_role;
  grant select, insert, update, delete on table public.contacts to authenticated, service_role;

  comment on table public.contacts is 'Leads and customers of an organization.';
  comment on column public.contacts.phone is
    'Kept without white space, dashes, dots and parentheses; unique in its organization. Look up in that spelling.';
  comment on column public.contacts.service_interests is 'JSON array of the services asked for.';
  comment on column public.contacts.updated_at is 'Moves on every update; a given value is ignored.';
end
$create$;

commit;
