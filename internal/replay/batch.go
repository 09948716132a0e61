package replay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// Result is the result of replaying one history.
type Result struct {
	Name   string // see [History]
	Events int    // number of events; 0 if the history could not be read
	Err    error  // nil if it replays
}

// ErrGone is the Err of a run that the engine has deleted since it listed it, which
// is no failure to replay.
var ErrGone = errors.New("the engine has deleted it since")

// EachFile replays the histories in files on all cores, and calls report with each
// result, in the order of files, until report fails. A file without a history is a
// result with an error. payloads reads the recorded values, see [History].
func EachFile(files []string, payloads converter.DataConverter, report func(Result) error) error {
	items := func(yield func(string, error) bool) {
		for _, f := range files {
			if !yield(f, nil) {
				return
			}
		}
	}
	return inOrder(items, runtime.GOMAXPROCS(0), func(file string) Result {
		h, err := File(file)
		h.Name, h.Payloads = file, payloads
		return result(h, err)
	}, report)
}

// maxUnread is the number of unreadable histories in a row that counts as a failure
// of the engine.
const maxUnread = 3

// EachFound replays every run that a visibility query finds, several at a time, and
// calls report with each result, in the engine's order, until report fails. Runs
// that start during the call may be missing. payloads reads the recorded values, see
// [History].
func EachFound(ctx context.Context, c client.Client, payloads converter.DataConverter, query string, report func(Result) error) error {
	type read struct {
		Result

		failed bool // the history could not be read
	}
	unread := 0
	return inOrder(runs(ctx, c, query), atOnce, func(e *commonpb.WorkflowExecution) read {
		h, err := FromServer(ctx, c, e.GetWorkflowId(), e.GetRunId())
		h.Payloads = payloads
		if err == nil {
			return read{Result: result(h, nil)}
		}
		name := e.GetWorkflowId() + "/" + e.GetRunId()
		if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
			return read{Result: Result{Name: name, Err: ErrGone}}
		}
		return read{Result: Result{Name: name, Err: err}, failed: true}
	}, func(r read) error {
		if !r.failed {
			unread = 0
		} else if unread++; unread == maxUnread || ctx.Err() != nil {
			return r.Err
		}
		return report(r.Result)
	})
}

// atOnce bounds the histories that are read from the engine at a time.
const atOnce = 8

func result(h History, err error) Result {
	if err == nil {
		err = Replay(h)
	}
	return Result{Name: h.Name, Events: len(h.Events.GetEvents()), Err: err}
}

// runs iterates over the runs that a query finds.
func runs(ctx context.Context, c client.Client, query string) iter.Seq2[*commonpb.WorkflowExecution, error] {
	return func(yield func(*commonpb.WorkflowExecution, error) bool) {
		var page []byte
		for {
			list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: page})
			if err != nil {
				yield(nil, fmt.Errorf("list workflows: %w", err))
				return
			}
			for _, e := range list.GetExecutions() {
				if !yield(e.GetExecution(), nil) {
					return
				}
			}
			if page = list.GetNextPageToken(); len(page) == 0 {
				return
			}
		}
	}
}

// inOrder calls work for the items, atOnce at a time, and emit with the results, one
// at a time and in the items' order, until emit or the items fail. No work runs any
// more when it returns.
func inOrder[T, R any](items iter.Seq2[T, error], atOnce int, work func(T) R, emit func(R) error) error {
	type slot struct {
		result chan R
		err    error
	}
	// The buffer bounds how far work runs ahead of emit.
	slots, stop := make(chan slot, atOnce), make(chan struct{})
	go func() {
		defer close(slots)
		free := make(chan struct{}, atOnce)
		for item, err := range items {
			s := slot{make(chan R, 1), err}
			select {
			case slots <- s:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
			free <- struct{}{}
			go func() {
				s.result <- work(item)
				<-free
			}()
		}
	}()
	var failed error
	for s := range slots {
		switch {
		case s.err != nil && failed == nil:
			failed = s.err
		case s.err == nil:
			r := <-s.result
			if failed == nil {
				if failed = emit(r); failed != nil {
					close(stop)
				}
			}
		}
	}
	return failed
}
