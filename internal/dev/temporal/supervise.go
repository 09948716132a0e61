package temporal

import (
	"cmp"
	"context"
	"fmt"
	"time"

	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/amends/amends/internal/dev/child"
)

// Supervision of a server whose process lives.
const (
	// probeEvery is the time between two probes of a server that answers them.
	probeEvery = time.Second
	// defaultPatience is how long a server may answer no probe before a restart.
	defaultPatience = 10 * time.Second
	// restartEvery is the least time between two restarts: a machine that is too slow
	// for the server must not restart it for ever.
	restartEvery = time.Minute
)

// Run supervises the server until ctx ends, then stops it. It restarts a server that
// lives and answers no probe for 10 s, at most once a minute, on the same state and
// the same ports, so that its clients reconnect. It fails when the process ends by
// itself. It runs once, and no other method may be called beside it.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	h := health{patience: cmp.Or(s.o.Patience, defaultPatience)}
	for {
		select {
		case <-ctx.Done():
			return s.Stop()
		case <-s.child.Done():
			return s.child.Failure()
		case <-tick.C:
		}
		asked := time.Now()
		err := s.probe(ctx, h.patience)
		if ctx.Err() != nil || !h.exhausted(asked, time.Now(), err) {
			continue
		}
		if err := s.restart(ctx, err); err != nil {
			return err
		}
	}
}

// restart replaces a process that does not answer. A new one that does not get
// ready in time keeps running: the next probes decide about it.
func (s *Server) restart(ctx context.Context, why error) error {
	s.o.Logger.Warn("the Temporal dev server runs but does not answer: restarting it", "error", why, "log", s.run.Log)
	began := time.Now()
	if err := s.child.Stop(); err != nil {
		return err
	}
	var err error
	if s.child, err = child.Start(s.run); err != nil {
		return err
	}
	if err = s.ready(ctx); err == nil {
		s.o.Logger.Warn("the Temporal dev server answers again", "after", time.Since(began).Round(time.Millisecond))
	} else if ctx.Err() == nil {
		s.o.Logger.Warn("the restarted Temporal dev server does not answer yet", "error", err)
	}
	return nil
}

// probe asks for something that the server must read from its database: a server
// that has lost it still accepts connections and answers its health check.
func (s *Server) probe(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// A connection of its own: an old one may be waiting to be dialed again.
	conn, err := grpc.NewClient(s.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("dev server's client: %w", err)
	}
	defer conn.Close()
	_, err = workflowservicepb.NewWorkflowServiceClient(conn).CountWorkflowExecutions(ctx,
		&workflowservicepb.CountWorkflowExecutionsRequest{Namespace: client.DefaultNamespace})
	return err
}

// health decides from the probes of a server when to restart it.
type health struct {
	patience  time.Duration
	failing   time.Time // of the first failed probe since the last good one, or zero
	restarted time.Time
}

// exhausted records a probe, and reports whether to restart the server now.
func (h *health) exhausted(asked, answered time.Time, err error) bool {
	if err == nil {
		h.failing = time.Time{}
		return false
	}
	if h.failing.IsZero() {
		h.failing = asked
	}
	if answered.Sub(h.failing) < h.patience || !h.restarted.IsZero() && answered.Sub(h.restarted) < restartEvery {
		return false
	}
	h.failing, h.restarted = time.Time{}, answered
	return true
}
