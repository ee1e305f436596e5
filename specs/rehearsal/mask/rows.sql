-- Its rows. Every secret holds "secret", "Secret" or "SECRET", or is named in the spec.
insert into public.countries values ('SECRETIA', 'Secret Land'), ('DE', 'Secret Germany');
insert into public.people (email, login, name, phone, status, mood, country, tags, profile, raw, initials, born, address, network,
  card, photo, sheet, extra, contact, found, number, token, site, row_key, notes)
select
  'secret.person' || n || '@secret-mail.test', 'SecretLogin' || n, 'Secret Person ' || n, '+49171' || 5550000 + n,
  (array['active', 'left', 'on hold'])[n % 3 + 1], (array['calm', 'upset'])[n % 2 + 1], (array['SECRETIA', 'DE', null])[n % 3 + 1],
  array['secret tag', 'Secret "quoted" ' || n], jsonb_build_object('role', 'owner', 'full_name', 'Secret Person ' || n, 'n', n,
    'secret' || n || '@key.test', true),
  '{"remark" :  "Secret \u00e9 value"}', 'SCRT', '1980-01-01', ('10.11.12.' || n % 250)::inet, '10.11.0.0/16', '08:00:2b:01:02:03',
  'secret bytes'::bytea, '<p who="Secret Attribute">Secret text</p>', 'k=>"Secret value"', row('Secret Contact', 7, array['secret@c.test'])::public.contact,
  to_tsvector('simple', 'secretlexeme' || n), 'INV-' || 10000 + n, md5('secret' || n), 'https://secret-site.test/' || n,
  '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), repeat('Secret note. ', 300)
from generate_series(1, 300) n;
insert into public.people (email, login, name, phone, notes) values ('a@b.c', null, 'x', null, '');
insert into public.bookings
  select 'Secret Room ' || n % 5, tstzrange(now() + n * interval '1 day', now() + (n + 1) * interval '1 day'), 'Secret Guest'
  from generate_series(1, 50) n;
insert into public.codes select n::text, null from generate_series(0, 99) n;
insert into public.codes select chr(n), chr(n) from generate_series(97, 122) n;
insert into public.events select case when n % 2 = 0 then 'call' else 'sms' end, now() + n * interval '1 s', 'Secret Person ' || n
  from generate_series(1, 100) n;
insert into public.notices select kind, at from public.events;
insert into public.ledger select 'Secret entry ' || n, 'secret.person' || n || '@secret-mail.test' from generate_series(1, 20) n;
insert into public.schema_migrations values ('20240101', array['create table plan ()']);
insert into auth.users (id, email, phone, raw_app_meta_data, raw_user_meta_data)
  select gen_random_uuid(), 'secret.person' || n || '@secret-mail.test', '+49171' || 5550000 + n,
    jsonb_build_object('org_id', '00000000-0000-4000-8000-000000000001', 'role', 'owner'), jsonb_build_object('name', 'Secret Person')
  from generate_series(1, 20) n;
select lo_from_bytea(0, convert_to(repeat('Secret object. ', 10000), 'UTF8'));
create materialized view public.roll as select name, email from public.people;
create index on public.roll (name);
create materialized view public.mails as select email from public.roll;
analyze;
alter table public.people alter name set statistics 0;
