-- Takes back 20250110_create_auth_org_id_function, with the policy that lets a member see the own organization.
--
-- transaction: own

begin;
set local lock_timeout = '5s';
set local search_path = '';
-- Whoever row level security binds gets an error, not a count of the rows it may see.
set local row_security = off;

do $order$
declare
  first text;
begin
  select pg_catalog.string_agg(later.name, ', then ' order by later.position)
  into first
  from (
    values
      (1, '20250110_enable_pgaudit_logging', pg_catalog.to_regclass('public.audit_logs') is not null),
      (2, '20250110_add_org_id_to_processed_webhook_events', pg_catalog.to_regclass('public.processed_webhook_events_orphans') is not null),
      (3, '20250110_create_notifications_table', pg_catalog.to_regclass('public.notifications') is not null),
      (4, '20250110_create_appointments_table', pg_catalog.to_regclass('public.appointments') is not null),
      (5, '20250110_create_contacts_table', pg_catalog.to_regclass('public.contacts') is not null)
  ) as later (position, name, applied)
  where later.applied;
  if first is not null then
    raise exception 'roll back first: %', first
      using errcode = 'dependent_objects_still_exist', hint = 'They need what this script takes away. Nothing was changed.';
  end if;
end
$order$;

do $drop$
begin
  if exists (
    select from pg_catalog.pg_policies as policy
    where policy.schemaname = 'public' and policy.tablename = 'organizations'
      and policy.policyname = 'organizations_select_own'
  ) then
    drop policy organizations_select_own on public.organizations;
  end if;
  -- Only the one that delegates to ours; where nobody may create in schema auth there is none.
  if exists (
    select from pg_catalog.pg_proc as function
    where function.pronamespace = pg_catalog.to_regnamespace('auth')
      and function.proname = 'org_id' and function.pronargs = 0
      and function.prosrc = 'select public.auth_org_id()'
  ) then
    drop function auth.org_id();
  end if;
  if pg_catalog.to_regprocedure('public.auth_org_id()') is not null then
    drop function public.auth_org_id();
  end if;
end
$drop$;

commit;
