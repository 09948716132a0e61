// Package provision creates a role and a database on a PostgreSQL server for each
// service, closed to the others.
package provision

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// lockID is the advisory lock for creating roles and databases: PostgreSQL refuses
// concurrent GRANTs and REVOKEs on one object.
const lockID = 0x616d656e6473 // "amends"

// A service's name becomes part of identifiers, which have at most 63 bytes.
var serviceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// Database creates the role amends_<name> with that password, and the database
// amends_<name> that it owns, on the PostgreSQL server of adminDSN. It returns the
// DSN of that role in that database. No other role may connect to the database, nor
// the role to another one: PUBLIC loses the right to connect to it, to the server's
// databases postgres and template1 and, through this function, to those of the
// other services. The administrator must be able to create roles and databases;
// only the owner of postgres and template1 can close these two.
//
// A repeat resets the password and the rights and keeps the data. A malformed name,
// an empty password or a malformed DSN is a fault of kind bug.
func Database(ctx context.Context, adminDSN, name, password string) (dsn string, err error) {
	if !serviceName.MatchString(name) {
		return "", fault.Errorf(fault.Bug, fault.Invalid, "%.64q cannot name a database", name)
	}
	if password == "" || strings.ContainsRune(password, 0) {
		return "", fault.Errorf(fault.Bug, fault.Invalid, "the role of %s needs a password", name)
	}
	u, err := url.Parse(adminDSN)
	if err != nil || !database.IsPostgres(adminDSN) { // err holds the DSN
		return "", fault.Errorf(fault.Bug, fault.Invalid, "malformed DSN %s", database.Redact(adminDSN))
	}
	conn, err := pgx.Connect(ctx, adminDSN)
	if err != nil {
		return "", database.Fault(fmt.Errorf("provision %s: %w", name, err))
	}
	defer func() { // closing also releases the lock; no work is pending
		_ = conn.Close(context.WithoutCancel(ctx))
	}()
	role := "amends_" + name
	if err := create(ctx, conn, role, password); err != nil {
		return "", database.Fault(fmt.Errorf("provision %s: %w", name, err))
	}
	q := u.Query()
	for _, other := range []string{"user", "password", "passfile", "dbname", "database"} {
		q.Del(other) // they would override the user and the path
	}
	u.RawQuery = q.Encode()
	u.User = url.UserPassword(role, password)
	u.Path = "/" + role
	return u.String(), nil
}

// create creates role and the database of the same name.
func create(ctx context.Context, conn *pgx.Conn, role, password string) error {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockID); err != nil {
		return err
	}
	var hasRole, hasDatabase, superuser bool
	err := conn.QueryRow(ctx, `SELECT
		EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $1),
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`, role).Scan(&hasRole, &hasDatabase, &superuser)
	if err != nil {
		return err
	}
	id := pgx.Identifier{role}.Sanitize()
	var statements []string
	if !hasRole {
		statements = append(statements, "CREATE ROLE "+id)
	}
	if !superuser { // only a member of a role can give a database to it
		statements = append(statements, "GRANT "+id+" TO CURRENT_USER")
	}
	if !hasDatabase {
		// Text compares byte by byte, as in SQLite, regardless of the server's default.
		statements = append(statements, "CREATE DATABASE "+id+" OWNER "+id+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
	}
	statements = append(
		statements,
		"ALTER ROLE "+id+" LOGIN PASSWORD "+literal(password),
		"ALTER DATABASE "+id+" OWNER TO "+id,
		"REVOKE ALL ON DATABASE "+id+" FROM PUBLIC",
		"REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
	)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

// literal returns s as an SQL string that no setting of the server reads
// differently; utility statements take no parameters.
func literal(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	return "E'" + strings.ReplaceAll(s, `'`, `''`) + "'"
}
