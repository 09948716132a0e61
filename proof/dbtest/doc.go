// Package dbtest gives every test a fresh database, on SQLite and on PostgreSQL.
package dbtest
