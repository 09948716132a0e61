package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/replay"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
)

const golden = "../../workflows/testdata/histories"

// altered copies a golden history with a text replaced.
func altered(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, "confirmed.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	return written(t, strings.ReplaceAll(string(text), from, to))
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReplayOfFiles(t *testing.T) {
	t.Parallel()

	t.Run("SaysOfEachThatItReplays", func(t *testing.T) {
		t.Parallel()
		out, err := once(t, nil, "replay", golden)
		require.NoError(t, err)
		require.Regexp(t, `(?m)^ok    .*/confirmed\.json  \d\d events$`, out)
		require.Regexp(t, `(?m)^ok    .*/confirmed\.tctl\.json  \d\d events$`, out)
		require.NotContains(t, out, "FAIL")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		require.Regexp(t, `^(\d+) of \d+ histories replay$`, lines[len(lines)-1])
	})
	t.Run("TakesSeveralPaths", func(t *testing.T) {
		t.Parallel()
		a, b := filepath.Join(golden, "confirmed.json"), filepath.Join(golden, "cancelled-deadline.json")
		out, err := once(t, nil, "replay", a, b)
		require.NoError(t, err)
		require.Contains(t, out, "2 of 2 histories replay\n")
	})
	t.Run("SaysWithQuietOnlyWhatDoesNot", func(t *testing.T) {
		t.Parallel()
		out, err := once(t, nil, "replay", "--quiet", golden)
		require.NoError(t, err)
		require.Regexp(t, `^(\d+) of \d+ histories replay\n$`, out)
	})

	started := `{"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
		"workflowExecutionStartedEventAttributes":{"workflowType":{"name":"PlaceOrder"}}}]}`
	t.Run("AllowsARunThatNoWorkerHasSeen", func(t *testing.T) {
		t.Parallel()
		_, err := once(t, nil, "replay", written(t, started))
		require.NoError(t, err)
	})

	for name, tc := range map[string]struct{ path, says string }{
		"AStepThatIsNotOurs":     {altered(t, "payment.capture", "payment.charge"), "[TMPRL1100] nondeterministic workflow: history event is ActivityTaskScheduled"},
		"AWorkflowThatIsNotOurs": {altered(t, `"PlaceOrder"`, `"PlaceBet"`), `it is of workflow type "PlaceBet", but this build has ["PlaceOrder" "RefundOrder" "AcknowledgeOrder" "Reconcile"]`},
		"AnotherThatHasNotRun":   {written(t, strings.ReplaceAll(started, "PlaceOrder", "PlaceBet")), `it is of workflow type "PlaceBet"`},
	} {
		t.Run("Fails"+name, func(t *testing.T) {
			t.Parallel()
			err := besideAnother(t, tc.path, "FAIL", tc.says)
			require.EqualError(t, err, "1 of 2 histories do not replay")
			require.Equal(t, 1, cli.ExitCode(err))
		})
	}

	for name, tc := range map[string]struct{ path, says string }{
		"AHistoryWithoutABeginning": {written(t, `{"events":[{"eventId":"1","eventType":"WorkflowTaskScheduled"}]}`), "its first event is not the start of a workflow: export the run anew"},
		"Text":                      {written(t, "hello"), "it is not a history as `temporal workflow show -o json` or `tctl workflow show --output_filename` writes it: invalid character 'h'"},
		"AnEmptyFile":               {written(t, ""), "writes it: unexpected end of JSON input"},
		"AnotherDocument":           {written(t, `{"id":"42"}`), `writes it: it has no "events"`},
		"AListOfNothing":            {written(t, `[]`), `writes it: it has no "events"`},
		"EventsOfSomethingElse":     {written(t, `{"events":[{"eventId":{}}]}`), "writes it: temporalproto:"},
		// As tctl exports the update that a reset has handed to the new run.
		"AnEventThatTheToolDoesNotKnow": {
			written(t, strings.Replace(started, "}}}]", `}}},{"eventId":"2","eventType":47}]`, 1)),
			"event 2, of type 47 (WorkflowExecutionUpdateAdmitted), has no attributes: the tool that wrote it does not know this type; export the run anew with `temporal workflow show",
		},
		"AnEventOfTheFuture": {written(t, strings.Replace(started, "}}}]", `}}},{"eventId":"2","eventType":4711}]`, 1)), "event 2, of type 4711 (which this build does not know either), has no attributes"},
		"AHole":              {written(t, strings.Replace(started, "}}}]", `}}},{"eventId":"3","eventType":"WorkflowTaskScheduled","workflowTaskScheduledEventAttributes":{}}]`, 1)), "event 2 is missing, event 3 follows"},
	} {
		t.Run("BlamesTheExportOf"+name, func(t *testing.T) {
			t.Parallel()
			err := besideAnother(t, tc.path, "BAD ", tc.says)
			require.EqualError(t, err, "1 of 2 histories are not whole: their exports are to blame, not the code")
			require.Equal(t, replay.ExitBadExport, cli.ExitCode(err))
		})
	}
	t.Run("BlamesTheCodeFirst", func(t *testing.T) {
		t.Parallel()
		_, err := once(t, nil, "replay", written(t, "hello"), altered(t, "payment.capture", "payment.charge"))
		require.EqualError(t, err, "1 of 2 histories do not replay")
		require.Equal(t, 1, cli.ExitCode(err))
	})

	events, err := os.ReadFile(filepath.Join(golden, "confirmed.json"))
	require.NoError(t, err)
	var object struct{ Events json.RawMessage }
	require.NoError(t, json.Unmarshal(events, &object))
	for name, text := range map[string]string{
		"AnArrayOfEvents":   string(object.Events),
		"AHistoryOfEvents":  `{"history":` + string(object.Events) + `}`,
		"TheEnginesAnswer":  `{"history":` + string(events) + `, "nextPageToken": ""}`,
		"AnArrayWithSpaces": "\n " + string(object.Events),
	} {
		t.Run("Takes"+name, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, nil, "replay", written(t, text))
			require.NoError(t, err, out)
			require.Contains(t, out, "1 of 1 histories replay\n")
		})
	}
}

