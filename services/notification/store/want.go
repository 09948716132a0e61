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

// Erase removes the addresses of erased accounts, the suppressions of these addresses too,
// and drops the messages that the accounts still were to get. A repeat changes nothing.
func (s *Store) Erase(tx *gorm.DB, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	var dropped []row
	now := s.now()
	err := tx.Raw("UPDATE deliveries SET state = ?, reason = ?, ended_at = ? WHERE recipient IN ? AND state = ? RETURNING *",
		notification.Dropped, notification.Erased, now, accounts, notification.Wanted).Scan(&dropped).Error
	if err != nil {
		return err
	}
	for _, r := range dropped {
		if err := tell(tx, r); err != nil {
			return err
		}
	}
	if err := lift(tx, accounts); err != nil {
		return err
	}
	return tx.Exec("UPDATE deliveries SET address = '', locale = '' WHERE recipient IN ?", accounts).Error
}

// lift ends the suppressions of all addresses of accounts: a hash still tells whose it is to
// those who guess it.
func lift(tx *gorm.DB, accounts []string) error {
	var used []row
	err := tx.Model(&row{}).Distinct("channel", "address").Where("recipient IN ? AND address <> ''", accounts).Find(&used).Error
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
	data := notification.SentData{Delivery: r.ID, Kind: r.Kind, Subject: r.Subject, Channel: r.Channel, Recipient: r.Recipient}
	if r.State == notification.Sent {
		return outbox.Tell(tx, notification.SentFact.New(key, "", data)) //nolint:wrapcheck // a fault, or the database's error
	}
	return outbox.Tell(tx, notification.FailedFact.New(key, "", notification.FailedData{SentData: data, Code: r.Reason})) //nolint:wrapcheck // the same
}

// keepAddress is how long the address of a delivery is kept that has ended.
const keepAddress = 90 * 24 * time.Hour
