package rpc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/rpc"
	"github.com/amends/amends/services/notification/send"
	"github.com/amends/amends/services/notification/store"
)

func TestASubjectThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, nil) }))
	_, err := remote.About(rpctest.Context(t), strings.Repeat("x", 300))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

// The contract of [notification.Service] holds in the service's process and over a
// connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]notification.Service{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, db, s, d, "order of "+name) })
		}
	})
}

func contract(t *testing.T, db *gorm.DB, s *store.Store, d notification.Service, order string) {
	t.Helper()
	ctx := rpctest.Context(t)
	none, err := d.About(ctx, order)
	require.NoError(t, err)
	require.Empty(t, none)

	at := database.Now()
	notices := []notification.Notice{
		{Kind: notification.OrderCancelled, Subject: order, Recipient: "account-1", At: at},
		{Kind: notification.SessionOpened, Subject: order, Occurrence: "session-1", Recipient: "account-1", At: at},
	}
	for _, n := range notices {
		require.NoError(t, txn.Run(ctx, db, func(tx *gorm.DB) error { return s.Want(tx, []notification.Notice{n}) }))
	}
	taken, err := s.Take(ctx, 1, time.Minute)
	require.NoError(t, err)
	require.Len(t, taken, 1)
	taken[0].Address, taken[0].Locale, taken[0].Provider = "ada@example.com", "de", "smtp"
	ok, err := s.Begin(ctx, taken[0])
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, s.Conclude(ctx, taken[0], send.Outcome{State: notification.Dropped, Reason: "ADDRESS_REFUSED", Provider: "smtp", Suppress: "ada@example.com"}))

	all, err := d.About(ctx, order)
	require.NoError(t, err)
	require.Len(t, all, 2)
	dropped, wanted := all[0], all[1]
	if dropped.State == notification.Wanted {
		dropped, wanted = wanted, dropped
	}
	require.Equal(t, notification.Dropped, dropped.State)
	require.Equal(t, fault.Code("ADDRESS_REFUSED"), dropped.Reason)
	require.Equal(t, "ada@example.com", dropped.Address)
	require.Equal(t, "de", dropped.Locale)
	require.Equal(t, "smtp", dropped.Provider)
	require.EqualValues(t, 1, dropped.Attempts)
	require.False(t, dropped.EndedAt.IsZero())
	require.Equal(t, notification.Wanted, wanted.State)
	require.Equal(t, notification.Email, wanted.Channel)
	require.Equal(t, "account-1", wanted.Recipient)
	require.True(t, wanted.EndedAt.IsZero())
	require.True(t, wanted.ExpiresAt.After(at))

	require.NoError(t, d.Lift(ctx, notification.Email, "ada@example.com"))
	suppressed, err := s.Suppressed(ctx, notification.Email, "ada@example.com")
	require.NoError(t, err)
	require.False(t, suppressed)
	rest, err := s.Take(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, rest, 1)
}
