package explore_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/eventtest/explore"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/sagatest/schedule"
)

const style = "choreographed"

type nothing struct{}

func fact(service, name string, urgent bool) event.Fact[nothing] {
	return event.Declare[nothing](event.Declaration{Service: service, Name: name, Version: 1, Key: "stay", Urgent: urgent})
}

// A stay is asked for at a desk, a room is held for it, and the desk confirms it; or it is
// given up, and the room is free again.
var (
	asked     = fact("desk", "asked", false)
	held      = fact("room", "held", false)
	full      = fact("room", "full", false)
	confirmed = fact("desk", "confirmed", false)
	givenUp   = fact("desk", "given_up", true)
	released  = fact("room", "released", false)
	ended     = fact("desk", "ended", false)
)

// stay is a subject whose services keep the contract of a choreography, except the part
// that broken names.
type stay struct {
	r      *explore.Registry
	broken string

	desk, room    string // states
	why           string // it is given up
	rooms         int    // that are held
	hotel, closed bool   // the hotel has booked; it books no more
	refuse        bool
	reminders     int
	told          []event.Event
	events        int
}

func newStay(r *explore.Registry, broken string) *stay {
	s := &stay{r: r, broken: broken}
	on := func(group string, f event.Fact[nothing]) choreography.Reaction[nothing] {
		return choreography.Reaction[nothing]{Group: group, On: f, Calls: group + ".act"}
	}
	bind := func(l *choreography.Listening, f event.Fact[nothing], do func(ctx context.Context) error) {
		group := "desk"
		if f.Name == asked.Name || f.Name == givenUp.Name {
			group = "room"
		}
		choreography.React(l, on(group, f), func(ctx context.Context, _ string, _ nothing) error { return do(ctx) })
	}
	desk, room := choreography.Listen("desk", style), choreography.Listen("room", style)
	bind(room, asked, s.hold)
	bind(room, givenUp, s.release)
	bind(desk, held, s.confirm)
	bind(desk, full, func(context.Context) error { return s.giveUp("full") })
	bind(desk, released, s.end)
	for _, l := range []event.Listener{desk.Listener(), room.Listener()} {
		for i := range l.Facts {
			l.Facts[i].Urgent = l.Facts[i].Urgent && broken != "nothing is urgent"
		}
		r.Listen(l)
	}
	return s
}

// write changes states, and tells a fact, in one transaction.
func (s *stay) write(f event.Fact[nothing], change func()) error {
	s.events++
	e := f.New("s1", "s1", nothing{})
	e.ID, e.Style, e.Time = fmt.Sprint(s.events), style, time.Unix(0, 0)
	if s.broken == "told before the commit" {
		s.told = append(s.told, e)
	}
	return s.r.Commit(func() error {
		change()
		if s.broken != "told before the commit" {
			s.told = append(s.told, e)
		}
		return nil
	}, func() error { return nil })
}

func (s *stay) hold(context.Context) error {
	switch {
	case s.room == "held" && s.broken == "a repeat tells nothing", s.room == "full" && s.broken == "a refusal is not told":
		return nil
	case s.room == "held" && s.broken == "a repeat holds again":
		return s.write(held, func() { s.rooms++ })
	case s.room == "held":
		return s.write(held, func() {})
	case s.room == "full":
		return s.write(full, func() {})
	case s.room == "free" && s.broken != "a late hold holds":
		return fault.Errorf(fault.Suspension, fault.Suspended, "it is free for ever")
	case s.refuse && s.broken == "a refusal is not told":
		s.room = "full"
		return nil
	case s.refuse:
		return s.write(full, func() { s.room = "full" })
	}
	err := s.r.Outside("hotel.hold", func() error { s.hotel = !s.closed; return nil },
		fault.Errorf(fault.Transient, fault.Unavailable, "no hotel"), fault.Errorf(fault.Unknown, fault.Timeout, "no answer"))
	if err != nil {
		return err
	}
	return s.write(held, func() { s.room, s.rooms = "held", s.rooms+1 })
}

func (s *stay) release(context.Context) error {
	return s.write(released, func() {
		if s.room == "held" {
			s.rooms--
		}
		if s.room != "full" {
			s.room = "free"
		}
		s.hotel, s.closed = false, s.broken != "the hotel is not closed"
	})
}

func (s *stay) confirm(context.Context) error {
	if s.desk == "given up" || s.desk == "ended" {
		return nil
	}
	return s.write(confirmed, func() { s.desk = "confirmed" })
}

func (s *stay) giveUp(why string) error {
	if s.desk == "confirmed" || s.desk == "ended" {
		return nil
	}
	return s.write(givenUp, func() { s.desk, s.why = "given up", cmp.Or(s.why, why) })
}

func (s *stay) end(context.Context) error {
	if s.desk == "confirmed" {
		return fault.Errorf(fault.Bug, fault.Internal, "released, and confirmed")
	}
	return s.write(ended, func() { s.desk = "ended" })
}

func (s *stay) Reset(context.Context) error {
	*s = stay{r: s.r, broken: s.broken}
	return nil
}

func (s *stay) Begin(context.Context) error { return s.write(asked, func() { s.desk = "asked" }) }

func (s *stay) Told(context.Context) ([]event.Event, error) {
	told := s.told
	s.told = nil
	return told, nil
}

