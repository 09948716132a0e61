package simulator

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/provider"
)

// none is the kind and forbidden the state of a key that has no effect.
const (
	none      provider.Kind  = "none"
	forbidden provider.State = "forbidden"
)

// Entry is one effect in the provider's records.
type Entry struct {
	provider.Effect
	TokenHash string // SHA-256, hex; of an authorization
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Book returns every effect, declined ones included, ordered by key. Forbidden
// keys have none.
func (s *Simulator) Book(ctx context.Context) ([]Entry, error) {
	var rows []effect
	if err := s.db.WithContext(ctx).Where("kind <> ?", none).Order("key").Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		entries[i] = Entry{Effect: r.provider(), TokenHash: r.TokenHash, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	}
	return entries, nil
}

// effect is a row.
type effect struct {
	Key       string `gorm:"primaryKey"`
	Kind      provider.Kind
	State     provider.State
	Amount    int64
	Currency  money.Currency
	Reference string
	Target    string
	TokenHash string
	Reason    provider.Reason
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName tells GORM the table.
func (effect) TableName() string { return "effects" }

func (e effect) provider() provider.Effect {
	return provider.Effect{
		Key: e.Key, Kind: e.Kind, State: e.State, Amount: money.New(e.Amount, e.Currency),
		Reference: e.Reference, Target: e.Target, Reason: e.Reason,
	}
}

// silentAt reports whether the simulator gives no answer about e at now.
func (e effect) silentAt(now time.Time, unknownFor time.Duration) bool {
	return e.Kind == provider.KindAuthorization && behaviourOf(e.TokenHash).silent && now.Before(e.CreatedAt.Add(unknownFor))
}

// sameRequest returns nil if want is the request that made e.
func (e effect) sameRequest(want effect) error {
	switch {
	case e.State == forbidden:
		return provider.ErrForbidden
	case e.Kind != want.Kind || e.Amount != want.Amount || e.Currency != want.Currency ||
		e.Target != want.Target || e.TokenHash != want.TokenHash:
		return provider.ErrKeyReused
	}
	return nil
}

// read returns the row of key, locked until tx ends, and whether there is one.
func read(tx *gorm.DB, key string) (effect, bool, error) {
	var e effect
	err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("key = ?", key).Take(&e).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return effect{}, false, nil
	}
	return e, err == nil, err
}

// insert writes e unless its key has a row, which it then returns with false.
// Of two at once one waits for the other.
func insert(tx *gorm.DB, e effect) (effect, bool, error) {
	sameKey := clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, DoNothing: true}
	r := tx.Clauses(sameKey).Create(&e)
	if r.Error != nil || r.RowsAffected == 1 {
		return e, r.Error == nil, r.Error
	}
	e, _, err := read(tx, e.Key)
	return e, false, err
}

// request returns the row of a requested effect before it is decided.
func (s *Simulator) request(kind provider.Kind, key string, amount money.Amount) effect {
	now := s.now()
	return effect{
		Key: key, Kind: kind, Amount: amount.Minor, Currency: amount.Currency,
		Reference: reference(kind), CreatedAt: now, UpdatedAt: now,
	}
}

// reference returns the provider's id of a new effect, such as "aut_0198…".
func reference(kind provider.Kind) string {
	return string(kind)[:3] + "_" + uuid.Must(uuid.NewV7()).String()
}

// decide gives e its state, or declines it if reason says why.
func (e *effect) decide(state provider.State, reason provider.Reason) {
	e.State, e.Reason = state, reason
	if reason != "" {
		e.State = provider.Declined
	}
}
