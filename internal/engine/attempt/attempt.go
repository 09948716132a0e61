// Package attempt tells whether a call to the engine can have had an effect there.
//
// The SDK repeats a call whose answer was lost, so the error that it returns is the
// answer to the last attempt, and proves nothing about the ones before it: a call that
// started a workflow may end in "namespace not found". Only the transport sees every
// attempt. [Handler] is its witness, and a [Log] is the testimony about one call.
package attempt

import (
	"context"
	"sync"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// Log has the attempts of the calls that were made with its context. It is safe for
// concurrent use.
type Log struct {
	mu       sync.Mutex
	attempts []*one
}

// one is an attempt: a request on one connection.
type one struct {
	left    bool // this process
	refused bool // by the engine, before it did anything
}

type (
	logKey     struct{}
	attemptKey struct{}
)

// Watch returns a context for calls whose attempts are to be logged.
func Watch(ctx context.Context) (context.Context, *Log) {
	l := &Log{}
	return context.WithValue(ctx, logKey{}, l), l
}

// Harmless reports whether it is a fact that the calls had no effect: each attempt
// was seen, and either did not leave this process or was refused. A connection
// without a [Handler] shows no attempts, so nothing is a fact there.
func (l *Log) Harmless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.attempts {
		if a.left && !a.refused {
			return false
		}
	}
	return len(l.attempts) > 0
}

// Handler writes the attempts of a connection into the logs of their contexts. It
// implements [stats.Handler], which also sees the attempts that gRPC itself makes.
type Handler struct{}

var _ stats.Handler = Handler{}

// TagRPC implements [stats.Handler]: an attempt begins.
func (Handler) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	l, ok := ctx.Value(logKey{}).(*Log)
	if !ok || info.FullMethodName == workflowservice.WorkflowService_GetSystemInfo_FullMethodName { // the SDK's first question
		return ctx
	}
	a := &one{}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
	return context.WithValue(ctx, attemptKey{}, a)
}

// HandleRPC implements [stats.Handler].
func (Handler) HandleRPC(ctx context.Context, s stats.RPCStats) {
	a, ok := ctx.Value(attemptKey{}).(*one)
	if !ok {
		return
	}
	l := ctx.Value(logKey{}).(*Log) //nolint:forcetypeassert,errcheck // an attempt's context has it
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s := s.(type) {
	case *stats.OutHeader:
		a.left = true
	case *stats.End:
		a.refused = refused(s.Error)
	}
}

// TagConn implements [stats.Handler].
func (Handler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (Handler) HandleConn(context.Context, stats.ConnStats) {}

// refused reports whether err is the engine's answer to a request that it did not
// begin to execute. gRPC makes none of these codes of a broken connection, nor does a
// proxy that has passed the request on.
func refused(err error) bool {
	if status.Code(err) == codes.Unauthenticated {
		return true // the SDK has no type for it
	}
	switch refusal := serviceerror.FromStatus(status.Convert(err)).(type) { //nolint:errorlint // it returns the type itself
	case *serviceerror.NamespaceNotFound, *serviceerror.InvalidArgument, *serviceerror.PermissionDenied, *serviceerror.Unimplemented:
		return true
	case *serviceerror.MultiOperationExecution:
		// Update-With-Start: the start is the first operation, and one that succeeded has
		// no error, whatever became of the update.
		all := refusal.OperationErrors()
		return len(all) > 0 && notStarted(all[0])
	}
	return false
}

// notStarted reports whether err is that of a start that was refused, or left out
// because the update was.
func notStarted(err error) bool {
	switch err.(type) { //nolint:errorlint // the engine's own types, unwrapped
	case *serviceerror.MultiOperationAborted, *serviceerror.InvalidArgument, *serviceerror.PermissionDenied:
		return true
	}
	return false
}
