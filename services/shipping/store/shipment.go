package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
)

// Shipment is one row: this service's record of one key at the carrier.
type Shipment struct {
	Key string // the idempotency key that the carrier knows
	// Saga is the order that the parcel belongs to.
	Saga string
	// Refusal is why the carrier refused the parcel, or empty.
	Refusal fault.Code
	// Shipment has a carrier and a tracking number only if it was booked.
	shipping.Shipment
}

// Track implements [shipping.Store].
func (s *Store) Track(ctx context.Context, saga string) ([]shipping.Shipment, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Where("saga = ?", saga).Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read the shipments: %w", err))
	}
	shipments := make([]shipping.Shipment, 0, len(rows))
	for _, r := range rows {
		shipments = append(shipments, r.shipment().Shipment)
	}
	// Not in SQL: databases and collations disagree on the order of text.
	slices.SortStableFunc(shipments, func(a, b shipping.Shipment) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
	return shipments, nil
}

// Shipments returns every shipment by saga, step, generation and warehouse, for
// comparing them with the carrier's records.
func (s *Store) Shipments(ctx context.Context) ([]Shipment, error) {
	var rows []row
	err := s.db.WithContext(ctx).Order("saga, step, generation, warehouse").Find(&rows).Error
	if err != nil {
		return nil, database.Fault(err)
	}
	shipments := make([]Shipment, 0, len(rows))
	for _, r := range rows {
		shipments = append(shipments, r.shipment())
	}
	return shipments, nil
}

// row is a shipment. Pointers are nil where the table says NULL.
type row struct {
	Saga           string `gorm:"primaryKey"`
	Step           string `gorm:"primaryKey"`
	Generation     int    `gorm:"primaryKey;autoIncrement:false"`
	Warehouse      string `gorm:"primaryKey"`
	State          string
	Carrier        *string
	TrackingNumber *string
	RefusalCode    *string
	RefusalMessage *string
	CreatedAt      time.Time
	BookedAt       *time.Time
	CancelledAt    *time.Time
}

func (row) TableName() string { return "shipments" }

// newRows are the intents of a step's parcels.
func newRows(k key.Key, parcels []shipping.Parcel) []row {
	t := database.Now()
	rows := make([]row, 0, len(parcels))
	for _, p := range parcels {
		rows = append(rows, row{
			Saga: k.Saga, Step: k.Step, Generation: k.Generation, Warehouse: p.Warehouse,
			State: string(shipping.Intent), CreatedAt: t,
		})
	}
	return rows
}

func (r row) shipment() Shipment {
	k := key.Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
	return Shipment{
		Key: k.Child(r.Warehouse), Saga: r.Saga, Refusal: fault.Code(orEmpty(r.RefusalCode)),
		Shipment: shipping.Shipment{
			Warehouse: r.Warehouse, Carrier: orEmpty(r.Carrier),
			TrackingNumber: orEmpty(r.TrackingNumber), State: shipping.State(r.State),
		},
	}
}

// of narrows db to the shipments of one step.
func of(db *gorm.DB, k key.Key) *gorm.DB {
	return db.Model(&row{}).Where("saga = ? AND step = ? AND generation = ?", k.Saga, k.Step, k.Generation)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
