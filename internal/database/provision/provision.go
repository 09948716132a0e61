// Package provision creates a role and a database on a PostgreSQL server for each
// service, closed to the others.
package provision

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// lockID is the advisory lock for creating roles and databases: PostgreSQL refuses
// concurrent GRANTs and REVOKEs on one object.
const lockID = 0x616d656e6473 // "amends"

// A service's name becomes part of identifiers, which have at most 63 bytes.
var serviceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// NotOurs is the code of a role or a database of ours by name that another caller
// has made.
const NotOurs fault.Code = "ROLE_NOT_OURS"

// Database creates the role amends_<name> with that password, and the database
// amends_<name> that it owns, on the PostgreSQL server of adminDSN. It returns the
// DSN of that role in that database. PUBLIC, and so the role of every other service,
// loses the right to connect to it. The administrator must be able to create roles
// and databases.
//
// A repeat completes an attempt that was cut off, and otherwise changes nothing.
// Database never changes a password, a role, a right or a database that it has not
// made: it is a fault of kind bug with code [NotOurs] if the server does not admit
// the role with that password, or the database has another owner. A malformed name, an empty password or a
// malformed DSN is one with code INVALID.
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
	defer func() {
		// It ends the session, and the lock with it, even if it fails; every statement has
		// been answered by then, so the failure is none of the caller's.
		_ = conn.Close(context.WithoutCancel(ctx))
	}()
	role := "amends_" + name
	q := u.Query()
	for _, other := range []string{"user", "password", "passfile", "dbname", "database"} {
		q.Del(other) // they would override the user and the path
	}
	u.RawQuery = q.Encode()
	u.User = url.UserPassword(role, password)
	u.Path = "/" + role
	dsn = u.String()
	if err := create(ctx, conn, role, password, dsn); err != nil {
		return "", database.Fault(fmt.Errorf("provision %s: %w", name, err))
	}
	return dsn, nil
}

// create creates role and the database of the same name, whose DSN is dsn. The
// database admits no connection until it is closed to PUBLIC, so one that admits
// none was cut off before.
func create(ctx context.Context, conn *pgx.Conn, role, password, dsn string) error {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockID); err != nil {
		return err
	}
	var hasRole, superuser bool
	var owner string // "": there is no such database
	var open bool
	err := conn.QueryRow(ctx, `SELECT
		EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
		coalesce((SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1), ''),
		coalesce((SELECT datallowconn FROM pg_database WHERE datname = $1), false)`, role).Scan(&hasRole, &superuser, &owner, &open)
	if err != nil {
		return err
	}
	if owner != "" && owner != role {
		return fault.Errorf(fault.Bug, NotOurs, "the database %s is owned by %s", role, owner)
	}
	if hasRole {
		if err := admits(ctx, role, dsn); err != nil || open {
			return err
		}
	}
	id := pgx.Identifier{role}.Sanitize()
	var statements []string
	if !hasRole {
		statements = append(statements, "CREATE ROLE "+id+" LOGIN PASSWORD "+literal(password))
	}
	if owner == "" {
		if !superuser { // only a member of a role can give a database to it
			statements = append(statements, "GRANT "+id+" TO CURRENT_USER")
		}
		// Text compares byte by byte, as in SQLite, regardless of the server's default.
		statements = append(statements, "CREATE DATABASE "+id+" OWNER "+id+
			" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' ALLOW_CONNECTIONS false")
	}
	statements = append(statements, "REVOKE ALL ON DATABASE "+id+" FROM PUBLIC", "ALTER DATABASE "+id+" ALLOW_CONNECTIONS true")
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

// admits returns a fault if the server does not admit role with the password of dsn.
// The server checks the password first, so any later refusal shows that it is right.
func admits(ctx context.Context, role, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		return conn.Close(ctx)
	}
	refusal, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case !answered:
		return err
	case strings.HasPrefix(refusal.Code, "28"): // invalid authorization
		return fault.Wrap(err, fault.Bug, NotOurs, "the role "+role+" exists, and the server does not admit it with this password")
	default:
		return nil
	}
}

// literal returns s as an SQL string that no setting of the server reads
// differently; utility statements take no parameters.
func literal(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	return "E'" + strings.ReplaceAll(s, `'`, `''`) + "'"
}
