package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

// Reservations returns all reservations in all states, by key. It reads whole tables,
// for checking invariants.
func (s *Store) Reservations(ctx context.Context) ([]inventory.Record, error) {
	db := s.db.WithContext(ctx)
	var rows []reservationRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read reservations: %w", err))
	}
	// After the reservations: a reservation's lines commit with it and never change.
	var lines []lineRow
	if err := db.Find(&lines).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read reservation lines: %w", err))
	}
	return records(rows, lines)
}

// lockReservations reads the reservations of a saga that match the condition, by key,
// and locks them until tx ends. The same statement reads their lines, which never
// change.
func lockReservations(tx *gorm.DB, saga, where string, args ...any) ([]inventory.Record, error) {
	var joined []struct {
		Row  reservationRow `gorm:"embedded"`
		Line lineRow        `gorm:"embedded;embeddedPrefix:line_"`
	}
	err := tx.Table("reservations AS r").
		Select(`r.*, l.saga AS line_saga, l.step AS line_step, l.generation AS line_generation,
			l.sku AS line_sku, l.warehouse AS line_warehouse, l.quantity AS line_quantity`).
		Joins("JOIN reservation_lines AS l ON l.saga = r.saga AND l.step = r.step AND l.generation = r.generation").
		Clauses(clause.Locking{Strength: "UPDATE", Table: clause.Table{Name: "r"}}).
		Where("r.saga = ?", saga).Where(where, args...).Order("r.step, r.generation").Find(&joined).Error
	if err != nil {
		return nil, fmt.Errorf("lock reservations: %w", err)
	}
	var rows []reservationRow
	lines := make([]lineRow, 0, len(joined))
	for _, j := range joined {
		if n := len(rows); n == 0 || rows[n-1].Step != j.Row.Step || rows[n-1].Generation != j.Row.Generation {
			rows = append(rows, j.Row)
		}
		lines = append(lines, j.Line)
	}
	return records(rows, lines)
}

// insert writes a reservation as held, with its lines.
func insert(tx *gorm.DB, k key.Key, r inventory.Reservation) error {
	at := database.Now()
	row := reservationRow{
		Saga: k.Saga, Step: k.Step, Generation: k.Generation,
		State: string(inventory.Held), CreatedAt: at, UpdatedAt: at,
	}
	var lines []lineRow
	for _, p := range r.Parcels {
		for _, l := range p.Lines {
			lines = append(lines, lineRow{
				Saga: k.Saga, Step: k.Step, Generation: k.Generation,
				SKU: l.SKU, Warehouse: p.Warehouse, Quantity: l.Quantity,
			})
		}
	}
	if err := database.Queue(tx, 1).Create(&row).Error; err != nil {
		return fmt.Errorf("insert reservation: %w", err)
	}
	if err := database.Queue(tx, int64(len(lines))).Create(&lines).Error; err != nil {
		return fmt.Errorf("insert reservation lines: %w", err)
	}
	return nil
}

// update writes the state that a held reservation, locked by tx, has moved to.
func update(tx *gorm.DB, r inventory.Record) error {
	res := database.Queue(tx, 1).Model(&reservationRow{}).
		Where("saga = ? AND step = ? AND generation = ? AND state = ?", r.Key.Saga, r.Key.Step, r.Key.Generation, inventory.Held).
		Updates(map[string]any{"state": string(r.State), "updated_at": r.UpdatedAt})
	if res.Error != nil {
		return fmt.Errorf("update reservation: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.Errorf(fault.Bug, fault.Conflict, "reservation %s is not held any more", r.Key)
	}
	return nil
}

type reservationRow struct {
	Saga       string `gorm:"primaryKey"`
	Step       string `gorm:"primaryKey"`
	Generation int    `gorm:"primaryKey"`
	State      string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

func (reservationRow) TableName() string { return "reservations" }

type lineRow struct {
	Saga       string `gorm:"primaryKey"`
	Step       string `gorm:"primaryKey"`
	Generation int    `gorm:"primaryKey"`
	SKU        string `gorm:"column:sku;primaryKey"`
	Warehouse  string `gorm:"primaryKey"`
	Quantity   int64
}

func (lineRow) TableName() string { return "reservation_lines" }

// records joins reservations with their lines, by key. It drops lines of other
// reservations.
func records(rows []reservationRow, lines []lineRow) ([]inventory.Record, error) {
	slices.SortFunc(lines, func(a, b lineRow) int {
		return cmp.Or(cmp.Compare(a.Warehouse, b.Warehouse), cmp.Compare(a.SKU, b.SKU))
	})
	parcels := make(map[key.Key][]inventory.Parcel, len(rows))
	for _, l := range lines {
		k := key.Key{Saga: l.Saga, Step: l.Step, Generation: l.Generation}
		of := parcels[k]
		if len(of) == 0 || of[len(of)-1].Warehouse != l.Warehouse {
			of = append(of, inventory.Parcel{Warehouse: l.Warehouse})
		}
		last := &of[len(of)-1]
		last.Lines = append(last.Lines, inventory.Line{SKU: l.SKU, Quantity: l.Quantity})
		parcels[k] = of
	}
	all := make([]inventory.Record, 0, len(rows))
	for _, r := range rows {
		k := key.Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
		state, err := inventory.ParseState(r.State)
		if err != nil {
			return nil, fault.Errorf(fault.Bug, fault.Conflict, "reservation %s: %w", k, err)
		}
		all = append(all, inventory.Record{
			Key: k, State: state, Reservation: inventory.Reservation{Parcels: parcels[k]},
			CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		})
	}
	slices.SortFunc(all, func(a, b inventory.Record) int {
		return cmp.Or(cmp.Compare(a.Key.Saga, b.Key.Saga), cmp.Compare(a.Key.Step, b.Key.Step), cmp.Compare(a.Key.Generation, b.Key.Generation))
	})
	return all, nil
}
