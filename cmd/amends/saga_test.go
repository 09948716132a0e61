package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/saga"
)

// parties are a saga of another program: a hall is booked and a band is hired, or neither.
type parties struct {
	engine  *engine.Client
	environ []string
	release chan struct{} // lets the band answer
}

var (
	bookHall = saga.Step[string, saga.None]{Name: "hall.book", Queue: "parties", Kind: saga.Compensatable, Owes: "a hall"}
	hireBand = saga.Step[string, saga.None]{Name: "band.hire", Queue: "parties", Kind: saga.Compensatable}
)

func startParties(t *testing.T) *parties {
	t.Helper()
	server := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: server.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	p := &parties{engine: c, environ: []string{"TEMPORAL_ADDRESS=" + server.Address, "HOME=" + t.TempDir()}, release: make(chan struct{})}
	w := worker.New(c.Client, "parties", worker.Options{})
	broken := fault.Errorf(fault.Bug, "BROKEN", "the undo is wrong")
	saga.Bind(w, bookHall, func(context.Context, saga.Key, string) (saga.None, error) { return saga.None{}, nil },
		func(_ context.Context, k saga.Key) error {
			if k.Saga == "party-broken" {
				return broken
			}
			return nil
		})
	saga.Bind(w, hireBand, func(ctx context.Context, _ saga.Key, who string) (saga.None, error) {
		if who == "nobody" {
			return saga.None{}, fault.Errorf(fault.Business, "NO_BAND", "none is free")
		}
		select {
		case <-p.release:
			return saga.None{}, nil
		case <-ctx.Done():
			return saga.None{}, fault.Errorf(fault.Transient, fault.Unavailable, "not now")
		}
	}, func(context.Context, saga.Key) error { return nil })
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, id, band string) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: id, Plan: saga.NewPlan(bookHall, hireBand)}, func(ctx workflow.Context) error {
			if _, err := saga.Do(ctx, bookHall, "main"); err != nil {
				return err
			}
			_, err := saga.Do(ctx, hireBand, band)
			return err
		})
	}, workflow.RegisterOptions{Name: "Party"})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) }, workflow.RegisterOptions{Name: "Nap"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return p
}

func (p *parties) begin(t *testing.T, id, band string) {
	t.Helper()
	_, err := p.engine.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "parties"}, "Party", id, band)
	require.NoError(t, err)
}

func (p *parties) command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return once(t, p.environ, append([]string{"saga"}, args...)...)
}

func TestSagasOfOtherPrograms(t *testing.T) { //nolint:tparallel // one story, one claim after the other
	t.Parallel()
	p := startParties(t)
	p.begin(t, "party-1", "the Beatles")
	_, err := p.engine.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "nap", TaskQueue: "parties"}, "Nap")
	require.NoError(t, err)

	t.Run("AreListed", func(t *testing.T) {
		out := requireSaid(t, `party-1\tParty\tforward`, func() (string, error) { return p.command(t, "list") })
		require.NotContains(t, out, "nap", "it has no saga")
	})

	t.Run("AreShown", func(t *testing.T) {
		requireSaid(t, `hall.book\tdone\t1\t\ta hall`, func() (string, error) { return p.command(t, "show", "party-1") })
		out, err := p.command(t, "show", "party-1", "--json")
		require.NoError(t, err)
		var v saga.View
		require.NoError(t, json.Unmarshal([]byte(out), &v))
		require.Equal(t, "party-1", v.ID)
		_, err = p.command(t, "show", "party-2")
		require.EqualError(t, err, "saga party-2: NOT_FOUND: there is no such workflow")
		_, err = p.command(t, "show", "nap")
		require.ErrorContains(t, err, "saga nap: UNKNOWN_SAGA: ")
	})

	t.Run("AreCancelled", func(t *testing.T) {
		out, err := p.command(t, "cancel", "party-1", "--reason", "RAIN")
		require.NoError(t, err)
		require.Equal(t, "saga party-1 is undoing\n", out)
		v, err := saga.Wait(t.Context(), p.engine, "party-1")
		require.NoError(t, err)
		require.Equal(t, []any{saga.Aborted, fault.Code("RAIN")}, []any{v.Phase, v.Reason})
		_, err = p.command(t, "cancel", "party-1")
		require.EqualError(t, err, "saga party-1: ALREADY_DECIDED: the workflow has ended")
	})

	t.Run("AreRepaired", func(t *testing.T) {
		p.begin(t, "party-broken", "nobody")
		require.Eventually(t, func() bool {
			v, err := saga.Show(t.Context(), p.engine, "party-broken")
			return err == nil && len(v.Attention) > 0
		}, patience, 20*time.Millisecond)
		requireSaid(t, `party-broken\tParty\tundoing\tNO_BAND\thall.book BROKEN`, func() (string, error) { return p.command(t, "list") })
		_, err := p.command(t, "repair", "party-broken", "roof.book", "--action", "retry", "--reason", "x")
		require.ErrorContains(t, err, "UNKNOWN_STEP")
		out, err := p.command(t, "repair", "party-broken", "hall.book", "--action", "skip", "--reason", "given back by phone", "--by", "ada")
		require.NoError(t, err)
		require.Equal(t, "step hall.book of saga party-broken is waived\n", out)
		out, err = p.command(t, "show", "party-broken")
		require.NoError(t, err)
		require.Regexp(t, `hall.book\tskip\tada\t[^\t]+\tgiven back by phone`, out)
	})

	t.Run("ButNotOrders", func(t *testing.T) {
		_, err := p.command(t, "cancel", "order-1")
		require.ErrorContains(t, err, "whose service has to know of a change: use the API's POST /v1/orders/{id}/cancel")
		_, err = p.command(t, "repair", "order-1", "payment.capture", "--action", "retry", "--reason", "x")
		require.ErrorContains(t, err, "use amends repair")
	})
}
