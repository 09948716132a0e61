// Package shop is an online shop as one program with one database: products, stock, users
// and orders, each order in one transaction. It is written the ordinary way: it is the
// monolith that docs/strangler.md strangles.
//
// Three parts were added for that, and nothing else: the export ([Shop.export]), the door of
// stock ([door]), through which it reserves at the inventory service once it is told to, and
// the place where orders are written back ([Shop.writeBack]).
package shop

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver
)

//go:embed schema.sql
var schema string

// Options configure a [Shop].
type Options struct {
	// Database is the file of the database; it is created if it is missing.
	Database string
	// GatewaySecret verifies the account that a gateway names in Amends-Account, and
	// GatewayName is the shop's name there. Empty: the header is ignored.
	GatewaySecret, GatewayName string
	// Token is the secret of those who import, write back and answer for stock. Empty: the
	// back door is shut.
	Token string
	// Inventory is the address of the door of stock, once and for all; see [Shop.moveStock].
	// Empty: the shop keeps its own stock until it is told otherwise.
	Inventory string
	Logger    *slog.Logger
}

// Shop is the monolith.
type Shop struct {
	o       Options
	db      *sql.DB
	door    atomic.Pointer[door] // nil: the shop keeps its own stock
	placing sync.RWMutex         // held for reading by placements; see pause
	paused  struct {
		sync.Mutex

		last, now int // numbers of pauses; now is 0 without one
		timer     *time.Timer
	}
}

// Open opens the shop's database.
func Open(ctx context.Context, o Options) (*Shop, error) {
	// An immediate transaction waits for its turn at the beginning, so none fails in the middle.
	db, err := sql.Open("sqlite", "file:"+o.Database+"?_txlock=immediate&_pragma=busy_timeout(15000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Shop{o: o, db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *Shop) prepare(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("make the tables: %w", err)
	}
	if s.o.Inventory != "" {
		return s.moveStock(ctx, s.o.Inventory)
	}
	var address string
	err := s.db.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = 'door'").Scan(&address)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	s.door.Store(newDoor(address, s.o.Token))
	return nil
}

// Close closes the database.
func (s *Shop) Close() error { return s.db.Close() }

// in runs f in one transaction.
func (s *Shop) in(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// now returns the time as it is stored: in UTC, with microseconds, as long as any other.
func now() string { return stamp(time.Now()) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// refusal is an answer to a client.
type refusal struct {
	status int
	code   string
	detail string
}

func (r refusal) Error() string { return r.code + ": " + r.detail }

func refuse(status int, code, detail string) error { return refusal{status, code, detail} }
