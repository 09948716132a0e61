package sagatest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
)

// A saga of three steps: a seat and a bag are held at the same time, then paid
// for. Each answers a number that it has drawn, and paying names the seat's.
var (
	seat = saga.Step[string, string]{Name: "seat", Queue: "seat", Kind: saga.Compensatable}
	bag  = saga.Step[string, string]{Name: "bag", Queue: "bag", Kind: saga.Compensatable}
	pay  = saga.Step[string, string]{Name: "pay", Queue: "pay", Kind: saga.Pivot}
	plan = saga.NewPlan(seat, bag, pay)
)

// timing makes outages short: by the default of ten seconds they are seventy
// retries long.
func timing() saga.Timing {
	t := saga.DefaultTiming()
	t.RetryMax = t.ParkedRetry
	return t
}

// ticket is a subject whose services keep the kernel's contract, except the part that
// broken names.
type ticket struct {
	broken  string
	express []string          // steps
	state   map[string]string // step -> done, refused, undone, blocked
	done    map[string]int    // step -> how often it is in effect
	refuse  map[string]bool
	number  map[string]string // step -> its answer
	order   []string          // steps, as they came into effect
}

func (s *ticket) Register(r *sagatest.Registry) {
	saga.Bind(r, seat, s.do, s.undo)
	saga.Bind(r, bag, s.do, s.undo)
	saga.BindPivot(r, pay, func(ctx context.Context, k saga.Key, in string) (out string, err error) {
		err = r.Outside("bank", func() error { out, err = s.do(ctx, k, in); return err },
			fault.Errorf(fault.Transient, fault.Unavailable, "no bank"), fault.Errorf(fault.Unknown, fault.Timeout, "no answer"))
		return out, err
	}, s.settle)
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, decideBy time.Time) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: "t1", Plan: plan, DecideBy: decideBy, Timing: timing(), Express: s.express}, func(ctx workflow.Context) error {
			held, packed := saga.Go(ctx, seat, ""), saga.Go(ctx, bag, "")
			number, err := held.Get(ctx)
			if err != nil {
				return err
			}
			if _, err := packed.Get(ctx); err != nil {
				return err
			}
			_, err = saga.Do(ctx, pay, number)
			return err
		})
	}, workflow.RegisterOptions{Name: "Ticket"})
}

func (s *ticket) do(_ context.Context, k saga.Key, in string) (string, error) {
	switch s.state[k.Step] {
	case "undone", "blocked":
		if s.broken == "no fence" {
			s.done[k.Step]++
			return s.number[k.Step], nil
		}
		return "", fault.Errorf(fault.Suspension, fault.Suspended, "undone")
	case "refused":
		return "", fault.Errorf(fault.Business, "FULL", "full")
	case "done":
		if s.broken == "no barrier" {
			s.done[k.Step]++
		}
		return s.number[k.Step], nil
	}
	if s.refuse[k.Step] {
		s.state[k.Step] = "refused"
		return "", fault.Errorf(fault.Business, "FULL", "full")
	}
	if k.Step == pay.Name && in != s.number[seat.Name] {
		return "", fault.Errorf(fault.Business, "NO_SEAT", "there is no seat %s", in)
	}
	s.state[k.Step], s.number[k.Step] = "done", uuid.NewString()
	s.done[k.Step]++
	s.order = append(s.order, k.Step)
	return s.number[k.Step], nil
}

func (s *ticket) undo(_ context.Context, k saga.Key) error {
	switch s.state[k.Step] {
	case "done":
		s.state[k.Step] = "undone"
		if s.broken != "no undo" {
			s.done[k.Step]--
		}
	case "":
		s.state[k.Step] = "blocked"
	}
	return nil
}

func (s *ticket) settle(_ context.Context, k saga.Key) (string, bool, error) {
	if s.state[k.Step] == "" {
		s.state[k.Step] = "blocked"
	}
	return s.number[k.Step], s.state[k.Step] == "done", nil
}

// books are all that the services keep, but for the numbers.
func (s *ticket) books() string { return fmt.Sprint(s.state, s.done, s.refuse) }

// print is everything that they keep.
func (s *ticket) print() []byte { return fmt.Append(nil, s.books(), s.number) }

func (s *ticket) Start(_, decideBy time.Time) (string, any) { return "Ticket", decideBy }

func (s *ticket) Reset(context.Context) error {
	s.state, s.done, s.refuse = map[string]string{}, map[string]int{}, map[string]bool{}
	s.number, s.order = map[string]string{}, nil
	return nil
}

func (s *ticket) Refuse(_ context.Context, step string) (bool, error) {
	s.refuse[step] = true
	return true, nil
}

