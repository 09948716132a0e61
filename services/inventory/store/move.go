package store

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/patience"
)

// movement moves units from one column of a stock row to another.
type movement struct {
	from, to string
	// frees is 1 if units become available, -1 if they cease to be, else 0.
	frees int64
}

var (
	hold    = movement{"available", "reserved", -1}
	release = movement{"reserved", "available", 1}
	sell    = movement{"reserved", "committed", 0}
)

// place names a stock row.
type place struct{ sku, warehouse string }

// units returns how many units of each stock row the reservations hold together.
func units(all ...inventory.Reservation) map[place]int64 {
	units := map[place]int64{} // two reservations may hold units of one row
	for _, r := range all {
		for _, p := range r.Parcels {
			for _, l := range p.Lines {
				units[place{l.SKU, p.Warehouse}] += l.Quantity
			}
		}
	}
	return units
}

// apply moves the units of every line of all reservations in one statement. The
// statement locks the rows it writes before it writes them, and its condition says
// again that the units are there. A row without them is a contradiction and never
// means "out of stock": Reserve decided that on locked rows.
func (m movement) apply(tx *gorm.DB, t *patience.Turn, all ...inventory.Reservation) error {
	units := units(all...)
	if len(units) == 0 {
		return fault.Errorf(fault.Bug, fault.Invalid, "no units to move")
	}
	var args []any
	var skus []string
	for at, n := range units {
		args, skus = append(args, at.sku, at.warehouse, n), append(skus, at.sku)
	}
	// PostgreSQL takes parameters in VALUES for text, unless they are cast.
	values := strings.Repeat(", (cast(? AS text), cast(? AS text), cast(? AS bigint))", len(units))[2:]
	due := locked(tx.Table("stock"), t, skus).Select("stock.sku, stock.warehouse, v.units").
		Joins("JOIN v ON v.sku = stock.sku AND v.warehouse = stock.warehouse")
	res := database.Queue(tx, int64(len(units))).Exec(fmt.Sprintf(`WITH v(sku, warehouse, units) AS (VALUES %[1]s), due AS (?)
		UPDATE stock SET %[2]s = stock.%[2]s - due.units, %[3]s = stock.%[3]s + due.units, version = stock.version + %[4]d FROM due
		WHERE stock.sku = due.sku AND stock.warehouse = due.warehouse AND stock.%[2]s >= due.units`,
		values, m.from, m.to, m.frees*m.frees), append(args, due)...)
	if res.Error != nil {
		return fmt.Errorf("move stock: %w", res.Error)
	}
	if res.RowsAffected != int64(len(units)) {
		var asked []string
		for at, n := range units {
			asked = append(asked, fmt.Sprintf("%d %s in %s", n, at.sku, at.warehouse))
		}
		slices.Sort(asked)
		return fault.Errorf(fault.Bug, fault.Conflict, "the stock does not have, %s, all of: %s", m.from, strings.Join(asked, ", "))
	}
	return nil
}

// moved returns the rows of stock that the movement of r changes, as it leaves them.
func (m movement) moved(stock []stockRow, r inventory.Reservation) []stockRow {
	units := units(r)
	var moved []stockRow
	for _, row := range stock {
		if n := units[place{row.SKU, row.Warehouse}]; n != 0 {
			row.Available += m.frees * n
			row.Version++
			moved = append(moved, row)
		}
	}
	return moved
}

// tellStock tells the available stock of rows that tx has locked or written, as they
// are after it: so the facts of a row are in the order of its versions. The change
// belongs to saga, empty for none.
func tellStock(tx *gorm.DB, saga string, rows ...stockRow) error {
	events := make([]event.Event, len(rows))
	for i, r := range rows {
		events[i] = inventory.StockChangedFact.At(r.SKU, saga, r.Version, inventory.StockData{SKU: r.SKU, Warehouse: r.Warehouse, Available: r.Available})
	}
	return outbox.Tell(tx, events...) //nolint:wrapcheck // a fault, or the database's error
}

// tellReleased tells the stock that the release of r makes available. It locks the stock
// and reads it, which takes a round trip: the statement that moves it is queued and has
// no answer.
func tellReleased(tx *gorm.DB, t *patience.Turn, saga string, r inventory.Reservation) error {
	var skus []string
	for at := range units(r) {
		skus = append(skus, at.sku)
	}
	stock, err := lockStock(tx, t, skus)
	if err != nil {
		return err
	}
	return tellStock(tx, saga, release.moved(stock, r)...)
}
