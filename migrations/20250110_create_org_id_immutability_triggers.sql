-- The trigger function that keeps a row with its organization for good. Every tenant table of the set fires it
-- before each update of a row.
--
-- transaction: own

begin;
-- Whoever comes while it waits for a lock queues behind it: give up soon, and run the file again.
set local lock_timeout = '400ms';
set local statement_timeout = '2min';
set local search_path = '';

create or replace function public.prevent_org_id_change() returns trigger
language plpgsql
set search_path = ''
as $function$
begin
  -- Anywhere else it would let a change pass unseen, so it refuses to be attached there.
  if tg_when <> 'BEFORE' or tg_level <> 'ROW' or tg_op <> 'UPDATE' then
    raise exception 'prevent_org_id_change() is for BEFORE UPDATE FOR EACH ROW, not % % FOR EACH %',
      tg_when, tg_op, tg_level
      using errcode = 'trigger_protocol_violated';
  end if;

  -- A value may be written where there is none yet: so does the backfill of processed_webhook_events.
  if old.org_id is not null and new.org_id is distinct from old.org_id then
    raise exception 'org_id is immutable'
      using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'org_id';
  end if;
  return new;
end
$function$;

-- The server does not ask for EXECUTE when a trigger fires, only when one is created.
revoke all on function public.prevent_org_id_change() from public, anon, authenticated, service_role;

comment on function public.prevent_org_id_change() is
  'Trigger function: fails with "org_id is immutable" when an update would change or empty org_id, for every role.';

commit;
