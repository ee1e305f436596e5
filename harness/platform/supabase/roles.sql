-- The roles of a Supabase project, their memberships and settings. Cluster-wide: run once a cluster, as its superuser.
-- Harmless when run again.
--   tenantproof.deployer  role that runs migrations; default postgres
-- Left out, for want of Supabase's own libraries: session_preload_libraries of authenticator (supautils, safeupdate).

do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
  -- Whoever logs in does so with the superuser's password: a SCRAM verifier holds for any name.
  password constant text := (
    select rolpassword from pg_catalog.pg_authid where rolname = current_user and rolpassword like 'SCRAM-%'
  );
  -- Since 16, CREATEROLE alone no longer lets a role administer another one.
  administering constant text :=
    case when current_setting('server_version_num')::int >= 160000 then ' with admin option' else '' end;
  wanted record;
begin
  if exists (select from pg_catalog.pg_roles where rolname = deployer and rolsuper) then
    raise 'role % is a superuser; name another deployer', deployer using errcode = 'invalid_role_specification';
  end if;
  for wanted in
    select *
    from (
      values
        ('supabase_admin', 'superuser'),
        (deployer, 'login inherit createdb createrole replication bypassrls nosuperuser'),
        ('anon', 'nologin inherit'),
        ('authenticated', 'nologin inherit'),
        ('service_role', 'nologin inherit bypassrls'),
        ('authenticator', 'login noinherit'),
        ('supabase_auth_admin', 'login noinherit createrole'),
        ('supabase_storage_admin', 'login noinherit createrole'),
        ('supabase_realtime_admin', 'login noinherit createrole replication'),
        ('supabase_replication_admin', 'login replication'),
        ('supabase_read_only_user', 'login bypassrls'),
        ('dashboard_user', 'nologin createdb createrole replication'),
        ('pgbouncer', 'login')
    ) as role (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I', wanted.name);
    end if;
    execute format('alter role %I %s', wanted.name, wanted.attributes);
    if password is not null and wanted.attributes ~ '\mlogin' then
      execute format('alter role %I password %L', wanted.name, password);
    end if;
  end loop;

  execute format('alter role %I set search_path = public, extensions', deployer);
  alter role supabase_admin set search_path = "$user", public, auth, extensions;
  alter role supabase_auth_admin set search_path = auth;
  alter role supabase_storage_admin set search_path = storage;
  alter role anon set statement_timeout = '3s';
  alter role authenticated set statement_timeout = '8s';
  alter role authenticator set statement_timeout = '8s';
  alter role authenticator set lock_timeout = '8s';

  grant anon, authenticated, service_role to authenticator;
  grant authenticator to supabase_storage_admin;
  grant pg_monitor to dashboard_user;
  grant pg_read_all_data to supabase_read_only_user;
  execute format(
    'grant anon, authenticated, service_role, pg_monitor, pg_read_all_data, pg_signal_backend to %I%s',
    deployer, administering
  );
  -- So that it may write ALTER ROLE authenticator SET ...; it does not thereby become authenticator.
  if administering <> '' then
    execute format('grant authenticator to %I with admin option, inherit false, set false', deployer);
  end if;

  -- What supautils lets postgres SET there. pgaudit.log_parameter is not among it. Unlike supautils, the grant
  -- covers ALTER DATABASE ... SET too: plain PostgreSQL knows no finer one.
  execute format(
    'grant set on parameter pgaudit.log, pgaudit.log_catalog, pgaudit.log_client, pgaudit.log_level,'
    ' pgaudit.log_relation, pgaudit.log_rows, pgaudit.log_statement, pgaudit.log_statement_once, pgaudit.role,'
    ' session_replication_role, deadlock_timeout, log_lock_waits, log_min_duration_statement, log_min_messages,'
    ' log_statement, log_temp_files, track_io_timing to %I',
    deployer
  );
end
$$;
