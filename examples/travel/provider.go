package travel

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

// Simulator is a [Provider] with a book of its own, in the table charge of its database. It
// declines the token "tok_declined".
type Simulator struct{ DB *gorm.DB }

// Charge implements [Provider].
func (s Simulator) Charge(ctx context.Context, key string, c Charge) (string, error) {
	state := "charged"
	if c.Token == "tok_declined" {
		state = "declined"
	}
	err := s.DB.WithContext(ctx).Exec("INSERT INTO charge (key, state, cents) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key, state, c.Cents).Error
	if err != nil {
		return "", err
	}
	receipt, found, err := s.Find(ctx, key)
	if err == nil && !found {
		err = fault.Errorf(fault.Suspension, fault.Suspended, "the key is forbidden")
	}
	return receipt, err
}

// Find implements [Provider].
func (s Simulator) Find(ctx context.Context, key string) (string, bool, error) {
	var state string
	err := s.DB.WithContext(ctx).Raw("SELECT state FROM charge WHERE key = ?", key).Scan(&state).Error
	switch {
	case err != nil:
		return "", false, err
	case state == "declined":
		return "", true, fault.Errorf(fault.Business, "CARD_DECLINED", "the card was declined")
	default:
		return "receipt of " + key, state == "charged", nil
	}
}

// Forbid implements [Provider].
func (s Simulator) Forbid(ctx context.Context, key string) (string, bool, error) {
	err := s.DB.WithContext(ctx).Exec("INSERT INTO charge (key, state, cents) VALUES (?, 'forbidden', 0) ON CONFLICT DO NOTHING", key).Error
	if err != nil {
		return "", false, err
	}
	return s.Find(ctx, key)
}
