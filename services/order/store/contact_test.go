package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

var reach = order.Contact{Email: "ada@canary.example", Phone: "+49305550100", Locale: "de"}

// A contact is in no record, from which histories, answers and facts are made.
func TestAContactIsInItsTableOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := orderstore.New(db)
		require.NoError(t, s.KeepContact(t.Context(), "a", placement().Fingerprint, reach))
		rec, err := s.Create(t.Context(), create("a"), placement())
		require.NoError(t, err)
		again, err := s.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, rec.Placement.Redacted(), again.Placement)
		kept, err := s.Contact(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, reach, kept)
		told.RequireAbsent(t, db, "canary", "5550100")
		var row string
		require.NoError(t, db.Raw("SELECT placement || coalesce(view, '') FROM orders WHERE id = 'a'").Scan(&row).Error)
		require.NotContains(t, row, "canary")
	})
}

func TestOldContactsAreForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := orderstore.New(db)
		has := func(id string) bool {
			_, err := s.Contact(t.Context(), id)
			if err != nil {
				require.Equal(t, fault.NotFound, fault.CodeOf(err))
			}
			return err == nil
		}
		for _, id := range []string{"decided", "pending"} {
			require.NoError(t, s.KeepContact(t.Context(), id, placement().Fingerprint, reach))
			require.NoError(t, dbtest.Only(s.Create(t.Context(), create(id), placement())))
		}
		require.NoError(t, dbtest.Only(s.Confirm(t.Context(), confirm("decided"), confirmed())))
		require.NoError(t, s.KeepContact(t.Context(), "never placed", "f", reach))

		ends := database.Now().Add(90 * 24 * time.Hour)
		require.NoError(t, s.ForgetContacts(t.Context(), ends.Add(-time.Hour)))
		require.True(t, has("decided"), "it is not old enough")
		for range 2 {
			require.NoError(t, s.ForgetContacts(t.Context(), ends.Add(time.Second)))
			require.False(t, has("decided"))
			require.True(t, has("pending"), "its customer is still to be told")
		}
		var left int64
		require.NoError(t, db.Raw("SELECT count(*) FROM contacts").Scan(&left).Error)
		require.EqualValues(t, 1, left, "an order that was never placed needs none")
	})
}
