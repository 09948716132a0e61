package store

import (
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/patience"
)

// tellStock tells the available stock of rows that tx has locked or written, as they
// are after it: so the facts of a row are in the order of its versions. The change
// belongs to saga, empty for none.
func tellStock(tx *gorm.DB, saga string, rows ...stockRow) error {
	events := make([]event.Event, len(rows))
	for i, r := range rows {
		events[i] = inventory.StockChangedFact.At(r.SKU, saga, r.Version, inventory.StockData{
			SKU: r.SKU, Warehouse: r.Warehouse, Available: r.Available,
		})
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
