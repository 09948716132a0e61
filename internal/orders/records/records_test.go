package records_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// scripted is an order service that answers as it is told.
type scripted struct {
	get func(ctx context.Context) (order.Record, error)
}

func (s *scripted) Get(ctx context.Context, _ string) (order.Record, error) { return s.get(ctx) }

func (s *scripted) Address(ctx context.Context, _ string) (order.Address, error) {
	rec, err := s.get(ctx)
	return rec.Placement.ShipTo, err
}

func (s *scripted) KeepContact(ctx context.Context, _, _ string, _ order.Contact) error {
	_, err := s.get(ctx)
	return err
}

func (s *scripted) Place(ctx context.Context, _ string, _ order.Placement, _ time.Duration) (order.Record, error) {
	return s.get(ctx)
}

func (s *scripted) Withdraw(ctx context.Context, _ string) (order.Record, error) { return s.get(ctx) }

func (s *scripted) Repair(ctx context.Context, _ string, _ ledger.Repair) (order.Record, error) {
	return s.get(ctx)
}

func down(context.Context) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

func missing(context.Context) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Business, fault.NotFound, "no such order")
}

func hanging(ctx context.Context) (order.Record, error) {
	<-ctx.Done()
	return order.Record{}, ctx.Err()
}

// brokenOff is a reader of a service that was left alone, when it is to be asked again.
func brokenOff(t *testing.T) (*scripted, *records.Reader) {
	t.Helper()
	s := &scripted{get: down}
	r := records.New(s, time.Second)
	for range 5 {
		_, err := r.Get(t.Context(), "a")
		require.Error(t, err)
	}
	require.False(t, r.Answer())
	time.Sleep(5 * time.Second) //nolint:forbidigo // of a bubble
	require.True(t, r.Answer())
	return s, r
}

func TestOneAnswerEndsTheBreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := brokenOff(t)
		s.get = missing
		for range 5 {
			_, err := r.Get(t.Context(), "a")
			require.True(t, records.Missing(err), "%v", err)
		}
		require.True(t, r.Answer())
	})
}

// A caller that does not wait for the answer has not heard that the service is back.
func TestAReadingWithoutAnAnswerDoesNotEndTheBreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := brokenOff(t)
		s.get = hanging
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := r.Get(ctx, "a")
		require.Error(t, err)
		require.False(t, r.Answer())
	})
}
