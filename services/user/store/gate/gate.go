// Package gate has the part of the user service that gateways verify tokens by.
package gate

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/ended"
	"github.com/amends/amends/services/user/store/rows"
)

// Gate implements [token.Source].
type Gate struct{ *rows.Base }

// New returns the part on b.
func New(b *rows.Base) *Gate { return &Gate{b} }

// usedEvery is how exactly the last use of a key is kept.
const usedEvery = time.Minute

// SigningKeys implements [token.Source].
func (s *Gate) SigningKeys(ctx context.Context) (token.Keys, error) {
	keys, err := s.Signing.Public(ctx, s.Now())
	return keys, database.Fault(err)
}

// Revocations implements [token.Source].
func (s *Gate) Revocations(ctx context.Context, after int64) (token.Revocations, error) {
	r, err := ended.Read(s.DB.WithContext(ctx), after, s.Now())
	return r, database.Fault(err)
}

// CheckSession implements [token.Source].
func (s *Gate) CheckSession(ctx context.Context, id string) error {
	row, err := rows.SessionBy(s.DB.WithContext(ctx), id)
	if err != nil {
		return database.Fault(err)
	}
	if !row.Open(s.Now()) {
		return fault.Errorf(fault.Business, token.Unauthenticated, "the session has ended")
	}
	return nil
}

// CheckKey implements [token.Source].
func (s *Gate) CheckKey(ctx context.Context, key string) (token.Identity, error) {
	db, now := s.DB.WithContext(ctx), s.Now()
	row, err := rows.KeyBy(db, secret.KeyOf(key))
	if err != nil {
		return token.Identity{}, database.Fault(err)
	}
	if !secret.Same(key, row.Hash) || row.RevokedAt != nil || row.ExpiresAt != nil && !row.ExpiresAt.After(now) {
		return token.Identity{}, notAKey()
	}
	owner, err := rows.Look(db, "id = ?", row.Account)
	if err != nil {
		return token.Identity{}, database.Fault(err)
	}
	if owner.ID == "" || owner.Shut() {
		return token.Identity{}, notAKey()
	}
	if row.UsedAt == nil || now.Sub(*row.UsedAt) >= usedEvery {
		err := database.Retry(ctx, s.DB, func(db *gorm.DB) error {
			return db.Model(&row).UpdateColumn("used_at", now).Error
		})
		if err != nil {
			return token.Identity{}, err
		}
	}
	scopes := slices.DeleteFunc(strings.Fields(row.Scopes), func(scope string) bool {
		return !slices.Contains(user.Role(owner.Role).Scopes(), scope)
	})
	return token.Identity{Account: owner.ID, Key: row.ID, Scopes: scopes, Expires: rows.FromNull(row.ExpiresAt)}, nil
}

func notAKey() error {
	return fault.Errorf(fault.Business, token.Unauthenticated, "the API key is not valid, or not any more")
}
