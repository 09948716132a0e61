package store_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/support"
	"github.com/amends/amends/services/support/store"
)

func erase(t *testing.T, db *gorm.DB, s *store.Store, accounts ...string) {
	t.Helper()
	require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Erase(tx, accounts, nil) }))
}

func eraseOrders(t *testing.T, db *gorm.DB, s *store.Store, orders ...string) {
	t.Helper()
	require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Erase(tx, nil, orders) }))
}

// rowsOf returns all rows of the service's own tables as JSON.
func rowsOf(t *testing.T, db *gorm.DB) string {
	t.Helper()
	all := map[string][]map[string]any{}
	for _, table := range []string{"cases", "messages", "commands"} {
		var rows []map[string]any
		require.NoError(t, db.WithContext(t.Context()).Table(table).Find(&rows).Error)
		all[table] = rows
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return string(text)
}

func TestAnErasedAccountLeavesNoText(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, open support.Case, r *told.Reader, db *gorm.DB) {
		ctx := t.Context()
		_, err := s.Answer(ctx, by(mia, open, "1"), "Dear Secret Ada")
		require.NoError(t, err)
		closed, err := s.Open(ctx, opening("order-2", "k"))
		require.NoError(t, err)
		closed, err = s.Close(ctx, by(ada, closed, "c"))
		require.NoError(t, err)
		bobs := opening("order-3", "k")
		bobs.Author.ID, bobs.Subject = "bob", "Bob's subject"
		of, err := s.Open(ctx, bobs)
		require.NoError(t, err)
		guests := opening("order-4", "k")
		guests.Author.ID, guests.Text = "", "A guest's text"
		ofGuest, err := s.Open(ctx, guests)
		require.NoError(t, err)
		r.Names(t)

		erase(t, db, s, "ada", "carol", "ada")
		require.Equal(t, []string{"support.case_closed order-1"}, r.Names(t), "the other one was closed")
		once := rowsOf(t, db)
		erase(t, db, s, "ada")
		require.Empty(t, r.Names(t))
		require.Equal(t, once, rowsOf(t, db), "a repeat changes nothing")

		got, err := s.Get(ctx, open.ID, "order-1")
		require.NoError(t, err)
		require.Equal(t, support.Closed, got.State)
		require.Equal(t, "(erased)", got.Subject)
		require.Empty(t, got.Customer)
		require.Equal(t, []support.Author{{Side: support.Customer}, mia}, []support.Author{got.Messages[0].Author, got.Messages[1].Author})
		require.Equal(t, []string{"(erased)", "(erased)"}, []string{got.Messages[0].Text, got.Messages[1].Text}, "support may have named the customer")
		require.True(t, got.UpdatedAt.After(open.UpdatedAt))
		got, err = s.Get(ctx, closed.ID, "order-2")
		require.NoError(t, err)
		require.Equal(t, closed.UpdatedAt, got.UpdatedAt)
		require.NotContains(t, once, `"ada"`)
		for _, c := range []support.Case{of, ofGuest} {
			same, err := s.Get(ctx, c.ID, "")
			require.NoError(t, err)
			require.Equal(t, c, same)
		}

		_, err = s.Open(ctx, opening("order-1", "another"))
		refused(t, fault.NotFound, err)
		_, err = s.Answer(ctx, by(ada, open, "2"), "Still here")
		refused(t, fault.NotFound, err)
	})
}

func TestAnErasedOrderLeavesNoText(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, adas support.Case, r *told.Reader, db *gorm.DB) {
		ctx := t.Context()
		guests := opening("order-4", "k")
		guests.Author.ID, guests.Subject, guests.Text = "", "Guest's subject", "A guest's text"
		ofGuest, err := s.Open(ctx, guests)
		require.NoError(t, err)
		_, err = s.Answer(ctx, by(mia, ofGuest, "1"), "Dear guest of Hauptstr. 1")
		require.NoError(t, err)
		r.Names(t)

		eraseOrders(t, db, s, "order-4", "order-5", "order-4")
		require.Equal(t, []string{"support.case_closed order-4"}, r.Names(t))
		once := rowsOf(t, db)
		for _, text := range []string{"uest's", "Hauptstr."} {
			require.NotContains(t, once, text)
		}
		eraseOrders(t, db, s, "order-4")
		require.Empty(t, r.Names(t))
		require.Equal(t, once, rowsOf(t, db), "a repeat changes nothing")
		same, err := s.Get(ctx, adas.ID, "")
		require.NoError(t, err)
		require.Equal(t, adas, same)

		again, err := s.Open(ctx, guests)
		require.NoError(t, err, "the customer may write again, even with the same key")
		require.NotEqual(t, ofGuest.ID, again.ID)
		eraseOrders(t, db, s, "order-4")
		require.NotContains(t, rowsOf(t, db), "uest's")
		eraseOrders(t, db, s, "order-1")
		require.NotContains(t, rowsOf(t, db), `"ada"`, "also an account's")
		_, err = s.Open(ctx, opening("order-2", "k"))
		require.NoError(t, err, "which goes on")
	})
}

// A case that is opened while its account is erased is refused, or erased with it.
func TestNoCaseIsOpenedBehindAnErasure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		errs := atOnce(20, func(i int) error {
			if i == 10 {
				return txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Erase(tx, []string{"ada"}, nil) })
			}
			_, err := s.Open(t.Context(), opening("order-"+strconv.Itoa(i), "k"))
			return err
		})
		require.NoError(t, errs[10])
		for i, err := range errs {
			if i != 10 && err != nil {
				refused(t, fault.NotFound, err)
			}
		}
		require.NotContains(t, rowsOf(t, db), `"ada"`)
		require.NotContains(t, rowsOf(t, db), "Secret")
	})
}