// besideAnother replays a history beside a good one, requires the line that its verdict
// begins and the text that it has, and returns the error of the command.
func besideAnother(t *testing.T, path, verdict, says string) error {
	t.Helper()
	out, err := once(t, nil, "replay", path, filepath.Join(golden, "confirmed.json"))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3, "one line each, and the summary")
	require.True(t, strings.HasPrefix(lines[0], verdict+"  "+path+"  "), lines[0])
	require.Contains(t, lines[0], says)
	require.True(t, strings.HasPrefix(lines[1], "ok  "), "the others are replayed")
	require.Equal(t, "1 of 2 histories replay", lines[2])
	return err
}

func TestReplayNeedsHistories(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"None":           {nil, "nothing to replay: name files or folders of histories, or --workflow-id, or --query"},
		"OfAnEmptyPlace": {[]string{t.TempDir()}, "no history was found: a folder needs *.json files, a query must find runs"},
		"ThatAreThere":   {[]string{"/nowhere"}, "lstat /nowhere: no such file or directory"},
		"OfOneSource":    {[]string{golden, "--query", "x"}, "files, --workflow-id and --query exclude each other"},
		"OfOneWorkflow":  {[]string{"--workflow-id", "a", "--query", "x"}, "files, --workflow-id and --query exclude each other"},
		"OfAWorkflow":    {[]string{"--run-id", "r"}, "--run-id needs the --workflow-id that it is a run of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := once(t, nil, append([]string{"replay"}, tc.args...)...)
			require.EqualError(t, err, tc.want)
		})
	}
}

func TestReplayOfALiveServer(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startDev(t, t.TempDir(), "--temporal-port", strings.TrimPrefix(address, "127.0.0.1:"))
	id := workflows.WorkflowID(text(t, place(t, p.api, "k1", "tok_visa", true)["id"]))
	place(t, p.api, "k2", "tok_declined", true)
	again := func(args ...string) (string, error) {
		return once(t, []string{"TEMPORAL_ADDRESS=" + address, "HOME=" + t.TempDir()}, append([]string{"replay"}, args...)...)
	}

	out, err := again("--workflow-id", id)
	require.NoError(t, err)
	require.Regexp(t, `^ok    `+id+`  \d\d events\n1 of 1 histories replay\n$`, out)

	query := "WorkflowType = 'PlaceOrder' AND ExecutionStatus = 'Completed'"
	require.Eventually(t, func() bool {
		out, err = again("--query", query)
		return strings.HasSuffix(out, "2 of 2 histories replay\n")
	}, patience, 50*time.Millisecond, "the server's list lags behind")
	require.NoError(t, err)
	run := regexp.MustCompile(id + `/(\S+)`).FindStringSubmatch(out)
	require.NotNil(t, run, out)
	out, err = again("--workflow-id", id, "--run-id", run[1], "--temporal-address", address)
	require.NoError(t, err)
	require.Contains(t, out, "ok    "+run[0])

	// A workflow of another application is reported as a failure.
	c, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "bet", TaskQueue: "bets"}, "PlaceBet")
	require.NoError(t, err)
	out, err = again("--workflow-id", "bet")
	require.EqualError(t, err, "1 of 1 histories do not replay")
	require.Contains(t, out, `FAIL  bet  2 events: it is of workflow type "PlaceBet"`)

	_, err = again("--workflow-id", "order-missing")
	require.ErrorContains(t, err, "read the history of order-missing: ")
	require.NotContains(t, err.Error(), "did you mean")
	_, err = again("--workflow-id", strings.TrimPrefix(id, workflows.WorkflowID("")))
	require.ErrorContains(t, err, "; did you mean the workflow of that order, "+id+"?")
	_, err = again("--query", "WorkflowType = 'Nothing'")
	require.EqualError(t, err, "no history was found: a folder needs *.json files, a query must find runs")
	_, err = again("--query", "no query")
	require.ErrorContains(t, err, "list workflows: ")
}
