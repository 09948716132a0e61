package reservations

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

// Insert writes a reservation as held, with its lines.
func Insert(tx *gorm.DB, k key.Key, r inventory.Reservation) error {
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

// Update writes the state that a held reservation, locked by tx, has moved to.
func Update(tx *gorm.DB, r inventory.Record) error {
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
