package remote_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/audit/remote"
)

// TestAQuestionTravels: to the service and back, whether it is asked here or by a call.
func TestAQuestionTravels(t *testing.T) {
	t.Parallel()
	q := remote.Questions{}
	remote.Add(q, "query.audit", func(_ context.Context, r audit.Range) ([]string, error) {
		if r.Limit == 0 {
			return nil, fault.Errorf(fault.Transient, fault.Unavailable, "the database is away")
		}
		return r.Sagas, nil
	})
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) { remote.Register(r, q) })
	for name, ask := range map[string]func(context.Context, string, json.RawMessage) (json.RawMessage, error){
		"Here": q.Ask, "ByACall": remote.NewClient(conn).Ask,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := rpctest.Context(t)
			answer, err := ask(ctx, "query.audit", json.RawMessage(`{"sagas":["a","b"],"limit":2}`))
			require.NoError(t, err)
			require.JSONEq(t, `["a","b"]`, string(answer))
			_, err = ask(ctx, "query.audit", json.RawMessage(`{}`))
			require.Equal(t, fault.Unavailable, fault.CodeOf(err))
			_, err = ask(ctx, "query.audit", json.RawMessage(`[]`))
			require.Equal(t, fault.Bug, fault.KindOf(err))
			_, err = ask(ctx, "query.steal", json.RawMessage(`{}`))
			require.Equal(t, fault.NotFound, fault.CodeOf(err))
		})
	}
}
