package entry

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/rows"
)

// Refresh implements [user.Service].
func (s *Entry) Refresh(ctx context.Context, refreshToken string) (user.Tokens, error) {
	given, err := s.Derived.ReadRefresh(refreshToken)
	if err != nil {
		return user.Tokens{}, user.Over()
	}
	key, err := s.Signing.Current(ctx, s.Now())
	if err != nil {
		return user.Tokens{}, database.Fault(err)
	}
	var o *opening
	if err := database.InTx(ctx, s.DB, func(tx *gorm.DB) (err error) {
		o, err = s.refresh(tx, refreshToken, given)
		return err
	}); err != nil {
		return user.Tokens{}, err
	}
	if o == nil {
		return user.Tokens{}, user.Over()
	}
	return s.tokens(key, o.account, o.session, o.refresh)
}

// refresh returns the session with the successor of a token, nil if there is none. An old
// token of the family ends the session: of its two holders one is a thief, and the service
// cannot know which.
func (s *Entry) refresh(tx *gorm.DB, refreshToken string, given secret.Refresh) (*opening, error) {
	row, err := rows.SessionBy(rows.Locking(tx), given.Session)
	if err != nil || !row.Open(s.Now()) {
		return nil, err
	}
	next := s.Derived.NextRefresh(given)
	switch {
	case secret.Same(refreshToken, row.Token):
		if err := s.rotate(tx, &row, next); err != nil {
			return nil, err
		}
	case secret.Same(refreshToken, row.Predecessor) && s.Now().Before(row.RefreshedAt.Add(user.Grace)):
		if !secret.Same(next, row.Token) {
			return nil, nil //nolint:nilnil // the service's secret has changed: the successor cannot be derived again
		}
	case given.Genuine && given.Generation < row.Generation:
		return nil, s.End(tx, row.Account, user.TokenReused, row)
	default:
		return nil, nil //nolint:nilnil // not a token of the family
	}
	account, err := rows.Take(tx, "id = ?", row.Account)
	if err != nil {
		return nil, err
	}
	return &opening{account: account, session: row, refresh: next}, nil
}

// rotate makes next the current token of a session.
func (s *Entry) rotate(tx *gorm.DB, row *rows.Session, next string) error {
	now := s.Now()
	row.Generation, row.Predecessor, row.Token, row.RefreshedAt = row.Generation+1, row.Token, secret.Hash(next), now
	row.ExpiresAt = now.Add(user.SessionIdle)
	if most := row.CreatedAt.Add(user.SessionMost); most.Before(row.ExpiresAt) {
		row.ExpiresAt = most
	}
	if err := tx.Save(row).Error; err != nil {
		return fmt.Errorf("rotate the token: %w", err)
	}
	return nil
}
