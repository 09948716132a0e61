package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/store"
)

// TestChangesAreOrdersWithNewMessages: and nothing else that customers are told of.
func TestChangesAreOrdersWithNewMessages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		from := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
		want := func(at time.Time, kind notification.Kind, subject string) {
			s := store.At(db, func() time.Time { return at })
			n := notification.Notice{Kind: kind, Subject: subject, Recipient: "account-1", At: at}
			require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Want(tx, []notification.Notice{n}) }))
		}
		want(from.Add(-time.Second), notification.OrderConfirmed, "old")
		want(from, notification.OrderConfirmed, "new")
		want(from.Add(time.Minute), notification.OrderCancelled, "new") // one order with two messages
		want(from, notification.SessionOpened, "session")
		want(from.Add(time.Hour), notification.OrderConfirmed, "later")
		page, err := store.New(db).Changed(t.Context(), audit.Window{From: from, Until: from.Add(time.Hour)})
		require.NoError(t, err)
		require.Equal(t, []string{"new"}, page.Facts)
	})
}
