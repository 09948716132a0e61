package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
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
		place := func(name, customer string) {
			id := ofAccount(name)
			p := placement()
			p.CustomerID = customer
			require.NoError(t, s.KeepContact(ctx, id, p.Fingerprint, reach))
			require.NoError(t, dbtest.Only(s.Create(ctx, create(id), p)))
		}
		end := func(name string) {
			require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(ofAccount(name)), confirmed())))
		}
		requireErased := func(name string, erased bool) {
			t.Helper()
			id := ofAccount(name)
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
		before, err := s.Get(ctx, ofAccount("a"))
		require.NoError(t, err)
		r := told.New(db)
		r.Names(t)

		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}))
		requireErased("a", true)
		requireErased("b", true)
		requireErased("pending", false)
		requireErased("other", false)
		after, err := s.Get(ctx, ofAccount("a"))
		require.NoError(t, err)
		require.Equal(t, before, after, "orders and money stay")
		require.ElementsMatch(t, []string{"order.erased " + ofAccount("a"), "order.erased " + ofAccount("b")}, r.Names(t))

		ids, err := s.Histories(ctx, "", 10)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{ofAccount("a"), ofAccount("b")}, ids)
		behind, err := s.Histories(ctx, ids[0], 10)
		require.NoError(t, err)
		require.Equal(t, ids[1:], behind)
		require.NoError(t, s.HistoriesGone(ctx, ofAccount("a")))
		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}), "a repeat")
		require.Empty(t, r.Names(t))
		ids, err = s.Histories(ctx, "", 10)
		require.NoError(t, err)
		require.Equal(t, []string{ofAccount("b")}, ids)

		place("late", of)
		end("late")
		end("pending")
		require.NoError(t, s.EraseDue(ctx))
		requireErased("late", true)
		requireErased("pending", true)

		place("guest", "cus_guest")
		one := order.Erasure{Order: ofAccount("guest"), By: "root", Reason: "ticket 8"}
		refused := func(e order.Erasure, code fault.Code) {
			t.Helper()
			require.Equal(t, code, fault.CodeOf(s.Erase(ctx, e)))
		}
		refused(one, order.NotDecided)
		requireErased("guest", false)
		end("guest")
		r.Names(t)
		require.NoError(t, s.Erase(ctx, one))
		require.Equal(t, []string{"order.erased " + ofAccount("guest")}, r.Names(t))
		require.NoError(t, s.Erase(ctx, one))
		require.Equal(t, []string{"order.erased " + ofAccount("guest")}, r.Names(t), "the guest may have written to support meanwhile")
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

// ofAccount returns the id of an account's order, which is no UUID of version 4.
func ofAccount(name string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String() }

// A guest may name any customer, so what an account erases is its own.
func TestAnAccountErasesNoStrangersOrders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx := orderstore.New(db), t.Context()
		of, own, stranger, theirs := placement().CustomerID, ofAccount("own"), uuid.NewString(), "an-id-of-another-program"
		require.NoError(t, dbtest.Only(s.Create(ctx, create(stranger), placement())))
		undecided, err := s.Undecided(ctx, of)
		require.NoError(t, err)
		require.False(t, undecided, "a stranger cannot keep an account from being erased")
		require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(stranger), confirmed())))
		for _, id := range []string{own, theirs} {
			require.NoError(t, dbtest.Only(s.Create(ctx, create(id), placement())))
			require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(id), confirmed())))
		}
		require.NoError(t, db.Exec("UPDATE orders SET origin = ? WHERE id = ?", order.Legacy, theirs).Error)
		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}))
		for id, erased := range map[string]bool{own: true, theirs: true, stranger: false} {
			to, err := s.Address(ctx, id)
			require.NoError(t, err)
			require.Equal(t, erased, to == order.Address{}, id)
			if id != theirs {
				require.Equal(t, erased, order.AccountOf(id, of) == of, "as facts tell it")
			}
		}
	})
}

// A round looks at no erasure that has nothing left to do.
func TestAnErasureEnds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx, of, id := orderstore.New(db), t.Context(), placement().CustomerID, ofAccount("a")
		requireOpen := func(open int64) {
			t.Helper()
			require.NoError(t, s.EraseDue(ctx))
			var n int64
			require.NoError(t, db.Raw("SELECT count(*) FROM erasures WHERE done_at IS NULL").Scan(&n).Error)
			require.Equal(t, open, n)
		}
		require.NoError(t, dbtest.Only(s.Create(ctx, create(id), placement())))
		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}))
		requireOpen(1)
		require.NoError(t, db.Exec("UPDATE erasures SET asked_at = ?", time.Now().UTC().AddDate(0, 0, -2)).Error)
		requireOpen(1) // its order is undecided
		require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(id), confirmed())))
		requireOpen(0)
		to, err := s.Address(ctx, id)
		require.NoError(t, err)
		require.Zero(t, to)

		late := ofAccount("late")
		require.NoError(t, dbtest.Only(s.Create(ctx, create(late), placement())))
		require.NoError(t, dbtest.Only(s.Confirm(ctx, confirm(late), confirmed())))
		require.NoError(t, s.Erase(ctx, order.Erasure{Customer: of}))
		to, err = s.Address(ctx, late)
		require.NoError(t, err)
		require.Zero(t, to, "asked again, it begins again")
	})
}

// Many at once, and a customer whose order ends meanwhile, erase each order once.
func TestErasuresRace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx := orderstore.New(db), t.Context()
		of := placement().CustomerID
		ids := []string{ofAccount("a"), ofAccount("b"), ofAccount("c"), ofAccount("d"), ofAccount("e")}
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
