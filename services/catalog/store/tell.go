package store

import (
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/services/catalog"
)

// tellProducts tells products that tx has written.
func tellProducts(tx *gorm.DB, rows []productRow) error {
	events := make([]event.Event, len(rows))
	for i, r := range rows {
		events[i] = changed(r)
	}
	return outbox.Tell(tx, events...) //nolint:wrapcheck // a fault, or the database's error
}

// changed returns the fact of a row.
func changed(r productRow) event.Event {
	p := r.product()
	data := catalog.ProductData{SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Active: p.Active}
	if p.Priced() {
		data.Price = &p.Price
	}
	return catalog.ProductChangedFact.At(r.SKU, "", r.Version, data)
}
