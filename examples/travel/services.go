package travel

import (
	"context"
	"embed"
	"io/fs"
	"strconv"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/service"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are those of the services' tables, beside the barrier's.
func Migrations() fs.FS {
	own, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: it is there
	}
	return own
}

// Seller sells seats, rooms or cars from the table stock of its own database.
type Seller struct{ DB *gorm.DB }

// Book takes one of an item and returns its number.
func (s Seller) Book(ctx context.Context, k saga.Key, item string) (string, error) {
	call := barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1, item), Request: item}
	return barrier.Do(ctx, s.DB, call, func(tx *gorm.DB) (string, error) {
		res := tx.Exec("UPDATE stock SET free = free - 1 WHERE item = ? AND free > 0", item)
		if res.Error == nil && res.RowsAffected == 0 {
			return "", fault.Errorf(fault.Business, "SOLD_OUT", "no %s is left", item)
		}
		if res.Error != nil {
			return "", res.Error
		}
		return k.String(), tx.Exec("INSERT INTO booking (number, item) VALUES (?, ?)", k.String(), item).Error
	})
}

// GiveBack takes a booking back.
func (s Seller) GiveBack(ctx context.Context, k saga.Key) error {
	return barrier.Undo(ctx, s.DB, k, func(tx *gorm.DB, number string) error {
		var item string
		if err := tx.Raw("DELETE FROM booking WHERE number = ? RETURNING item", number).Scan(&item).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE stock SET free = free + 1 WHERE item = ?", item).Error
	})
}

// Ticket writes the ticket of a seat.
func (s Seller) Ticket(ctx context.Context, k saga.Key, number string) (string, error) {
	call := barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1, number)}
	return barrier.Do(ctx, s.DB, call, func(tx *gorm.DB) (string, error) {
		return "ticket of " + number, tx.Exec("INSERT INTO ticket (number) VALUES (?)", number).Error
	})
}

// Provider is the external system that charges cards. It remembers every key.
type Provider interface {
	// Charge takes the money, once per key, and returns the receipt. A decline is a fault
	// of kind business, and a forbidden key one of kind suspension.
	Charge(ctx context.Context, key string, c Charge) (receipt string, err error)
	// Find returns the charge of a key, if there is one.
	Find(ctx context.Context, key string) (receipt string, found bool, err error)
	// Forbid returns the charge of a key, or makes sure that it never has one.
	Forbid(ctx context.Context, key string) (receipt string, found bool, err error)
}

// Payments returns the step of the payment service: its effect is at the provider.
func Payments(db *gorm.DB, p Provider) service.Outside[Charge, string] {
	return service.Outside[Charge, string]{
		DB:   db,
		Same: func(c Charge) []string { return []string{strconv.FormatInt(c.Cents, 10), c.Token} },
		Find: p.Find, Act: p.Charge, Forbid: p.Forbid,
	}
}

// BindFlight registers the steps of the airline.
func BindFlight(r saga.Registry, s Seller) {
	saga.Bind(r, BookSeat, s.Book, s.GiveBack)
	saga.Bind(r, GetTicket, s.Ticket, nil)
}

// BindHotel registers the hotel's step, which is taken once per room.
func BindHotel(r saga.Registry, s Seller) { saga.Bind(r, BookRoom, s.Book, s.GiveBack) }

// BindCar registers the step of the car rental.
func BindCar(r saga.Registry, s Seller) { saga.Bind(r, RentCar, s.Book, s.GiveBack) }

// BindPayment registers the step of the payment service.
func BindPayment(r saga.Registry, p service.Outside[Charge, string]) {
	saga.BindPivot(r, Pay, p.Do, p.Settle)
}
