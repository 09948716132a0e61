package e2e_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/sealed"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/proof/dbtest"
)

// sealing returns a client of the engine with a ring of payload keys.
func sealing(t *testing.T, ids ...string) *engine.Client {
	t.Helper()
	var ring []sealed.Key
	for _, id := range ids {
		ring = append(ring, sealed.Key{ID: id, Secret: bytes.Repeat([]byte(id), 32)[:32]})
	}
	codec, err := sealed.New(ring)
	require.NoError(t, err)
	c, err := engine.Dial(engine.Options{Address: devServer.Address, Isolated: true, Logger: slog.New(slog.DiscardHandler), Codec: codec})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// rotate gives each process of the platform another client, one after the other.
func (p *platform) rotate(t *testing.T, c *engine.Client) {
	t.Helper()
	p.client = c
	for _, s := range services {
		p.stop(s)
		p.start(t, s)
	}
	p.serve(t, patience, slog.New(slog.DiscardHandler))
}

// While customers order, in every way, the key of the payloads rotates, worker by worker:
// no order fails, no history shows the data of a customer, and all of them replay.
func TestSealedHistories(t *testing.T) {
	t.Parallel()

	p := newPlatformAs(t, dbtest.SQLite, patience, sealing(t, "old"), slog.New(slog.DiscardHandler))
	c := p.visit(t, 1)
	p.rotate(t, sealing(t, "old", "new"))
	c.join(t, 1)
	p.rotate(t, sealing(t, "new", "old"))
	c.join(t, 1)
	c.served(t, p.Shop)

	both, one := sealing(t, "new", "old").Payloads.Data, sealing(t, "new").Payloads.Data
	needsOld := 0
	var found []*workflowservice.ListWorkflowExecutionsResponse
	eventually(t, "the engine lists each order as ended", func() bool {
		r, err := server.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'PlaceOrder' AND TaskQueue = '" + p.queues["order"] + "'"})
		require.NoError(t, err)
		found = []*workflowservice.ListWorkflowExecutionsResponse{r}
		running := func(e *workflow.WorkflowExecutionInfo) bool {
			return e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		}
		return len(r.GetExecutions()) == len(c.ids) && !slices.ContainsFunc(r.GetExecutions(), running)
	})
	for _, info := range found[0].GetExecutions() {
		run := info.GetExecution()
		h, err := replay.FromServer(t.Context(), server, run.GetWorkflowId(), run.GetRunId())
		require.NoError(t, err)
		data, err := proto.Marshal(h.Events)
		require.NoError(t, err)
		for _, secret := range buyer.secrets() {
			require.NotContains(t, string(data), secret, run.GetWorkflowId())
		}
		require.NotContains(t, string(data), "KETTLE", "nor what was ordered") // a shorter name also comes up in what is sealed, by chance
		d, err := server.DescribeWorkflowExecution(t.Context(), run.GetWorkflowId(), run.GetRunId())
		require.NoError(t, err)
		require.NotContains(t, d.String(), "KETTLE")

		h.Payloads = both
		require.NoError(t, replay.Replay(h))
		h.Payloads = one
		if replay.Replay(h) != nil {
			needsOld++
		}
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, info.GetStatus())
	}
	require.Positive(t, needsOld)
	require.Less(t, needsOld, len(c.ids), "the last ones were sealed with the new key alone")

	for _, location := range c.ids {
		require.Equal(t, 200, p.get(t, strings.TrimPrefix(location, "/v1/orders/")).status)
	}
}