func (s *stay) Remind(context.Context) error {
	s.reminders++
	switch {
	case s.desk == "asked" && s.reminders < 5:
		return s.write(asked, func() {})
	case s.desk == "asked", s.desk == "given up":
		return s.giveUp("late")
	}
	return nil
}

func (s *stay) Cancel(context.Context) error { return s.giveUp("canceled") }
func (s *stay) Expire(context.Context) error { return s.giveUp("late") }
func (s *stay) Refusable() []string          { return []string{"room:desk.asked"} }

func (s *stay) Refuse(context.Context, string) error {
	s.refuse = true
	return nil
}

func (s *stay) Ended(context.Context) (bool, error) {
	return s.desk == "confirmed" || s.desk == "ended", nil
}

func (s *stay) Check(_ context.Context, end explore.End) error {
	want := 0
	if s.desk == "confirmed" {
		want = 1
	}
	switch {
	case s.rooms != want, s.hotel != (want == 1):
		return fmt.Errorf("it is %s, %d rooms are held, at the hotel %t", s.desk, s.rooms, s.hotel)
	case s.why != "" && !s.may(end.Faults):
		return fmt.Errorf("it was given up: %s", s.why)
	case len(end.Helped) == 1 && end.Helped[0] == "room:desk.asked":
		return errors.New("it was not given up before an operator helped")
	}
	return nil
}

// may reports whether the faults are a reason for which it is given up.
func (s *stay) may(faults explore.Schedule) bool {
	return slices.ContainsFunc(faults, func(f schedule.Fault) bool {
		switch f.Kind {
		case schedule.Refuse:
			return s.why == "full"
		case schedule.Cancel:
			return s.why == "canceled"
		case schedule.Deadline, schedule.Away, schedule.Parked:
			return s.why == "late"
		default:
			return false
		}
	})
}

func explorer(broken string, faults int) explore.Explorer {
	return explore.Explorer{
		New:    func(r *explore.Registry) (explore.Subject, error) { return newStay(r, broken), nil },
		Faults: faults,
	}
}

func TestASoundChoreographyKeepsItsPromisesUnderEverySchedule(t *testing.T) {
	t.Parallel()
	r, err := explorer("", 2).Run(t.Context())
	require.NoError(t, err)
	if r.Failure != nil {
		require.NoError(t, r.Failure)
	}
	require.NoError(t, r.Valid())
	require.Len(t, r.Sizes, 3)
	require.Greater(t, r.Schedules, 500)
	for _, kind := range []string{
		"away", "before", "cancel", "crash", "crash-after", "deadline", "fails", "late", "late-after-end", "late-after-next",
		"late-after-retry", "late-after-urgent", "lost", "parked", "refuse", "twice",
	} {
		require.Regexp(t, `faults that hit:.* `+kind+` [1-9]`, r.String())
	}
	require.Regexp(t, `cells: [0-9]{2,} kinds of faults at calls, 0 never hit`, r.String())
}

func TestABrokenChoreographyIsCaughtByAShortestScheduleThatRunsAgain(t *testing.T) {
	t.Parallel()
	for broken, c := range map[string]struct {
		faults int
		err    string
	}{
		"told before the commit":  {2, "0 rooms are held"},
		"a refusal is not told":   {1, "it was given up: late"},
		"a repeat tells nothing":  {1, "it was given up: late"},
		"a repeat holds again":    {1, "2 rooms"},
		"a late hold holds":       {1, "1 rooms are held"},
		"the hotel is not closed": {2, "at the hotel true"},
		"nothing is urgent":       {1, "operator"},
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			e := explorer(broken, 2)
			r, err := e.Run(t.Context())
			require.NoError(t, err)
			require.NotNil(t, r.Failure)
			require.Len(t, r.Failure.Schedule, c.faults, r.Failure)
			require.ErrorContains(t, r.Failure.Err, c.err)

			again, err := e.Replay(t.Context(), r.Failure.Schedule.String())
			require.NoError(t, err)
			require.Equal(t, r.Failure.Error(), again.Error())
			require.Equal(t, r.Failure.Trace, again.Trace)
		})
	}
}

// A sample that is too small to hit every reaction with every kind of fault is invalid, and
// says which it missed.
func TestASampleThatMissesACellIsInvalid(t *testing.T) {
	t.Parallel()
	e := explorer("", 2)
	e.Sample, e.Seed = 100, 1
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.Failure)
	require.Equal(t, []bool{false, false, true}, []bool{r.Sizes[0].Sampled, r.Sizes[1].Sampled, r.Sizes[2].Sampled})
	require.NoError(t, r.Valid())
	again, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, r.Hits, again.Hits, "it is drawn by its seed")

	e.Sample = 20
	r, err = e.Run(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, r.Valid(), "never did")
	require.ErrorContains(t, r.Valid(), "desk:room.full=parked")
}

func ExampleExplorer() {
	e := explore.Explorer{
		New:    func(r *explore.Registry) (explore.Subject, error) { return newStay(r, "a late hold holds"), nil },
		Faults: 2,
	}
	report, err := e.Run(context.Background())
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(report.Failure.Schedule)
	fmt.Println(report.Failure.Err)
	// Output:
	// room:desk.asked#1=away
	// it is ended, 1 rooms are held, at the hotel false
}
