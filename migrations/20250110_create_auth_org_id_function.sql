-- public.auth_org_id(): the organization of whoever sent the request, from app_metadata of the verified claims and
-- from nowhere else. Every policy of the set asks it, and with it a member sees the own organization.
--
-- requires: 20250110_create_organizations_table_foundation
-- transaction: own

begin;
-- Whoever comes while it waits for a lock queues behind it: give up soon, and run the file again.
set local lock_timeout = '400ms';
set local statement_timeout = '2min';
set local search_path = '';

do $precondition$
begin
  if pg_catalog.to_regclass('public.organizations') is null then
    raise exception 'run 20250110_create_organizations_table_foundation.sql first: public.organizations does not exist';
  end if;
end
$precondition$;

-- PARALLEL UNSAFE, the default: a block that catches errors is a subtransaction, which no parallel plan may start
-- before PostgreSQL 17. Policies call it in a sub-select, so it costs one call a statement.
create or replace function public.auth_org_id() returns uuid
language plpgsql
stable
set search_path = ''
as $function$
declare
  org_id jsonb;
begin
  -- user_metadata and the top level are not looked at: the first is the user's to edit.
  org_id := nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' -> 'org_id';
  if jsonb_typeof(org_id) = 'string'
    -- The server would also read braces and left-out hyphens as a uuid. Claims have one spelling.
    and org_id #>> '{}' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
  then
    return (org_id #>> '{}')::uuid;
  end if;
  return null;
exception
  -- Claims that are no JSON, or too deep, or too long: nobody's, hence no organization. Raising here would turn a
  -- malformed token into an error in every policy.
  when others then
    return null;
end
$function$;

revoke all on function public.auth_org_id() from public, anon, authenticated, service_role;
grant execute on function public.auth_org_id() to authenticated, service_role;

comment on function public.auth_org_id() is
  'The caller''s organization: app_metadata.org_id of request.jwt.claims. NULL for anything else; never raises.';

-- Hosted Supabase lets nobody create in schema auth; there public.auth_org_id() is all there is, and enough.
do $delegate$
declare
  body constant text := 'select public.auth_org_id()';
  existing record;
begin
  if pg_catalog.to_regnamespace('auth') is null then
    return;
  end if;

  select function.prosrc, function.prorettype = 'pg_catalog.uuid'::pg_catalog.regtype as is_uuid
  into existing
  from pg_catalog.pg_proc as function
  where function.pronamespace = pg_catalog.to_regnamespace('auth')
    and function.proname = 'org_id'
    and function.pronargs = 0;

  if existing is null then
    if pg_catalog.has_schema_privilege(current_user, 'auth', 'CREATE') then
      execute pg_catalog.format(
        'create function auth.org_id() returns uuid language sql stable set search_path = '''' as %L', body);
      revoke all on function auth.org_id() from public, anon, authenticated, service_role;
      grant execute on function auth.org_id() to authenticated, service_role;
      comment on function auth.org_id() is 'The same as public.auth_org_id().';
    end if;
  elsif existing.prosrc is distinct from body or not existing.is_uuid then
    raise exception 'auth.org_id() exists already and is not the one of this set: %', existing.prosrc
      using hint = 'It may answer otherwise than public.auth_org_id(). Drop or rename it, then run this file again.';
  end if;
end
$delegate$;

do $policy$
declare
  existing text;
begin
  select pg_catalog.format('%s for %s to %s using %s%s', policy.permissive, policy.cmd, policy.roles, policy.qual,
    ' with check ' || policy.with_check)
  into existing
  from pg_catalog.pg_policies as policy
  where policy.schemaname = 'public' and policy.tablename = 'organizations'
    and policy.policyname = 'organizations_select_own';

  if existing is null then
    create policy organizations_select_own on public.organizations
      for select to authenticated
      using (id = (select public.auth_org_id()));
  elsif existing not like 'PERMISSIVE for SELECT to {authenticated} using (id = ( SELECT public.auth_org_id() AS auth_org_id))' then
    raise exception 'policy organizations_select_own exists with another shape: %', existing
      using hint = 'Drop it, then run this file again.';
  end if;
end
$policy$;

commit;
