package picture

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/look"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func took(name, state string, d time.Duration) Step {
	return Step{Name: name, State: state, Attempts: 1, Started: began, Ended: began.Add(d)}
}

// boxes tells the boxes of a picture in one line each.
func boxes(p Picture) (all []string) {
	for _, b := range p.Boxes {
		all = append(all, b.Title)
	}
	return all
}

// inside requires that all parts are inside of the picture, and that no box covers another.
func inside(t *testing.T, p Picture) {
	t.Helper()
	for i, b := range p.Boxes {
		require.LessOrEqual(t, b.X+b.W, p.Width, b.Name)
		require.LessOrEqual(t, b.Y+b.H, p.Height, b.Name)
		for _, c := range p.Boxes[i+1:] {
			apart := b.X+b.W <= c.X || c.X+c.W <= b.X || b.Y+b.H <= c.Y || c.Y+c.H <= b.Y
			require.True(t, apart, "%s covers %s", b.Name, c.Name)
		}
	}
}

func TestASagaThatHasNotBegunShowsAllSteps(t *testing.T) {
	t.Parallel()
	p := Draw(Saga{Now: began})
	require.Equal(t, []string{
		"order.create: waiting", "catalog.quote: waiting", "inventory.reserve: waiting", "payment.authorize: waiting",
		"shipping.book: waiting", "payment.capture: waiting", "inventory.commit: waiting", "order.confirm: waiting",
	}, boxes(p))
	require.Len(t, p.Lanes, 1, "no lane of undo")
	inside(t, p)
}

func TestParallelStepsStandAboveEachOther(t *testing.T) {
	t.Parallel()
	p := Draw(Saga{Now: began})
	require.Equal(t, p.Boxes[2].X, p.Boxes[3].X)
	require.Less(t, p.Boxes[2].Y, p.Boxes[3].Y)
	require.Len(t, p.Arrows, 1+2+2+1+1+1)
	capture := p.Boxes[5]
	require.Equal(t, "payment.capture", capture.Name)
	require.Less(t, p.Pivot.X, capture.X)
	require.Greater(t, p.Pivot.X, p.Boxes[4].X+p.Boxes[4].W)
}

func TestAStepShowsItsProgress(t *testing.T) {
	t.Parallel()
	p := Draw(Saga{Now: began.Add(90 * time.Second), Steps: []Step{
		took("order.create", "done", 12*time.Millisecond),
		{Name: "payment.authorize", State: "flagged", Attempts: 4, Started: began, Error: "PROVIDER_TIMEOUT", Holds: "money held", Flagged: true},
	}})
	require.Contains(t, boxes(p), "order.create: done · 12 ms")
	require.Contains(t, boxes(p), "payment.authorize: needs a person · 4 attempts · 1 min 30 s · provider timeout · money held")
	require.Equal(t, look.Warn, p.Boxes[3].Kind)
	require.Equal(t, strings.Join(boxes(p), "; "), p.Desc)
}

func TestUndoHasALaneOfItsOwn(t *testing.T) {
	t.Parallel()
	p := Draw(Saga{Now: began, Steps: []Step{
		took("order.create", "done", 1), took("catalog.quote", "done", 1), took("inventory.reserve", "undone", 1),
		{Name: "payment.authorize", State: "undoing", Started: began, Flagged: true, Error: "PROVIDER_UNAVAILABLE", Holds: "money held"},
		{Name: "shipping.book", State: "undone"},
		took("payment.capture", "refused", 1), took("order.decide", "done", 1),
		{Name: "order.cancel", State: "waiting"},
	}})
	require.Len(t, p.Lanes, 2)
	inside(t, p)
	require.Contains(t, boxes(p), "inventory.reserve: was taken")
	require.Contains(t, boxes(p), "shipping.book: not taken", "its undo blocks what never began")
	require.Contains(t, boxes(p), "undo of shipping.book: undone")
	require.Contains(t, boxes(p), "undo of payment.authorize: needs a person · provider unavailable · money held")
	require.Contains(t, boxes(p), "order.decide: done")
	for _, b := range p.Boxes {
		if b.Undo {
			require.Greater(t, b.Y, p.Pivot.Y2, b.Title)
		}
	}
}

func TestAnUnknownStepIsShown(t *testing.T) {
	t.Parallel()
	p := Draw(Saga{Now: began, Steps: []Step{took("gift.wrap", "done", 1)}})
	require.Equal(t, "gift.wrap", p.Boxes[len(p.Boxes)-1].Name)
	inside(t, p)
}

func TestBothStylesLookTheSame(t *testing.T) {
	t.Parallel()
	workflow := Saga{Now: began, Steps: []Step{took("order.create", "done", 1), took("catalog.quote", "done", 1), {Name: "inventory.reserve", State: "waiting"}, {Name: "order.confirm", State: "waiting"}}}
	record := Saga{Now: began, Steps: []Step{took("order.create", "done", 1), took("catalog.quote", "done", 1)}} // it has only steps that were taken
	a, b := Draw(workflow), Draw(record)
	require.Equal(t, a.Arrows, b.Arrows)
	for i := range a.Boxes {
		require.Equal(t, [4]int{a.Boxes[i].X, a.Boxes[i].Y, a.Boxes[i].W, a.Boxes[i].H}, [4]int{b.Boxes[i].X, b.Boxes[i].Y, b.Boxes[i].W, b.Boxes[i].H})
		require.Equal(t, a.Boxes[i].Title, b.Boxes[i].Title)
	}
}

// TestAnUndoneOrderLooksTheSame in both styles: the record of one without a workflow has times
// of facts alone, and the steps in the order in which it heard of them.
func TestAnUndoneOrderLooksTheSame(t *testing.T) {
	t.Parallel()
	workflow := Saga{Now: began, Steps: []Step{
		took("order.create", "done", 0), took("catalog.quote", "done", 0), took("inventory.reserve", "undone", time.Second), took("payment.authorize", "undone", time.Second),
		took("shipping.book", "undone", time.Second),
		{Name: "payment.capture", State: "refused", Ended: began, Error: "PAYMENT_DECLINED"},
		took("order.decide", "done", 0), took("order.cancel", "done", 0),
	}}
	record := Saga{Now: began, Steps: []Step{
		took("order.create", "done", 0),
		{Name: "catalog.quote", State: "done", Ended: began},
		took("payment.authorize", "undone", time.Second), took("inventory.reserve", "undone", time.Minute),
		took("shipping.book", "undone", 2*time.Second),
		{Name: "payment.capture", State: "refused", Ended: began, Error: "PAYMENT_DECLINED"},
		took("order.decide", "done", 0), took("order.cancel", "done", 0),
	}}
	a, b := Draw(workflow), Draw(record)
	require.Equal(t, a, b)
	require.Contains(t, boxes(b), "shipping.book: was taken")
	require.Contains(t, boxes(b), "undo of shipping.book: undone")
}

func TestAWaitIsTold(t *testing.T) {
	t.Parallel()
	late := took("catalog.quote", "done", 1)
	late.Started = began.Add(12 * time.Second)
	late.Ended = late.Started.Add(time.Millisecond)
	p := Draw(Saga{Now: began, Steps: []Step{took("order.create", "done", time.Second), late}})
	require.Contains(t, boxes(p), "catalog.quote: done · 1 ms · waited 11.0 s")
}

func TestTook(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{-1: "0 ms", 12 * time.Millisecond: "12 ms", 1500 * time.Millisecond: "1.5 s", 90 * time.Second: "1 min 30 s", 11 * time.Minute: "11 min", 3 * time.Hour: "3 h 0 min"} {
		require.Equal(t, want, Took(d))
	}
}
