package rpc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/support"
	"github.com/amends/amends/services/support/rpc"
	"github.com/amends/amends/services/support/store"
)

// The contract of [support.Service] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, service := range map[string]support.Service{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, service, s, name) })
		}
	})
}

// contract tests s, whose rows direct reads, on orders of its own.
func contract(t *testing.T, s, direct support.Service, order string) {
	ctx := rpctest.Context(t)
	ada := support.Author{Side: support.Customer, ID: "ada"}
	mia := support.Author{Side: support.Staff, ID: "mia"}
	guest := support.Author{Side: support.Customer}
	opened, err := s.Open(ctx, support.Opening{Order: order, Key: "k", Author: ada, Subject: "Käse", Text: "Where\nis it?"})
	require.NoError(t, err)
	requireStored := func(t *testing.T, c support.Case) {
		t.Helper()
		stored, err := direct.Get(ctx, c.ID, "")
		require.NoError(t, err)
		require.Equal(t, stored, c)
	}
	requireStored(t, opened)
	command := func(a support.Author, key string) support.Command {
		return support.Command{Case: opened.ID, Order: order, Key: key, Author: a}
	}

	t.Run("CarriesOutEachCommandOnce", func(t *testing.T) {
		for range 2 {
			c, err := s.Answer(ctx, command(mia, "1"), "On its way.")
			require.NoError(t, err)
			requireStored(t, c)
			require.Len(t, c.Messages, 2)
			c, err = s.Assign(ctx, command(mia, "2"), "mia")
			require.NoError(t, err)
			requireStored(t, c)
			c, err = s.Get(ctx, opened.ID, order)
			require.NoError(t, err)
			requireStored(t, c)
		}
	})
	t.Run("Lists", func(t *testing.T) {
		second, err := s.Open(ctx, support.Opening{Order: order, Key: "k", Author: guest, Subject: "Another", Text: "I am a guest."})
		require.NoError(t, err, "a key is of its author")
		requireStored(t, second)
		of, err := s.OfOrder(ctx, order)
		require.NoError(t, err)
		require.Len(t, of, 2)
		require.Equal(t, second.ID, of[0].ID)
		page, err := s.List(ctx, support.Filter{State: support.Open, After: opened.ID, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, of[:1], page)
		none, err := s.List(ctx, support.Filter{Assignee: "leo", Limit: 1})
		require.NoError(t, err)
		require.Empty(t, none)
		for _, f := range []support.Filter{{}, {Limit: -1}, {Limit: support.MaxPage + 1}, {Limit: 1, State: "lost"}} {
			_, err = s.List(ctx, f)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v: %v", f, err)
		}
	})
	t.Run("Refuses", func(t *testing.T) {
		c, err := s.Close(ctx, command(ada, "3"))
		require.NoError(t, err)
		requireStored(t, c)
		for code, try := range map[fault.Code]func() error{
			support.CaseClosed: func() error { _, err := s.Answer(ctx, command(ada, "4"), "Hello?"); return err },
			support.KeyReused:  func() error { _, err := s.Answer(ctx, command(mia, "1"), "Another"); return err },
			fault.NotFound:     func() error { _, err := s.Get(ctx, opened.ID, order+"2"); return err },
			fault.Invalid:      func() error { _, err := s.Answer(ctx, command(ada, "5"), " "); return err },
		} {
			err := try()
			require.Equal(t, code, fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Business, fault.KindOf(err))
		}
	})
}
