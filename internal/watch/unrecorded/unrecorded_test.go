package unrecorded

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/amends/amends/fault"
)

// engine is one whose list has pages of one workflow each, the newest first.
type engine struct {
	client.Client

	pages   int
	queries []string
}

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func (e *engine) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	e.queries = append(e.queries, r.GetQuery())
	n := len(e.queries)
	answer := &workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{{
		Execution: &commonpb.WorkflowExecution{WorkflowId: fmt.Sprintf("order-%d", n)},
		StartTime: timestamppb.New(noon.Add(-time.Duration(n) * time.Minute)),
	}}}
	if n < e.pages {
		answer.NextPageToken = []byte("next")
	}
	return answer, nil
}

// records are of the orders with an even number; down, their database does not answer.
type records struct{ down bool }

func (r records) Missing(_ context.Context, ids []string) ([]string, error) {
	if r.down {
		return nil, fault.Errorf(fault.Transient, fault.Unavailable, "the database cannot be reached")
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.Contains("02468", id[len(id)-1:]) }), nil
}

func TestFindReadsEveryPageAndReturnsTheOldestFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &engine{pages: 5}
		found, more, err := Find(t.Context(), e, records{}, noon)
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, []Run{
			{"order-5", "5", noon.Add(-5 * time.Minute)}, {"order-3", "3", noon.Add(-3 * time.Minute)}, {"order-1", "1", noon.Add(-time.Minute)},
		}, found)
		require.Contains(t, e.queries[0], "StartTime < '2026-11-29T12:00:00Z'")
	})
}

func TestFindIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &engine{pages: 10 * maxPages}
		found, more, err := Find(t.Context(), e, records{}, noon)
		require.NoError(t, err)
		require.True(t, more, "and says that there may be others")
		require.Len(t, e.queries, maxPages)
		require.Len(t, found, maxPages/2)
	})
}

func TestFindDoesNotTakeADatabaseThatIsDownForAnEmptyOne(t *testing.T) {
	t.Parallel()
	_, _, err := Find(t.Context(), &engine{pages: 1}, records{down: true}, noon)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}
