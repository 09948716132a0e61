package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

var (
	record = flag.Bool("record", false, "write the golden histories that are missing")
	force  = flag.Bool("force", false, "with -record: write all of them anew, except those that a release has frozen")
)

// golden is the folder of the histories; its README says how they are made.
const golden = "../../workflows/testdata/histories"

// inTctlStyle are the histories that are kept in tctl's JSON as well.
var inTctlStyle = []string{"confirmed", "cancelled-declined-at-capture"}

// Every scenario ends as declared, and replays. With -record its history becomes a
// golden one; without, the golden one must exist.
func TestRecordHistories(t *testing.T) {
	t.Parallel()

	plays := map[string]func(t *testing.T, name string) (p *platform, workflowID string){}
	for name, s := range scenarios() {
		plays[name] = func(t *testing.T, name string) (*platform, string) {
			t.Helper()
			p, id := s.play(t, name)
			return p, workflows.WorkflowID(id)
		}
	}
	for name, s := range refundScenarios() {
		plays[name] = s.play
	}
	for name, play := range plays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(golden, name+".json")
			_, err := os.Stat(file)
			missing := errors.Is(err, os.ErrNotExist)
			if *record && !missing && (!*force || isFrozen(t, name)) {
				t.Logf("%s is kept", file)
				return
			}
			require.False(t, missing && !*record, "%s is missing: make record-histories", file)

			p, workflowID := play(t, name)
			scrubbed := p.scrub(p.export(t, workflowID))
			candidate := filepath.Join(t.TempDir(), "history.json")
			require.NoError(t, os.WriteFile(candidate, scrubbed, 0o600))
			h, err := replay.File(candidate)
			require.NoError(t, err)
			require.NoError(t, replay.Replay(h))
			buyer.requirePrivate(t, h.Events.GetEvents())
			if !*record {
				return
			}
			require.NoError(t, os.WriteFile(file, scrubbed, 0o644))
			if slices.Contains(inTctlStyle, name) {
				require.NoError(t, os.WriteFile(filepath.Join(golden, name+".tctl.json"), tctlStyle(t, scrubbed), 0o644))
			}
		})
	}
}

// play takes the scenario from its placement to its decision.
func (s scenario) play(t *testing.T, name string) (p *platform, id string) {
	t.Helper()
	p = newPlatform(t, s.patience())
	body := placement()
	maps.Copy(body, s.change)
	body["customer_id"] = "cus_golden" // with the key it makes the order's id, the same in every recording
	return p, s.playOn(t, p, "golden-order-of-a-guest-"+name, body)
}

// patience is the time for which the order may stay undecided.
func (s scenario) patience() time.Duration { return cmp.Or(s.decide, 10*time.Minute) }

// playOn is play on a platform, for an order that is placed with a key and a body.
func (s scenario) playOn(t *testing.T, p *platform, key string, body map[string]any) (id string) {
	t.Helper()
	if s.timing != (saga.Timing{}) || s.create != nil || s.express != nil {
		p.restartOrder(t, s.timing, s.create, s.express)
	}
	if s.away != "" {
		p.stop(s.away)
	}
	if s.express != nil {
		id = s.placeExpress(t, p, key, body)
	} else {
		r := p.place(t, key, "", body)
		require.Equal(t, http.StatusAccepted, r.status, r.code)
		id = r.order.ID
	}
	if s.steer != nil {
		s.steer(t, p, id)
	}
	v := decided(t, id)
	require.Equal(t, s.status, v.Status)
	require.Equal(t, s.reason, v.Reason)
	require.Equal(t, s.flagged, v.NeedsAttention, "%v", v.Attention)
	require.NoError(t, p.Check(t.Context()))
	return id
}

// createFailure makes the order's first step fail.
type createFailure struct {
	times int  // the first few attempts
	local bool // every attempt as a local activity
}

// restartOrder starts the order service's worker with another timing, and
// possibly a database that fails, or first tries of express steps.
func (p *platform) restartOrder(t *testing.T, timing saga.Timing, create *createFailure, express *tries) {
	t.Helper()
	p.stop("order")
	w := p.orderWorker(p.client.Client, timing, create, express)
	require.NoError(t, w.Start())
	p.workers["order"] = w
}

// failing is an order service whose database is away when an order is created.
type failing struct {
	order.Service
	create *createFailure
}

func (f failing) Create(ctx context.Context, k saga.Key, p order.Placement) (order.Record, error) {
	info := activity.GetInfo(ctx)
	if f.create != nil && (int(info.Attempt) <= f.create.times || f.create.local && info.IsLocalActivity) {
		return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "the database is away")
	}
	return f.Service.Create(ctx, k, p)
}

// placeHeld stops the worker of shipping and places an order, whose saga then waits
// for the booking of its parcels.
func (p *platform) placeHeld(t *testing.T, body map[string]any) (id string) {
	t.Helper()
	p.stop("shipping")
	id = p.place(t, "", "", body).order.ID
	p.reaches(t, id, "shipping.book", saga.Running)
	return id
}

// reaches waits until a step of the newest run is in a state.
func (p *platform) reaches(t *testing.T, id, step string, state saga.State) {
	t.Helper()
	eventually(t, step+" is "+string(state), func() bool { return stateOf(p.get(t, id).order, step) == state })
}

// flagged waits until the saga needs attention.
func (p *platform) flagged(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the saga needs attention", func() bool { return p.get(t, id).order.NeedsAttention })
}

// settled waits until at most one step is under way: the blocked one.
func (p *platform) settled(t *testing.T, id string) {
	t.Helper()
	eventually(t, "one step is under way", func() bool {
		running := 0
		for _, s := range p.get(t, id).order.Steps {
			if s.State == saga.Running {
				running++
			}
		}
		return running == 1
	})
}

// wish asks to cancel, and returns before the outcome is known.
func (p *platform) wish(t *testing.T, id string) {
	t.Helper()
	_, err := server.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflows.WorkflowID(id), UpdateID: workflows.CancelUpdateID, UpdateName: saga.UpdateCancel,
		Args: []any{saga.CancelRequest{Saga: id}}, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	require.NoError(t, err)
}

// export exports the history by the CLI, as an operator would.
func (p *platform) export(t *testing.T, workflowID string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), temporalBin, "workflow", "show", "--address", server.Address,
		"--workflow-id", workflowID, "--output", "json").Output()
	require.NoError(t, err)
	return out
}

var (
	identity = regexp.MustCompile(`("\w*[iI]dentity": )"[0-9]+@[^"]*"`)
	sticky   = regexp.MustCompile(`("name": )"[^":]+:[0-9a-f-]{36}"`)
)

// scrub takes the machine's name and the test's queues out of a history.
func (p *platform) scrub(history []byte) []byte {
	history = identity.ReplaceAll(history, []byte(`$1"worker"`))
	history = sticky.ReplaceAll(history, []byte(`$1"worker:sticky"`))
	text := string(history)
	for service, queue := range p.queues {
		text = strings.ReplaceAll(text, queue, service)
	}
	return []byte(text)
}

// isFrozen reports whether a release has the history: then the release's list has
// its sum.
func isFrozen(t *testing.T, name string) bool {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(golden, "*.sha256"))
	require.NoError(t, err)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		if strings.Contains(string(text), "  "+name+".json\n") {
			return true
		}
	}
	return false
}
