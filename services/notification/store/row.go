package store

import (
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
)

// row is a delivery.
type row struct {
	ID         string `gorm:"primaryKey"`
	Kind       notification.Kind
	Subject    string
	Occurrence string
	Channel    notification.Channel
	Recipient  string
	Facts      string
	State      notification.State
	Reason     fault.Code
	Address    string
	Locale     string
	Attempts   int64
	Provider   string
	CreatedAt  time.Time
	NextAt     time.Time
	ExpiresAt  time.Time
	EndedAt    *time.Time
}

// TableName implements gorm's Tabler.
func (row) TableName() string { return "deliveries" }

func (r row) public() (notification.Delivery, error) {
	d := notification.Delivery{
		ID: r.ID, Kind: r.Kind, Subject: r.Subject, Occurrence: r.Occurrence, Channel: r.Channel, Recipient: r.Recipient,
		State: r.State, Reason: r.Reason, Address: r.Address, Locale: r.Locale, Attempts: r.Attempts, Provider: r.Provider,
		CreatedAt: r.CreatedAt.UTC(), NextAt: r.NextAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
	if r.EndedAt != nil {
		d.EndedAt = r.EndedAt.UTC()
	}
	if err := json.Unmarshal([]byte(r.Facts), &d.Facts); err != nil {
		return d, fault.Errorf(fault.Bug, fault.Internal, "delivery %s: its facts: %w", r.ID, err)
	}
	return d, nil
}

func public(rows []row) ([]notification.Delivery, error) {
	all := make([]notification.Delivery, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.public(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rowOf returns a new delivery of a notice by a channel.
func rowOf(n notification.Notice, c notification.Channel, now time.Time) (row, error) {
	rule, err := notification.RuleOf(n.Kind)
	if err != nil {
		return row{}, err //nolint:wrapcheck // a fault
	}
	facts, err := json.Marshal(n.Facts)
	if err != nil {
		return row{}, fault.Errorf(fault.Bug, fault.Internal, "notice %s of %s: %w", n.Kind, n.Subject, err)
	}
	return row{
		ID: n.Key(c), Kind: n.Kind, Subject: n.Subject, Occurrence: n.Occurrence, Channel: c, Recipient: n.Recipient,
		Facts: string(facts), State: notification.Wanted, CreatedAt: now, NextAt: now, ExpiresAt: n.At.Add(rule.Lasts).UTC(),
	}, nil
}