func (s *ticket) Check(_ context.Context, end sagatest.End) error {
	var v saga.View
	if err := end.Result(&v); err != nil {
		return err
	}
	want := 0
	if v.Phase == saga.Committed {
		want = 1
	}
	if s.done["seat"] != want || s.done["bag"] != want || s.done["pay"] != want {
		return errors.New("the saga is " + string(v.Phase) + ", the books are not")
	}
	return nil
}

func explorer(broken string, faults int) sagatest.Explorer {
	return sagatest.Explorer{
		New:    func() (sagatest.Subject, error) { return &ticket{broken: broken}, nil },
		SagaID: "t1", Refusable: []string{"seat", "bag", "pay"}, Faults: faults,
	}
}

func TestASoundSagaKeepsItsPromisesUnderEverySchedule(t *testing.T) {
	t.Parallel()

	e := explorer("", 1)
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.Failure)
	require.NoError(t, r.Valid())
	require.Len(t, r.Sizes, 2)
	require.Equal(t, 1, r.Sizes[0].Schedules)
	require.Equal(t, r.Schedules-1, r.Sizes[1].Schedules)
	require.Greater(t, r.Schedules, 30)
	require.Contains(t, r.String(), "faults that hit:")
}

func TestABrokenSagaIsCaughtByAShortestScheduleThatRunsAgain(t *testing.T) {
	t.Parallel()

	for broken, faults := range map[string]int{"no undo": 1, "no barrier": 1, "no fence": 2} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			e := explorer(broken, 2)
			r, err := e.Run(t.Context())
			require.NoError(t, err)
			require.NotNil(t, r.Failure)
			require.Len(t, r.Failure.Schedule, faults)

			again, err := e.Replay(t.Context(), r.Failure.Schedule.String())
			require.NoError(t, err)
			require.Equal(t, r.Failure.Error(), again.Error())
			require.Equal(t, r.Failure.Trace, again.Trace)
		})
	}
}

// A slow call waits for a parallel branch, also for one that must be tried again.
func TestAParallelBranchOvertakesASlowCall(t *testing.T) {
	t.Parallel()

	for line, order := range map[string][]string{
		"":                        {"seat", "bag", "pay"},
		"bag#1=fails":             {"seat", "bag", "pay"},
		"seat#1=slow":             {"bag", "seat", "pay"},
		"bag#1=fails seat#1=slow": {"bag", "seat", "pay"},
		"bag#1=slow seat#1=fails": {"seat", "bag", "pay"},
	} {
		s := &ticket{}
		e := explorer("", 0)
		e.New = func() (sagatest.Subject, error) { return s, nil }
		f, err := e.Replay(t.Context(), line)
		require.NoError(t, err)
		require.Nil(t, f)
		require.Equal(t, order, s.order, line)
	}
}

func TestASampleIsDrawnByItsSeed(t *testing.T) {
	t.Parallel()

	e := explorer("no fence", 4)
	e.Sample, e.Seed = 40, 7
	a, err := e.Run(t.Context())
	require.NoError(t, err)
	b, err := e.Run(t.Context())
	require.NoError(t, err)
	require.NotNil(t, a.Failure)
	require.Equal(t, a.Failure, b.Failure)
	require.Len(t, b.Sizes, len(a.Sizes))
	require.Len(t, a.Failure.Schedule, 2, "it is shrunk")
}

// A sample has a fault of every kind at every call that it can hit, or it is invalid.
func TestASampleHasEveryKindAtEveryCall(t *testing.T) {
	t.Parallel()

	e := explorer("", 2)
	e.New = func() (sagatest.Subject, error) { return &ticket{express: []string{"seat", "bag", "pay"}}, nil }
	e.Sample, e.Seed = 150, 1
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.Valid())
	require.Equal(t, []bool{false, false, true}, []bool{r.Sizes[0].Sampled, r.Sizes[1].Sampled, r.Sizes[2].Sampled})
	require.Regexp(t, `cells: 1[0-9]{2} kinds of faults at calls, 0 never hit`, r.String())

	e.Sample = 20
	r, err = e.Run(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, r.Valid(), "never did")
	require.ErrorContains(t, r.Valid(), "local seat=")
}

func TestASchedulesLineIsReadBack(t *testing.T) {
	t.Parallel()

	s, err := sagatest.ParseSchedule("pay#1=lost seat#2=cancel")
	require.NoError(t, err)
	require.Equal(t, "pay#1=lost seat#2=cancel", s.String())
	for _, bad := range []string{"pay#1", "pay=lost", "pay#1=nope", "pay#1=lost pay#1=before"} {
		_, err := sagatest.ParseSchedule(bad)
		require.Error(t, err, bad)
	}
}
