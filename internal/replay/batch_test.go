package replay_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/replay"
)

const golden = "../../workflows/testdata/histories"

var errFull = errors.New("the disk is full")

func TestManyFilesAreReportedInTheirOrder(t *testing.T) {
	t.Parallel()

	good := filepath.Join(golden, "confirmed.json")
	var files, want, got []string
	for i := range 100 {
		file := good
		if i%7 == 3 {
			file = fmt.Sprintf("/nowhere/%d.json", i)
		}
		files = append(files, file)
		want = append(want, fmt.Sprintf("%s %t", file, file == good))
	}
	require.NoError(t, replay.EachFile(files, nil, func(r replay.Result) error {
		require.Equal(t, r.Err == nil, r.Events > 0)
		got = append(got, fmt.Sprintf("%s %t", r.Name, r.Err == nil))
		return nil
	}))
	require.Equal(t, want, got)

	n := 0
	require.ErrorIs(t, replay.EachFile(files, nil, func(replay.Result) error {
		n++
		if n == 5 {
			return errFull
		}
		return nil
	}), errFull)
	require.Equal(t, 5, n, "nothing is reported after a failure")
}

// engine is a fake that lists runs, two on a page; some cannot be read.
type engine struct {
	client.Client

	runs   []string
	events []*historypb.HistoryEvent
}

func newEngine(t *testing.T, runs ...string) *engine {
	t.Helper()
	h, err := replay.File(filepath.Join(golden, "confirmed.json"))
	require.NoError(t, err)
	return &engine{runs: runs, events: h.Events.GetEvents()}
}

func (e *engine) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	if len(e.runs) == 0 {
		return nil, serviceerror.NewInvalidArgument("no " + r.GetQuery())
	}
	from := len(r.GetNextPageToken()) // the token's length is the offset
	to := min(from+2, len(e.runs))
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, run := range e.runs[from:to] {
		page.Executions = append(page.Executions, &workflowpb.WorkflowExecutionInfo{
			Execution: &commonpb.WorkflowExecution{WorkflowId: "order", RunId: run},
		})
	}
	if to < len(e.runs) {
		page.NextPageToken = make([]byte, to)
	}
	return page, nil
}

func (e *engine) GetWorkflowHistory(_ context.Context, _, run string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	switch {
	case strings.HasPrefix(run, "gone"):
		return &events{e.events, serviceerror.NewNotFound("no such run")}
	case strings.HasPrefix(run, "broken"):
		return &events{e.events, serviceerror.NewInternal("broken")}
	}
	return &events{e.events, nil}
}

// events iterates over a history, as the client does.
type events struct {
	rest   []*historypb.HistoryEvent
	failed error
}

func (e *events) HasNext() bool { return len(e.rest) > 0 }

func (e *events) Next() (*historypb.HistoryEvent, error) {
	if e.failed != nil {
		return nil, e.failed
	}
	first := e.rest[0]
	e.rest = e.rest[1:]
	return proto.CloneOf(first), nil // the replayer changes it
}

func TestManyFound(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		runs []string
		want string
		err  string
	}{
		"ReplaysEveryPage":               {[]string{"a", "b", "c", "d", "e"}, "order/a ok, order/b ok, order/c ok, order/d ok, order/e ok", ""},
		"GoesOnAfterARunThatIsGone":      {[]string{"a", "gone1", "gone2", "gone3", "b"}, "order/a ok, order/gone1 gone, order/gone2 gone, order/gone3 gone, order/b ok", ""},
		"GoesOnAfterOneThatCannotBeRead": {[]string{"broken1", "a", "broken2", "broken3", "b"}, "order/broken1 FAIL, order/a ok, order/broken2 FAIL, order/broken3 FAIL, order/b ok", ""},
		"EndsWhenNoneCanBeRead":          {[]string{"a", "broken1", "broken2", "broken3", "b"}, "order/a ok, order/broken1 FAIL, order/broken2 FAIL", "read the history of order: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			err := replay.EachFound(t.Context(), newEngine(t, tc.runs...), nil, "query", func(r replay.Result) error {
				verdict := "ok"
				switch {
				case errors.Is(r.Err, replay.ErrGone):
					verdict = "gone"
				case r.Err != nil:
					verdict = "FAIL"
				}
				got = append(got, r.Name+" "+verdict)
				return nil
			})
			require.Equal(t, tc.want, strings.Join(got, ", "))
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tc.err)
			}
		})
	}
}

func TestManyFoundSaysThatTheListFails(t *testing.T) {
	t.Parallel()
	err := replay.EachFound(t.Context(), newEngine(t), nil, "query", func(replay.Result) error { return errFull })
	require.EqualError(t, err, "list workflows: no query")
}
