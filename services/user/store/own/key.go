package own

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/rows"
)

// shown returns a key as its owner sees it.
func shown(r rows.Key) user.APIKey {
	return user.APIKey{
		ID: r.ID, Name: r.Name, Scopes: strings.Fields(r.Scopes), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: rows.FromNull(r.ExpiresAt), UsedAt: rows.FromNull(r.UsedAt),
	}
}

// Keys implements [user.Service].
func (s *Own) Keys(ctx context.Context, account string) ([]user.APIKey, error) {
	found, err := rows.Keys(s.DB.WithContext(ctx), account)
	if err != nil {
		return nil, database.Fault(err)
	}
	all := make([]user.APIKey, len(found))
	for i, r := range found {
		all[i] = shown(r)
	}
	return all, nil
}

// CreateKey implements [user.Service].
func (s *Own) CreateKey(ctx context.Context, k user.NewKey) (made user.APIKey, key string, err error) {
	now := s.Now()
	key, id := secret.NewKey()
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		owner, err := rows.Take(rows.Locking(tx), "id = ?", k.Account)
		if err != nil {
			return err
		}
		if err := k.Validate(user.Role(owner.Role), now); err != nil {
			return err
		}
		have, err := rows.Keys(tx, k.Account)
		if err != nil {
			return err
		}
		if len(have) >= user.MaxKeys {
			return fault.Errorf(fault.Business, user.TooMany, "an account has at most %d API keys; revoke one", user.MaxKeys)
		}
		row := rows.Key{ID: id, Account: k.Account, Name: k.Name, Scopes: strings.Join(k.Scopes, " "), Hash: secret.Hash(key), CreatedAt: now}
		if !k.Expires.IsZero() {
			row.ExpiresAt = new(k.Expires.UTC().Truncate(time.Microsecond))
		}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		made = shown(row)
		return s.Record(tx, k.Account, user.KeyCreated, k.By, id, "")
	})
	if err != nil {
		return user.APIKey{}, "", err
	}
	return made, key, nil
}

// RevokeKey implements [user.Service].
func (s *Own) RevokeKey(ctx context.Context, account, id, by string) error {
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := rows.Take(rows.Locking(tx), "id = ?", account); err != nil {
			return err
		}
		row, err := rows.KeyBy(rows.Locking(tx), id)
		switch {
		case err != nil:
			return err
		case row.Account != account:
			return fault.Errorf(fault.Business, fault.NotFound, "there is no such key")
		case row.RevokedAt != nil:
			return nil
		}
		now := s.Now()
		if err := tx.Model(&row).UpdateColumn("revoked_at", now).Error; err != nil {
			return fmt.Errorf("revoke a key: %w", err)
		}
		if err := s.Record(tx, account, user.KeyRevoked, by, id, ""); err != nil {
			return err
		}
		return rows.Revoke(tx, user.KeyRevokedFact, account, user.KeyRevoked, now, id)
	})
}
