// Package signing keeps the keys that sign access tokens, and rotates them.
//
// A key signs for [Every]; its successor is in the list of public keys [Announced] before
// it signs, so that a gateway has it by then. The key that signed before stays in the list
// for [Kept]. The private part is sealed with AES-256-GCM: a copy of
// the database cannot sign. docs/adr/0050 says why.
package signing

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
)

const (
	// Every is how long a key signs.
	Every = 30 * 24 * time.Hour
	// Announced is how long a key is shown before it signs.
	Announced = time.Hour

	// Kept is how long a key is shown after its successor began. A token needs minutes; the
	// rest is for a change of the service's secret, process by process: those with the old
	// secret sign with the old key, which is the newest that they can open.
	Kept = 24 * time.Hour

	reread = time.Minute // between two looks at the table
)

type row struct {
	Number   int64 `gorm:"primaryKey;autoIncrement:false"`
	ID       string
	Public   string
	Sealed   string
	StartsAt time.Time
}

func (row) TableName() string { return "signing_keys" }

// Ring has the signing keys of a database.
type Ring struct {
	db   *gorm.DB
	seal cipher.AEAD

	mu     sync.Mutex
	key    token.PrivateKey
	readAt time.Time
}

// New returns the ring of a database. seal is a key of 32 bytes that is not in it.
func New(db *gorm.DB, seal []byte) (*Ring, error) {
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Ring{db: db, seal: aead}, nil
}

// Current returns the key that signs now. It makes the first one, the successor of one
// that ends soon, and a new one if none can be opened because the secret has changed.
func (r *Ring) Current(ctx context.Context, now time.Time) (token.PrivateKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := now.Sub(r.readAt); r.key.ID != "" && since >= 0 && since < reread {
		return r.key, nil
	}
	for range 3 { // another process may make the same key
		rows, err := r.rows(ctx)
		if err != nil {
			return token.PrivateKey{}, err
		}
		key, found := r.open(rows, now)
		if found && rows[0].StartsAt.Add(Every).After(now.Add(Announced)) {
			r.key, r.readAt = key, now
			return key, nil
		}
		starts := now
		if found {
			starts = now.Add(Announced)
		}
		if err := r.add(ctx, rows, starts); err != nil {
			return token.PrivateKey{}, err
		}
	}
	return token.PrivateKey{}, fault.Errorf(fault.Transient, fault.Unavailable, "no signing key could be made")
}

// Public returns the keys whose tokens may be valid now or soon.
func (r *Ring) Public(ctx context.Context, now time.Time) (token.Keys, error) {
	if _, err := r.Current(ctx, now); err != nil {
		return nil, err
	}
	rows, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	keys := token.Keys{}
	for i, row := range rows {
		public, err := base64.StdEncoding.DecodeString(row.Public)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return nil, fault.Errorf(fault.Bug, fault.Internal, "signing key %s is damaged", row.ID)
		}
		if i > 0 && rows[i-1].StartsAt.Add(Kept).Before(now) {
			break
		}
		keys = append(keys, token.PublicKey{ID: row.ID, Key: public})
	}
	return keys, nil
}

// rows returns the keys, the newest first.
func (r *Ring) rows(ctx context.Context) (rows []row, err error) {
	if err := r.db.WithContext(ctx).Order("number DESC").Limit(10).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return rows, nil
}

// open returns the newest key that has started and can be opened.
func (r *Ring) open(rows []row, now time.Time) (token.PrivateKey, bool) {
	for _, row := range rows {
		if row.StartsAt.After(now) {
			continue
		}
		sealed, err := base64.StdEncoding.DecodeString(row.Sealed)
		if err != nil {
			continue
		}
		seed, err := r.seal.Open(nil, nil, sealed, []byte(row.ID))
		if err != nil || len(seed) != ed25519.SeedSize {
			continue // of another secret
		}
		return token.PrivateKey{ID: row.ID, Key: ed25519.NewKeyFromSeed(seed)}, true
	}
	return token.PrivateKey{}, false
}

// add makes the next key, unless another process has.
func (r *Ring) add(ctx context.Context, rows []row, starts time.Time) error {
	id, err1 := uuid.NewV7()
	public, private, err2 := ed25519.GenerateKey(nil)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	next := row{Number: 1, ID: id.String(), StartsAt: starts, Public: base64.StdEncoding.EncodeToString(public)}
	if len(rows) > 0 {
		next.Number = rows[0].Number + 1
	}
	//nolint:gosec // the AEAD draws a nonce itself, and refuses one
	next.Sealed = base64.StdEncoding.EncodeToString(r.seal.Seal(nil, nil, private.Seed(), []byte(next.ID)))
	if err := r.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&next).Error; err != nil {
		return fmt.Errorf("keep a signing key: %w", err)
	}
	return nil
}
