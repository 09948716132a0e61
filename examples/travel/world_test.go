package travel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/sagas/travel"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/saga/service"
)

// world is the saga with all its services.
type world struct {
	flight, hotel, car, payment, provider *gorm.DB

	express  []string
	broken   string // the part that is wrong
	declines bool
	total    map[*gorm.DB]int64 // free and booked
}

func newWorld(t *testing.T) *world {
	t.Helper()
	open := func(item string) *gorm.DB {
		db, err := service.Open(t.Context(), "sqlite::memory:", travel.Migrations())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, service.Close(db)) })
		require.NoError(t, db.Exec("INSERT INTO stock VALUES (?, 10)", item).Error)
		return db
	}
	return &world{flight: open("LH400"), hotel: open("double"), car: open("compact"), payment: open(""), provider: open("")}
}

// trip has two rooms of one kind: the bookings must not be taken for each other.
func (w *world) trip() travel.Trip {
	return travel.Trip{
		ID: "t1", Flight: "LH400", Rooms: []string{"double", "double"}, Car: "compact",
		Charge: travel.Charge{Cents: 89900, Token: "tok_visa"}, Express: w.express,
	}
}

func (w *world) Register(r *sagatest.Registry) {
	provider := &unreliable{Provider: travel.Simulator{DB: w.provider}, world: w, registry: r}
	travel.BindFlight(r, travel.Seller{DB: w.flight})
	w.bindHotel(r, travel.Seller{DB: w.hotel})
	travel.BindCar(r, travel.Seller{DB: w.car})
	travel.BindPayment(r, travel.Payments(w.payment, provider))
	r.RegisterWorkflowWithOptions(travel.Book, workflow.RegisterOptions{Name: "Book"})
}

func (w *world) Start(_, _ time.Time) (workflow string, input any) { return "Book", w.trip() }

func (w *world) Reset(context.Context) (err error) {
	w.declines, w.total = false, map[*gorm.DB]int64{w.flight: 10, w.hotel: 10, w.car: 10}
	for _, db := range []*gorm.DB{w.flight, w.hotel, w.car, w.payment, w.provider} {
		const nothing = "DELETE FROM barrier; DELETE FROM booking; DELETE FROM ticket; DELETE FROM charge; UPDATE stock SET free = 10"
		err = errors.Join(err, db.Exec(nothing).Error)
	}
	return err
}

// Refuse has the next step find nothing left, or the card declined.
func (w *world) Refuse(_ context.Context, step string) (bool, error) {
	w.declines = step == travel.Pay.Name
	db, sells := map[string]*gorm.DB{"flight.book": w.flight, "hotel.book": w.hotel, "car.rent": w.car}[step]
	if !sells {
		return w.declines, nil
	}
	var booked int64
	err := errors.Join(db.Exec("UPDATE stock SET free = 0").Error, db.Raw("SELECT count(*) FROM booking").Scan(&booked).Error)
	w.total[db] = booked
	return true, err
}

// Check compares what is booked and charged with the saga's end.
func (w *world) Check(_ context.Context, end sagatest.End) error {
	var v saga.View
	if err := end.Result(&v); err != nil {
		return err
	}
	want := []int64{0, 0, 0, 0, 0}
	if v.Phase == saga.Committed {
		want = []int64{1, 2, 1, 89900, 1}
	}
	var got []int64
	for _, q := range []struct {
		db  *gorm.DB
		sql string
	}{
		{w.flight, "SELECT count(*) FROM booking"},
		{w.hotel, "SELECT count(*) FROM booking"},
		{w.car, "SELECT count(*) FROM booking"},
		{w.provider, "SELECT coalesce(sum(cents), 0) FROM charge WHERE state = 'charged'"},
		{w.flight, "SELECT count(*) FROM ticket"},
	} {
		var n int64
		if err := q.db.Raw(q.sql).Scan(&n).Error; err != nil {
			return err
		}
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the trip is %s with %v seats, rooms, cars, cents and tickets, not %v", v.Phase, got, want)
	}
	return errors.Join(w.balanced(w.flight), w.balanced(w.hotel), w.balanced(w.car))
}

// balanced checks that what is free and what is booked add up.
func (w *world) balanced(db *gorm.DB) error {
	var sum int64
	err := db.Raw("SELECT free + (SELECT count(*) FROM booking) FROM stock").Scan(&sum).Error
	if err == nil && sum != w.total[db] {
		err = fmt.Errorf("free and booked are %d, not %d", sum, w.total[db])
	}
	return err
}

var (
	errUnreachable = fault.Errorf(fault.Transient, fault.Unavailable, "the provider cannot be reached")
	errNoAnswer    = errors.New("the provider gave no answer")
)

// unreliable is a provider whose requests and replies the explorer loses.
type unreliable struct {
	travel.Provider

	world    *world
	registry *sagatest.Registry
}

func (u *unreliable) Charge(ctx context.Context, key string, c travel.Charge) (receipt string, err error) {
	if u.world.declines {
		c.Token = "tok_declined"
	}
	if err := u.registry.Outside("provider.charge", func() error { receipt, err = u.Provider.Charge(ctx, key, c); return err }, errUnreachable, errNoAnswer); err != nil {
		return "", err
	}
	return receipt, nil
}

func (u *unreliable) Find(ctx context.Context, key string) (receipt string, found bool, err error) {
	err = u.registry.Outside("provider.find", func() error { receipt, found, err = u.Provider.Find(ctx, key); return err }, errUnreachable, errNoAnswer)
	return receipt, found, err
}

func (u *unreliable) Forbid(ctx context.Context, key string) (receipt string, found bool, err error) {
	if u.world.broken == "a settle that never asks the provider" {
		return "", false, nil
	}
	err = u.registry.Outside("provider.forbid", func() error { receipt, found, err = u.Provider.Forbid(ctx, key); return err }, errUnreachable, errNoAnswer)
	return receipt, found, err
}
