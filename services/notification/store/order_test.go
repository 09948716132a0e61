package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/send"
	"github.com/amends/amends/services/notification/store"
)

// Two messages to one person end at once: the fact of the second has the later place in the
// outbox, so it must not be seen before that of the first.
func TestFactsOfOneRecipientAreCommittedInTheirOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, now := store.New(db), time.Now()
		notices := []notification.Notice{
			{Kind: notification.OrderConfirmed, Subject: "order-1", Recipient: "account-1", At: now},
			{Kind: notification.OrderConfirmed, Subject: "order-2", Recipient: "account-1", At: now},
		}
		require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Want(tx, notices) }))
		taken, err := s.Take(t.Context(), 10, time.Hour)
		require.NoError(t, err)
		var second notification.Delivery
		for _, d := range taken {
			if d.Subject == "order-2" {
				second = d
			}
		}

		require.NoError(t, txn.Run(t.Context(), db, func(first *gorm.DB) error {
			if err := s.Erase(first, store.Gone{Orders: []string{"order-1"}}); err != nil {
				return err
			}
			brief, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			require.Error(t, s.Conclude(brief, second, send.Outcome{State: notification.Sent}), "it waits for the first")
			return nil
		}))
		require.NoError(t, s.Conclude(t.Context(), second, send.Outcome{State: notification.Sent}))
		var types []string
		require.NoError(t, db.Table("outbox").Order("id").Pluck("type", &types).Error)
		require.Equal(t, []string{notification.FailedFact.Type(), notification.SentFact.Type()}, types)
	})
}
