package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/shipping/carrier"
)

// forbidden is the state of a key that never has a booking. No [carrier.Booking] has
// it.
const forbidden = "forbidden"

// Entry is one row of the carrier's records.
type Entry struct {
	Key            string
	State          string // "booked", "cancelled" or "forbidden"
	Warehouse      string // empty if forbidden
	TrackingNumber string // empty if forbidden
	LostReplies    int64  // how many replies to Book were lost on purpose
}

// Entries returns all records by key, for comparing them with the shipping service's.
func (s *Simulator) Entries(ctx context.Context) ([]Entry, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Order("booking_key").Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	entries := make([]Entry, 0, len(rows))
	for _, r := range rows {
		entries = append(entries, Entry{
			Key: r.BookingKey, State: r.State, Warehouse: r.Warehouse,
			TrackingNumber: r.trackingNumber(), LostReplies: r.LostReplies,
		})
	}
	return entries, nil
}

type row struct {
	BookingKey     string `gorm:"primaryKey"`
	State          string
	Warehouse      string
	TrackingNumber *string // nil exactly if forbidden
	Fingerprint    string
	LostReplies    int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

func (row) TableName() string { return "bookings" }

// newRow returns the first booking of p under key.
func newRow(key string, p carrier.Parcel) (row, error) {
	number, err := newTrackingNumber()
	if err != nil {
		return row{}, err
	}
	sum, err := fingerprint(p)
	if err != nil {
		return row{}, err
	}
	t := database.Now()
	return row{
		BookingKey: key, State: string(carrier.Booked), Warehouse: p.Warehouse, TrackingNumber: &number,
		Fingerprint: sum, CreatedAt: t, UpdatedAt: t,
	}, nil
}

func (r row) trackingNumber() string {
	if r.TrackingNumber == nil {
		return ""
	}
	return *r.TrackingNumber
}

// booking returns the booking of r; a forbidden key has none.
func (r row) booking() carrier.Booking {
	if r.TrackingNumber == nil {
		return carrier.Booking{}
	}
	return carrier.Booking{Carrier: Name, TrackingNumber: *r.TrackingNumber, State: carrier.State(r.State)}
}

// find reads the row under key.
func find(db *gorm.DB, key string) (row, bool, error) {
	var rows []row
	if err := db.Where("booking_key = ?", key).Limit(1).Find(&rows).Error; err != nil {
		return row{}, false, err
	}
	if len(rows) == 0 {
		return row{}, false, nil
	}
	return rows[0], true, nil
}

// insert writes fresh unless its key is taken, and returns the stored row and whether
// it is fresh. It waits for a concurrent insert of the same key.
func insert(db *gorm.DB, fresh row) (row, bool, error) {
	res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh)
	if res.Error != nil {
		return row{}, false, res.Error
	}
	if res.RowsAffected == 1 {
		return fresh, true, nil
	}
	there, _, err := find(db, fresh.BookingKey)
	return there, false, err
}

// fingerprint identifies a parcel.
func fingerprint(p carrier.Parcel) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
