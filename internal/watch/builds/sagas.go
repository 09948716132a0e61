package builds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

const (
	// attribute is the search attribute in which the engine keeps the builds.
	attribute = "BuildIds"
	// pageSize is the number of sagas in one answer of the engine; atOnce is how many are
	// replayed at a time.
	pageSize, atOnce = 1000, 8
)

// saga is a running one: its workflow, and the builds that have continued it, in the order
// in which they joined.
type saga struct {
	workflow, run string
	builds        []string
}

// last returns the build that has joined last, "" before the first.
func (s saga) last() string {
	if len(s.builds) == 0 {
		return ""
	}
	return s.builds[len(s.builds)-1]
}

// sagas lists the running ones.
func sagas(ctx context.Context, c *engine.Client) (all []saga, err error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query:    fmt.Sprintf("ExecutionStatus = 'Running' AND WorkflowType IN ('%s', '%s')", workflows.PlaceOrder, repay.RefundOrder),
		PageSize: pageSize,
	}
	for {
		page, err := c.ListWorkflow(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("list workflows: %w", err)
		}
		for _, w := range page.GetExecutions() {
			s, err := read(w)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return all, nil
		}
	}
}

// read returns the saga of a workflow.
func read(w *workflowpb.WorkflowExecutionInfo) (s saga, err error) {
	s = saga{workflow: w.GetExecution().GetWorkflowId(), run: w.GetExecution().GetRunId()}
	kept := w.GetSearchAttributes().GetIndexedFields()[attribute]
	if kept == nil {
		return s, nil // no worker has taken it yet
	}
	var words []string
	if err := converter.GetDefaultDataConverter().FromPayload(kept, &words); err != nil {
		return s, fmt.Errorf("the builds of %s: %w", s.workflow, err)
	}
	for _, word := range words {
		// "unversioned:NAME"; the word "unversioned" alone says that no build owns the workflow.
		if _, name, named := strings.Cut(word, ":"); named {
			s.builds = append(s.builds, name)
		}
	}
	return s, nil
}

// trial has the sagas that this build has not continued yet, by their last build: those
// that do not replay, and the number of those that were not tried.
type trial struct {
	failed  map[string][]string
	untried map[string]int
}

// try replays the sagas that this build has not continued yet, the first Most of them.
func (c Config) try(ctx context.Context, all []saga) (trial, error) {
	t, left := trial{map[string][]string{}, map[string]int{}}, c.Most
	var mu sync.Mutex
	replays, ctx := errgroup.WithContext(ctx)
	replays.SetLimit(atOnce)
	for _, s := range all {
		switch {
		case s.last() == "" || slices.Contains(s.builds, c.This):
			continue
		case left == 0:
			t.untried[s.last()]++
			continue
		}
		left--
		replays.Go(func() error {
			fits, err := c.fits(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !fits {
				t.failed[s.last()] = append(t.failed[s.last()], s.workflow)
			}
			return err
		})
	}
	return t, replays.Wait() //nolint:wrapcheck // it names the workflow
}

// fits reports whether a saga replays on this build, or is gone. Its error is that the
// history could not be read.
func (c Config) fits(ctx context.Context, s saga) (bool, error) {
	h, err := replay.FromServer(ctx, c.Engine.Client, s.workflow, s.run)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return true, nil
	}
	if err != nil {
		return false, err //nolint:wrapcheck // it names the workflow
	}
	h.Payloads = c.Engine.Payloads.Data
	return replay.Replay(h) == nil, nil
}
