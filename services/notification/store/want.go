package store

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/services/notification"
)

// Want writes the deliveries of notices, in the transaction that takes the facts. A notice
// that was taken before changes nothing.
func (s *Store) Want(tx *gorm.DB, notices []notification.Notice) error {
	var all []row
	for _, n := range notices {
		for _, c := range notification.Always {
			r, err := rowOf(n, c, s.now())
			if err != nil {
				return err
			}
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&all).Error
}

// Gone are those whose personal data is to go.
type Gone struct {
	Accounts []string
	Orders   []string // the customers of each
}

// deliveries selects those to the accounts, and about the orders.
func (g Gone) deliveries() clause.Expr {
	return gorm.Expr("(recipient IN ? OR subject IN ? AND kind IN ?)", g.Accounts, g.Orders, notification.AboutOrders)
}

// Erase removes the addresses of deliveries, the suppressions of these addresses too, and
// drops the messages that still were to be sent. A repeat changes nothing.
func (s *Store) Erase(tx *gorm.DB, g Gone) error {
	if len(g.Accounts)+len(g.Orders) == 0 {
		return nil
	}
	var dropped []row
	err := tx.Raw("UPDATE deliveries SET state = ?, reason = ?, ended_at = ? WHERE ? AND state = ? RETURNING *",
		notification.Dropped, notification.Erased, s.now(), g.deliveries(), notification.Wanted).Scan(&dropped).Error
	if err != nil {
		return err
	}
	if err := lift(tx, g); err != nil {
		return err
	}
	if err := tx.Exec("UPDATE deliveries SET address = '', locale = '' WHERE ?", g.deliveries()).Error; err != nil {
		return err
	}
	for _, r := range dropped { // at last, as elsewhere: it takes a lock
		if err := tell(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// lift ends the suppressions of all addresses of deliveries: a hash still tells whose it is to
// those who guess it.
func lift(tx *gorm.DB, g Gone) error {
	var used []row
	err := tx.Model(&row{}).Distinct("channel", "address").Where("? AND address <> ''", g.deliveries()).Find(&used).Error
	if err != nil {
		return err
	}
	for _, r := range used {
		if err := tx.Delete(&suppression{Channel: string(r.Channel), Address: hash(r.Address)}).Error; err != nil {
			return err
		}
	}
	return nil
}

// tell tells the end of a delivery, under its account or, of a guest's, the order.
func tell(tx *gorm.DB, r row) error {
	key := r.Recipient
	if key == notification.Guest {
		key = r.Subject
	}
	if err := queue(tx, key); err != nil {
		return err
	}
	data := notification.SentData{Delivery: r.ID, Kind: r.Kind, Subject: r.Subject, Channel: r.Channel, Recipient: r.Recipient}
	if r.State == notification.Sent {
		return outbox.Tell(tx, notification.SentFact.New(key, "", data)) //nolint:wrapcheck // a fault, or the database's error
	}
	return outbox.Tell(tx, notification.FailedFact.New(key, "", notification.FailedData{SentData: data, Code: r.Reason})) //nolint:wrapcheck // the same
}

// queue has the transactions that tell under a key follow each other, so that their facts are
// committed in the order of the outbox. Other services lock the row that the key is of; a
// recipient has none here.
func queue(tx *gorm.DB, key string) error {
	if tx.Name() != "postgres" {
		return nil // SQLite has one writer
	}
	return tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", key).Error
}

// keepAddress is how long the address of a delivery is kept that has ended.
const keepAddress = 90 * 24 * time.Hour
