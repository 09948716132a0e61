package store_test

import (
	"fmt"
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

// TestAuditHasTheMessagesOfEveryOrderOnce: in pages of every size.
func TestAuditHasTheMessagesOfEveryOrderOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		s := store.At(db, func() time.Time { return at })
		var notices []notification.Notice
		for i := range 7 {
			id := fmt.Sprint("order-", i)
			notices = append(notices, notification.Notice{Kind: notification.OrderConfirmed, Subject: id, Recipient: "account-1", At: at})
			if i%3 == 0 { // one of an order has many messages
				for n := range i + 2 {
					notices = append(notices, notification.Notice{
						Kind: notification.OrderCancelled, Subject: id, Occurrence: fmt.Sprint(n), Recipient: "account-1", At: at,
					})
				}
			}
		}
		of := len(notices)
		notices = append(notices, notification.Notice{Kind: notification.SessionOpened, Subject: "order-3a", Occurrence: "s1", Recipient: "account-1", At: at})
		require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return s.Want(tx, notices) }))

		for limit := 1; limit <= 8; limit++ {
			mails, ids := 0, []string{}
			r := audit.Range{Limit: limit}
			for {
				page, err := s.Audit(t.Context(), r)
				require.NoError(t, err)
				require.LessOrEqual(t, page.Since, time.Now().Add(2*time.Hour))
				require.Greater(t, page.Since, time.Now().Add(59*time.Minute), "an hour after the migration")
				for _, f := range page.Facts {
					ids, mails = append(ids, f.Saga), mails+len(f.Mails)
					require.Equal(t, at, f.Since)
				}
				if page.Next == "" {
					break
				}
				r.After = page.Next
			}
			require.Equal(t, []string{"order-0", "order-1", "order-2", "order-3", "order-4", "order-5", "order-6"}, ids, "limit %d", limit)
			require.Equal(t, of, mails, "limit %d", limit)
		}
		page, err := s.Audit(t.Context(), audit.Range{Sagas: []string{"order-2", "nobody"}, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		require.Equal(t, notices[0].Key(notification.Email), func() string {
			first, err := s.Audit(t.Context(), audit.Range{Sagas: []string{"order-0"}})
			require.NoError(t, err)
			for _, m := range first.Facts[0].Mails {
				if m.Kind == notification.OrderConfirmed {
					return m.ID
				}
			}
			return ""
		}())

		require.NoError(t, db.Exec("DELETE FROM deliveries_since").Error)
		page, err = s.Audit(t.Context(), audit.Range{})
		require.NoError(t, err)
		require.Greater(t, page.Since, time.Now().AddDate(100, 0, 0), "nothing is known to be complete")

		none, err := s.Waiting(t.Context(), at)
		require.NoError(t, err)
		require.Empty(t, none)
		waiting, err := s.Waiting(t.Context(), at.Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, []string{fmt.Sprintf("%d messages wait; the oldest, ", len(notices))}, []string{waiting[0][:len(fmt.Sprintf("%d messages wait; the oldest, ", len(notices)))]})
		require.Contains(t, waiting[0], "since 2026-11-29 12:00:00: no attempt has been made")
	})
}
