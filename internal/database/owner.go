package database

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

const (
	// NotOurs is the code of a database that belongs to another service or to another
	// installation, or that holds tables of unknown origin.
	NotOurs fault.Code = "DATABASE_NOT_OURS"
	// NotUTF8 is the code of a database, or of a connection, that does not keep text
	// as UTF-8.
	NotUTF8 fault.Code = "DATABASE_NOT_UTF8"
)

// Owner is the service that a database must belong to.
type Owner struct {
	// Name is the service's, or that of the external system that a simulator stands
	// for.
	Name string
	// Installation is the name of the installation. Empty: that of the database,
	// whichever it is.
	Installation string
}

// Mark is the record of the owner in the database itself. It is the same for every
// spelling of the address, and a backup has it too.
type Mark struct {
	// ID is random and differs between any two databases. A restored copy keeps it.
	ID string
	// Name and Installation are the owner's.
	Name, Installation string
}

const (
	// markTable has one row. It is not a migration: goose numbers the migrations of
	// all services alike, so it must be known before goose runs whose they are.
	markTable = "amends_owner"
	// gooseTable is that of goose, with the versions that were applied.
	gooseTable = "goose_db_version"
	// claimLock is the advisory lock of a claim, for two that meet on a database
	// without the table.
	claimLock = 0x6f776e6572 // "owner"
)

// Claim marks db as o's, which a service does before it migrates db to s. A repeat
// changes nothing, and of several claims at once by different owners one wins. A
// database without a mark is taken only if it has exactly the tables of s at its
// version, as an empty one has and one of a release that set no marks. An
// installation is added to a mark that has none. Every refusal is a fault of kind
// bug with code [NotOurs] or [NotUTF8].
func (o Owner) Claim(ctx context.Context, db *gorm.DB, s Schema) error {
	if err := utf8(ctx, db); err != nil {
		return err
	}
	return InTx(ctx, db, func(tx *gorm.DB) error {
		if tx.Name() == "postgres" {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", claimLock).Error; err != nil {
				return fmt.Errorf("claim: %w", err)
			}
		}
		have, err := tables(tx)
		if err != nil {
			return err
		}
		if !slices.Contains(have, markTable) {
			if err := s.fits(ctx, tx, have); err != nil {
				return err
			}
			return o.mark(tx)
		}
		m, err := readMark(tx)
		if err != nil {
			return err
		}
		if err := o.agrees(m); err != nil {
			return err
		}
		if m.Installation != "" || o.Installation == "" {
			return nil
		}
		if err := tx.Exec("UPDATE "+markTable+" SET installation = ?", o.Installation).Error; err != nil {
			return fmt.Errorf("claim: %w", err)
		}
		return nil
	})
}

// Check returns the mark of db if db is o's and keeps text as UTF-8; otherwise a
// fault: of kind transient as long as the database has no mark, because it may be
// about to be migrated, and of kind bug if it never will be o's.
func (o Owner) Check(ctx context.Context, db *gorm.DB) (Mark, error) {
	m, err := readMark(db.WithContext(ctx))
	switch {
	case ctx.Err() != nil:
		return Mark{}, fmt.Errorf("check the owner: %w", ctx.Err())
	case absent(err):
		return Mark{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "the database has not been migrated, or by a release that set no marks")
	case err != nil:
		return Mark{}, Fault(err)
	}
	if err := o.agrees(m); err != nil {
		return Mark{}, err
	}
	if o.Installation != m.Installation && o.Installation != "" {
		return Mark{}, fault.Errorf(fault.Transient, fault.Unavailable,
			"the database belongs to no installation yet: `amends migrate` gives it to %s", o.Installation)
	}
	return m, utf8(ctx, db)
}

// agrees returns why o is not the owner that m names, nil if it is. An installation
// that is missing on either side agrees with every other.
func (o Owner) agrees(m Mark) error {
	switch {
	case m.Name != o.Name:
		return fault.Errorf(fault.Bug, NotOurs, "it is the database of %s", m.Name)
	case m.Installation != o.Installation && m.Installation != "" && o.Installation != "":
		return fault.Errorf(fault.Bug, NotOurs, "it belongs to the installation %s, and this is %s", m.Installation, o.Installation)
	}
	return nil
}

// mark creates the table with the mark.
func (o Owner) mark(tx *gorm.DB) error {
	err := tx.Exec("CREATE TABLE " + markTable + " (one bigint PRIMARY KEY CHECK (one = 1), id text NOT NULL, " +
		"name text NOT NULL, installation text NOT NULL, marked_at timestamp NOT NULL)").Error
	if err == nil {
		err = tx.Exec("INSERT INTO "+markTable+" (one, id, name, installation, marked_at) VALUES (1, ?, ?, ?, ?)",
			rand.Text(), o.Name, o.Installation, Now()).Error
	}
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	return nil
}

// Place returns a text that tells db from its copies: on PostgreSQL the identifier of
// the server's data, which a standby shares, and that of the database in it. It is
// empty for SQLite, and for a server that does not tell.
func Place(ctx context.Context, db *gorm.DB) (place string, err error) {
	if db.Name() == "sqlite" {
		return "", nil
	}
	err = db.WithContext(ctx).Raw(`SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()), oid)
		FROM pg_database WHERE datname = current_database()`).Row().Scan(&place)
	switch txn.SQLState(err) {
	case "42501", "42883": // not allowed, or no such function
		return "", nil
	}
	return place, Fault(err)
}

func readMark(db *gorm.DB) (m Mark, err error) {
	err = db.Raw("SELECT id, name, installation FROM "+markTable).Row().Scan(&m.ID, &m.Name, &m.Installation)
	if err != nil {
		return m, fmt.Errorf("read the mark: %w", err)
	}
	return m, nil
}

// absent reports whether err is of a table that does not exist.
func absent(err error) bool {
	const undefinedTable, sqliteError = "42P01", 1 // SQLite has no code of its own for it
	return err != nil && (txn.SQLState(err) == undefinedTable || txn.SQLiteCode(err) == sqliteError)
}

// utf8 returns a fault if text is not kept as UTF-8, as far as db's connection sees
// it.
func utf8(ctx context.Context, db *gorm.DB) error {
	sql := "SELECT current_setting('server_encoding'), current_setting('client_encoding')"
	if db.Name() == "sqlite" {
		sql = "SELECT encoding, encoding FROM pragma_encoding"
	}
	var kept, sent string
	if err := db.WithContext(ctx).Raw(sql).Row().Scan(&kept, &sent); err != nil {
		return Fault(fmt.Errorf("read the encoding: %w", err))
	}
	for _, encoding := range []string{kept, sent} {
		if encoding != "UTF8" && encoding != "UTF-8" {
			return fault.Errorf(fault.Bug, NotUTF8, "its text must be UTF-8, and is %s", encoding)
		}
	}
	return nil
}
