package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

func TestErase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx := orderstore.New(db), t.Context()
		of := placement().CustomerID
		place := func(id, customer string) {
			p := placement()
			p.CustomerID = customer
			require.NoError(t, s.KeepContact(ctx, id, p.Fingerprint, reach))
			require.NoError(t, dbtest.Only(s.Create(ctx, create(id), p)))
		}
		end := func(id string) { require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(id), confirmed()))) }
		requireErased := func(id string, erased bool) {
			t.Helper()
			to, err := s.Address(ctx, id)
			require.NoError(t, err)
			require.Equal(t, erased, to == order.Address{}, "its address")
			_, err = s.Contact(ctx, id)
			require.Equal(t, erased, fault.CodeOf(err) == fault.NotFound, "its contact")
		}
		for _, id := range []string{"a", "b", "pending"} {
			place(id, of)
		}
		place("other", "cus_other")
		end("a")
		end("b")
		end("other")
		before, err := s.Get(ctx, "a")
		require.NoError(t, err)
		r := told.New(db)
		r.Names(t)

		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}))
		requireErased("a", true)
		requireErased("b", true)
		requireErased("pending", false)
		requireErased("other", false)
		after, err := s.Get(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, before, after, "orders and money stay")
		require.Equal(t, []string{"order.erased a", "order.erased b"}, r.Names(t))

		ids, err := s.Histories(ctx, 10)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, ids)
		require.NoError(t, s.HistoriesGone(ctx, "a"))
		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}), "a repeat")
		require.Empty(t, r.Names(t))
		ids, err = s.Histories(ctx, 10)
		require.NoError(t, err)
		require.Equal(t, []string{"b"}, ids)

		place("late", of)
		end("late")
		end("pending")
		require.NoError(t, s.EraseDue(ctx))
		requireErased("late", true)
		requireErased("pending", true)

		place("guest", "cus_guest")
		one := order.Erasure{Order: "guest", By: "root", Reason: "ticket 8"}
		refused := func(e order.Erasure, code fault.Code) {
			t.Helper()
			require.Equal(t, code, fault.CodeOf(s.Erase(ctx, e)))
		}
		refused(one, order.NotDecided)
		requireErased("guest", false)
		end("guest")
		r.Names(t)
		require.NoError(t, s.Erase(ctx, one))
		require.Equal(t, []string{"order.erased guest"}, r.Names(t))
		require.NoError(t, s.Erase(ctx, one))
		require.Equal(t, []string{"order.erased guest"}, r.Names(t), "the guest may have written to support meanwhile")
		requireErased("guest", true)
		requireErased("other", false)
		refused(order.Erasure{Order: "nowhere"}, fault.NotFound)
		refused(order.Erasure{}, fault.Invalid)
		refused(order.Erasure{Order: "a", Customer: of}, fault.Invalid)
		refused(order.Erasure{Order: "a", By: "root"}, fault.Invalid)

		var n int64
		require.NoError(t, db.Raw("SELECT count(*) FROM orders WHERE placement LIKE '%'||?||'%' AND customer_id <> 'cus_other'", placement().ShipTo.Line1).Scan(&n).Error)
		require.Zero(t, n)
	})
}

// Many at once, and a customer whose order ends meanwhile, erase each order once.
func TestErasuresRace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx := orderstore.New(db), t.Context()
		of := placement().CustomerID
		ids := []string{"a", "b", "c", "d", "e"}
		for _, id := range ids {
			require.NoError(t, dbtest.Only(s.Create(ctx, create(id), placement())))
		}
		failed := make(chan error, 20)
		for i := range 10 {
			go func() { failed <- s.Erase(ctx, order.Erasure{Customer: of}) }()
			go func() {
				_, err := s.Confirm(ctx, confirm(ids[i%len(ids)]), confirmed())
				failed <- err
			}()
		}
		for range 20 {
			require.NoError(t, <-failed)
		}
		require.NoError(t, s.EraseDue(ctx))
		for _, id := range ids {
			to, err := s.Address(ctx, id)
			require.NoError(t, err)
			require.Zero(t, to)
			rec, err := s.Get(ctx, id)
			require.NoError(t, err)
			require.Equal(t, order.Confirmed, rec.Status)
		}
	})
}
