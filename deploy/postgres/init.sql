-- A database and a role for every service and every simulator. No role can
-- connect to another's database, so only a service itself reaches its tables.
--
-- For psql, as a superuser, on a server that has none of them yet:
--
--   psql -X -f init.sql postgres
--
-- A role's password is POSTGRES_<NAME>_PASSWORD in psql's environment, without a
-- default. A missing one stops the script before it creates anything.
-- `-v prefix=shop_` names the databases and roles shop_order … instead of
-- amends_order …

\set ON_ERROR_STOP on
\if :{?prefix}
\else
\set prefix amends_
\endif

\getenv order POSTGRES_ORDER_PASSWORD
\getenv catalog POSTGRES_CATALOG_PASSWORD
\getenv inventory POSTGRES_INVENTORY_PASSWORD
\getenv payment POSTGRES_PAYMENT_PASSWORD
\getenv shipping POSTGRES_SHIPPING_PASSWORD
\getenv user POSTGRES_USER_PASSWORD
\getenv query POSTGRES_QUERY_PASSWORD
\getenv notification POSTGRES_NOTIFICATION_PASSWORD
\getenv support POSTGRES_SUPPORT_PASSWORD
\getenv provider POSTGRES_PROVIDER_PASSWORD
\getenv carrier POSTGRES_CARRIER_PASSWORD
\getenv messenger POSTGRES_MESSENGER_PASSWORD

-- psql leaves an unset variable as it is, which is then a syntax error.
CREATE TEMPORARY TABLE amends_role AS
SELECT :'prefix' || name AS name, password
FROM (VALUES
  ('order', :'order'),
  ('catalog', :'catalog'),
  ('inventory', :'inventory'),
  ('payment', :'payment'),
  ('shipping', :'shipping'),
  ('user', :'user'),
  ('query', :'query'),
  ('notification', :'notification'),
  ('support', :'support'),
  ('provider', :'provider'),
  ('carrier', :'carrier'),
  ('messenger', :'messenger')
) AS r (name, password);

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', name, password) FROM amends_role \gexec
-- Text compares byte by byte, as it does in SQLite, whatever the server's default.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C''', name, name) FROM amends_role \gexec
-- By default PUBLIC may connect to every new database. The server's own, postgres and
-- template1, stay as they are: others may use them.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', name) FROM amends_role \gexec
